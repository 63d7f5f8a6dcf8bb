"""Unadjusted and stochastic samplers: their bias is exactly what they say it is."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial

from jgen.diagnostics.summary import summary
from jgen.samplers import cycle, langevin, mala, mclmc, sghmc, sgld, thin
from jgen.samplers.unadjusted.langevin import biased_variance as langevin_variance
from jgen.samplers.unadjusted.sghmc import biased_variance as sghmc_variance
from jgen.samplers.unadjusted.sgld import biased_variance as sgld_variance
from jgen.sampling.driver import sample
from jgen.targets import banana, standard_gaussian
from jgen.testing import check_sampler
from jgen.testing.sampler_checks import CheckFailed, bias, invariance, metropolised, nan_robustness
from jgen.types import DrawKind
from tests.helpers.end_variance import Z, end_variance
from tests.helpers.marking import one_of_each
from tests.helpers.random_keys import fresh_key
from tests.mutants.kernels import plant
from tests.mutants.unadjusted import ENERGY_ERROR_BUGS, SURVIVAL_BUGS, VARIANCE_BUGS

KEY = jax.random.key(12)


def gaussian(x):
    return -0.5 * jnp.sum(x**2)


def aim(module):
    return lambda target, scale: module.recipe(target, scale).sampler


def state(module):
    return lambda scale: module.recipe(standard_gaussian(2), scale).biased_variance


@pytest.mark.parametrize("name", one_of_each(ENERGY_ERROR_BUGS))
def test_bugs_are_seen_in_the_energy_error(name, kills):
    with kills(name, match="does not leave"):
        invariance(metropolised(aim(plant(ENERGY_ERROR_BUGS[name]))), standard_gaussian(2), fresh_key())


@pytest.mark.parametrize("name", one_of_each(VARIANCE_BUGS))
def test_bugs_are_seen_in_the_variance(name, kills):
    module = plant(VARIANCE_BUGS[name])
    with kills(f"{name}, by its variance", match="the variance on a standard Gaussian comes out"):
        bias(aim(module), banana(), fresh_key(), biased_variance=state(module), scales=(1.0,))


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow) for name in SURVIVAL_BUGS])
def test_a_nan_that_is_followed_is_seen(name, kills):
    with kills(name):
        nan_robustness(aim(plant(SURVIVAL_BUGS[name])), banana(), KEY)


def normal(variance, x):
    """N(3, variance)."""
    return -0.5 * jnp.sum((x - 3.0) ** 2) / variance


def tilted(log_density, deviation, key, x):
    """A log density whose gradient has Gaussian noise."""
    return log_density(x) + deviation * jnp.sum(jax.random.normal(key, jnp.shape(x)) * x)


def tilted_normal(variance, deviation):
    return Partial(tilted, Partial(normal, variance), deviation)


KNOWN = {
    # Unadjusted Langevin with e = step_size^2 / 2 on N(m, s^2): s^2 / (1 - e / (2 s^2)).
    "langevin": (lambda: langevin(Partial(normal, 4.0), step_size=2.4), 4.0, 4 / (1 - 2.88 / 8)),
    "sgld": (lambda: sgld(tilted_normal(4.0, 0.7), step_size=1.6), 4.0, sgld_variance(1.6, 0.49, 4.0)),
    "sghmc": (
        lambda: sghmc(tilted_normal(4.0, 0.7), step_size=1.6, friction=0.8, gradient_variance=0.2),
        4.0,
        sghmc_variance(1.6, 0.8, 0.49, 0.2, 4.0),
    ),
    # Unadjusted leapfrogs on N(m, 1): 1 / (1 - e^2 / 4); so little friction adds half a percent.
    "leapfrog": (
        lambda: sghmc(tilted_normal(1.0, 0.0), step_size=1.0, friction=0.02),
        1.0,
        1 / (1 - 1 / 4),
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_on_a_gaussian_the_variance_is_the_known_one(name):
    make, variance, known = KNOWN[name]
    found, error, _ = end_variance(make(), 3.0, 400)
    assert abs(found - known) < Z * error
    assert known > variance + 1.5 * Z * error  # so that a kernel without bias would fail


def test_closed_forms_agree():
    """Without noise SGLD is Langevin; without friction SGHMC is the leapfrog, 1 / (1 - e^2 / 4)."""
    assert langevin_variance(0.8, 2.0) == sgld_variance(0.8, 0.0, 2.0) == pytest.approx(2 / (1 - 0.64 / 8))
    assert sghmc_variance(0.8, 1e-9) == pytest.approx(1 / (1 - 0.64 / 4))
    # With friction 1 a step is Langevin's with e = step_size^2, hence a step size sqrt(2) times as long.
    assert sghmc_variance(0.8, 1.0, 0.3) == pytest.approx(sgld_variance(0.8 * 2**0.5, 0.3))


@pytest.mark.slow
def test_in_many_dimensions_mclmc_has_a_known_bias():
    r"""At unit speed per dimension, r = |x| / sqrt(d) solves r tanh(e r / 2) = e / 2 as d grows.

    In equilibrium a drift of length e sqrt(d) leaves |x| as it was, so half-way x and u meet at
    2 x.u = -e per dimension, and the half turn before it, of rapidity e r / 2 from x.u = 0, makes
    x.u = -r tanh(e r / 2). What is left out is of order 1 / d; it is below 10 / d at d = 10, 100 and 300.
    """
    dim, num_chains, step_size = 2000, 200, 1.2
    sampler = thin(mclmc(gaussian, step_size=step_size), 60)
    start = jax.random.normal(fresh_key(), (num_chains, dim))
    draws = sample(fresh_key(), sampler, num_chains=num_chains, num_draws=1, position=start).draws
    found = (draws.value[:, 0].astype(np.float64) ** 2).mean(axis=1)  # [chain]
    radius = 1.0
    for _ in range(100):  # a contraction: r <- e / (2 tanh(e r / 2)) to the power 1/2 of r times it
        radius = np.sqrt(radius * 0.5 * step_size / np.tanh(0.5 * step_size * radius))
    assert radius * np.tanh(0.5 * step_size * radius) == pytest.approx(0.5 * step_size)
    assert radius**2 > 1.1  # so that an unbiased kernel would fail
    assert abs(found.mean() - radius**2) < Z * found.std() / np.sqrt(num_chains) + 10 / dim


def test_the_energy_error_is_what_mala_decides_by(x64):
    """One step from one place by the same noise: min(1, exp(-energy error)) is its acceptance rate."""
    target, position = banana(), jnp.array([3.0, 1.0])
    options = {"step_size": 0.3, "inverse_mass_matrix": target.variance}
    ours, theirs = langevin(target.log_density, **options), mala(target.log_density, **options)
    noise_key = jax.random.split(KEY)[0]
    error = ours.step(noise_key, ours.init(KEY, position))[1].info["energy_error"]
    rate = theirs.step(KEY, theirs.init(KEY, position))[1].info["acceptance_rate"]
    np.testing.assert_allclose(np.exp(np.minimum(-error, 0)), rate, rtol=1e-9)
    del x64


def test_biased_draws_are_called_so():
    position = jnp.zeros((4, 2))
    run = sample(KEY, langevin(gaussian), num_draws=20, num_chains=4, position=position)
    assert run.draws.kind is DrawKind.BIASED
    assert "biased draws" in str(summary(run.draws))
    mixed = sample(KEY, cycle(langevin(gaussian), mala(gaussian)), num_draws=1, position=position)
    assert mixed.draws.kind is DrawKind.BIASED
    with pytest.raises(ValueError, match="these draws are biased"):
        invariance(
            lambda t, s: langevin(t.log_density, step_size=s), standard_gaussian(2), KEY, scales=(1.0,)
        )


def test_a_biased_sampler_that_says_nothing_is_refused():
    def make(target, scale):
        return sgld(Partial(tilted, target.log_density, 0.0), step_size=scale)

    with pytest.raises(CheckFailed, match="nothing says by how much"):
        check_sampler(make, standard_gaussian(1))
    with pytest.raises(ValueError, match="needs info"):
        invariance(metropolised(make), standard_gaussian(1), KEY)


@pytest.mark.slow
def test_a_bias_denied_is_seen():
    def make(target, scale):
        return langevin(target.log_density, step_size=scale)

    with pytest.raises(CheckFailed, match=r"the kernel states 1\.0000"):
        bias(make, standard_gaussian(2), fresh_key(), biased_variance=lambda scale: 1.0)  # noqa: ARG005


@pytest.mark.parametrize("make", [langevin, mclmc, sgld, sghmc])
def test_float32_positions_meet_float64_data(make, x64):
    data = jnp.array([1.0, 2.0], jnp.float64)

    def log_density(*arguments):
        return -jnp.sum((arguments[-1] - data) ** 2)

    sampler = make(log_density)
    before = sampler.init(KEY, jnp.zeros(2, jnp.float32))
    after, draws = sampler.step(KEY, before)
    assert [leaf.dtype for leaf in jax.tree.leaves(after)] == [leaf.dtype for leaf in jax.tree.leaves(before)]
    assert (after.position.dtype, after.log_density.dtype) == (jnp.float32, jnp.float64)
    del x64, draws


BAD = {
    "no friction": (lambda: sghmc(tilted, friction=0.0), "friction is the share"),
    "too much friction": (lambda: sghmc(tilted, friction=1.5), "friction is the share"),
    "a negative variance": (lambda: sghmc(tilted, gradient_variance=-1.0), "must be at least 0"),
    "more heat than friction": (
        lambda: sghmc(tilted, step_size=1.0, friction=0.1, gradient_variance=1.0),
        "larger batches or more friction",
    ),
    "no time": (lambda: mclmc(gaussian, decoherence_time=0.0), "decoherence_time must be positive"),
    "a vector of estimates": (
        lambda: sgld(lambda key, x: x).init(KEY, jnp.zeros(2)),  # noqa: ARG005
        "must be a scalar",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told_so(name):
    call, message = BAD[name]
    with pytest.raises((ValueError, TypeError), match=message):
        call()
