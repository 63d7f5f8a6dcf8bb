"""Test the variance, the energy error and the label of unadjusted Langevin draws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial

from jgen.diagnostics.summary import summary
from jgen.samplers import cycle, langevin, mala
from jgen.samplers.unadjusted.langevin import biased_variance
from jgen.sampling.driver import sample
from jgen.targets import banana, standard_gaussian
from jgen.testing.sampler_checks import CheckFailed, bias, invariance
from jgen.types import DrawKind
from tests.helpers.end_variance import check_variance, normal
from tests.helpers.random_keys import fresh_key

KEY = jax.random.key(12)


def test_on_a_gaussian_the_variance_is_the_known_one():
    """With e = step_size^2 / 2 on N(m, s^2): s^2 / (1 - e / (2 s^2)); false alarm 2e-9."""
    check_variance(langevin(Partial(normal, 4.0), step_size=2.4), 4.0, 4 / (1 - 2.88 / 8))
    assert biased_variance(0.8, 2.0) == pytest.approx(2 / (1 - 0.64 / 8))


def test_energy_error_is_that_of_mala(x64):
    """One step from one place by the same noise: min(1, exp(-energy error)) is its acceptance rate."""
    target, position = banana(), jnp.array([3.0, 1.0])
    options = {"step_size": 0.3, "inverse_mass_matrix": target.variance}

    def info(make, key):
        sampler = make(target.log_density, **options)
        return jax.jit(lambda key: sampler.step(key, sampler.init(KEY, position))[1].info)(key)

    error = info(langevin, jax.random.split(KEY)[0])["energy_error"]
    rate = info(mala, KEY)["acceptance_rate"]
    np.testing.assert_allclose(np.exp(np.minimum(-error, 0)), rate, rtol=1e-9)
    del x64


def test_draws_are_labelled_as_biased():
    gaussian, position = standard_gaussian(2), jnp.zeros((4, 2))
    run = sample(KEY, langevin(gaussian.log_density), num_draws=20, position=position)
    assert run.draws.kind is DrawKind.BIASED
    assert "biased draws" in str(summary(run.draws))
    mixed = cycle(langevin(gaussian.log_density), mala(gaussian.log_density))
    assert jax.eval_shape(mixed.step, KEY, mixed.init(KEY, position[0]))[1].kind is DrawKind.BIASED
    with pytest.raises(ValueError, match="these draws are biased"):
        invariance(lambda t, s: langevin(t.log_density, step_size=s), gaussian, KEY, scales=(1.0,))


@pytest.mark.weekly
def test_a_bias_that_is_not_stated_fails_its_check():
    def make(target, scale):
        return langevin(target.log_density, step_size=scale)

    with pytest.raises(CheckFailed, match=r"the kernel states 1\.0000"):
        bias(make, standard_gaussian(2), fresh_key(), biased_variance=lambda scale: 1.0)  # noqa: ARG005
