"""Test NumPyro models as log densities: closed forms, Jacobians, errors."""

import importlib

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial
from numpyro.infer import BarkerMH

from jgen.interop import from_model, from_numpyro
from jgen.samplers import mala
from jgen.targets import eight_schools
from jgen.testing import check_sampler
from jgen.testing.count_compilations import count_compilations
from jgen.testing.sampler_checks import invariance
from jgen.types import Target
from tests.helpers.random_keys import fresh_key

SHIPPED = importlib.import_module("jgen.interop.from_model")


def schools(y, s):
    mu = numpyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = numpyro.sample("tau", dist.HalfCauchy(5.0))
    with numpyro.plate("school", len(s)):
        raw = numpyro.sample("raw", dist.Normal(0.0, 1.0))
        numpyro.sample("y", dist.Normal(mu + tau * raw, s), obs=y)
    numpyro.deterministic("theta", mu + tau * raw)


Y, S = np.array([28.0, 8, -3, 7, -1, 1, 18, 12]), np.array([15.0, 10, 16, 11, 9, 11, 10, 18])


def test_eight_schools_is_the_closed_form_with_its_jacobian(x64, rng):
    """jgen's own density was written by hand; its position has the same coordinates under other names."""
    model, target = from_model(schools, Y, S), eight_schools()
    assert model.names == ("mu", "tau", "raw")
    ours, by_hand = jax.jit(model.log_density), jax.jit(target.log_density)
    for _ in range(5):
        mu, log_tau, raw = rng.normal(size=()), rng.normal(size=()), rng.normal(size=8)
        found = ours({"mu": jnp.asarray(mu), "tau": jnp.asarray(log_tau), "raw": jnp.asarray(raw)})
        expected = by_hand({"mu": mu, "log_tau": log_tau, "theta_raw": raw})
        np.testing.assert_allclose(found, expected, rtol=1e-9)
    latents = model.constrain({"mu": mu, "tau": log_tau, "raw": raw})
    np.testing.assert_allclose(latents["tau"], np.exp(log_tau), rtol=1e-12)
    np.testing.assert_allclose(latents["theta"], mu + np.exp(log_tau) * raw, rtol=1e-12)
    latents = {name: latents[name] for name in model.names}
    np.testing.assert_allclose(model.unconstrain(latents)["tau"], log_tau, rtol=1e-9, atol=1e-12)
    del x64


def counts(y, rate):
    """Gamma and Poisson: the posterior is Gamma(y + 2, rate + 1), and p(y) is a negative binomial."""
    prior = dist.Gamma(jnp.full(jnp.shape(y), 2.0), rate)
    numpyro.sample("y", dist.Poisson(numpyro.sample("lam", prior)), obs=y)


def check_evidence(module):
    """Integrate the density of the position, for y = 3 and rate 1: 4 / 2^5 in closed form."""
    density = module.from_model(counts, jnp.array(3), 1.0).log_density
    x = jnp.linspace(-8.0, 4.0, 2001)
    evidence = float(jnp.exp(jax.vmap(density)({"lam": x})).sum() * (x[1] - x[0]))
    assert abs(evidence - 4 / 2**5) < 1e-5


def test_the_evidence_of_a_model_is_the_closed_form():
    check_evidence(SHIPPED)


def posterior_draw(unconstrain, y, key):
    return unconstrain({"lam": jax.random.gamma(key, 2.0 + y) / 2.0})


def posterior(module, y):
    """The posterior given counts and the rate 1, with exact draws of its gamma distributions."""
    model = module.from_model(counts, y, 1.0)
    exact = Partial(posterior_draw, model.unconstrain, y)
    return Target(model.log_density, model.start, sample=exact, name="counts")


def check_invariance(module):
    """Check MALA on the density against exact draws of the gamma posterior."""
    target = posterior(module, jnp.array(3))
    invariance(lambda target, scale: mala(target.log_density, step_size=scale), target, fresh_key())


@pytest.mark.weekly
def test_a_kernel_leaves_the_posterior_invariant():
    check_invariance(SHIPPED)


@pytest.mark.slow
def test_a_numpyro_kernel_on_a_numpyro_model_passes_all_checks():
    """The gamma posteriors of two Poisson rates, drawn exactly by their closed form."""
    target = posterior(SHIPPED, jnp.array([3.0, 0.0]))
    check_sampler(lambda target, scale: from_numpyro(BarkerMH, target.log_density, step_size=scale), target)


def test_new_data_of_the_same_shape_compile_nothing():
    evaluate = jax.jit(lambda density, position: density(position))
    position = {"mu": 0.0, "tau": 0.0, "raw": jnp.zeros(8)}
    first = evaluate(from_model(schools, Y, S).log_density, position)
    model = from_model(schools, Y + 1.0, S)
    with count_compilations() as compiled:
        second = evaluate(model.log_density, position)
    assert compiled == []
    assert first != second


def test_starts_are_uniform_positions():
    starts = from_model(schools, Y, S).starts(jax.random.key(0), 5)
    assert {name: start.shape for name, start in starts.items()} == {"mu": (5,), "tau": (5,), "raw": (5, 8)}
    assert all(jnp.all(jnp.abs(start) < 2) for start in starts.values())


def test_models_without_a_density_of_floats_are_rejected():
    def discrete():
        numpyro.sample("k", dist.Bernoulli(0.5))

    def free():
        numpyro.param("a", 1.0)

    models = ((discrete, "discrete latent"), (free, "numpyro.param"), (lambda: None, "no latents"))
    for model, message in models:
        with pytest.raises(ValueError, match=message):
            from_model(model)
