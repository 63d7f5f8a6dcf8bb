"""Kernels, models and draws of other libraries: the same gate, exact densities, round trips bit for bit."""

import importlib

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial
from numpyro.infer import BarkerMH

from jgen.interop import from_arviz, from_model, from_numpyro, to_arviz
from jgen.interop.counted_density import counted, marked
from jgen.samplers import importance, mala, nuts
from jgen.sampling.driver import sample
from jgen.targets import eight_schools
from jgen.testing import check_sampler
from jgen.testing.count_compilations import count_compilations
from jgen.testing.sampler_checks import invariance
from jgen.types import DrawKind, Draws, Target
from tests.helpers.mutant import plant
from tests.helpers.random_keys import fresh_key
from tests.mutants.interop import MODEL_BUGS

SHIPPED = importlib.import_module("jgen.interop.from_model")
KEY = jax.random.key(3)


def test_evaluations_are_counted_wherever_they_are():
    density = marked(Partial(lambda x: -0.5 * jnp.sum(x**2)))

    def program(x, count):
        x = jax.lax.fori_loop(0, count, lambda _, x: x + jax.grad(density)(x), x)  # count gradients
        x, _ = jax.lax.scan(lambda x, _: (x + density(x), None), x, None, length=3)  # 3 values
        x = jax.lax.cond(count > 4, lambda x: x + density(x), lambda x: x, x)  # 1 value if count > 4
        values = jax.vmap(density)(jnp.stack([x, x, x, x]))  # 4 values
        return jax.lax.while_loop(lambda x: density(x) > 0.0, lambda x: x, x) + values.sum()  # 1 value

    run = jax.jit(jax.vmap(lambda x, count: counted(program, x, count)[1:]))
    num_grads, num_log_densities = run(jnp.zeros((2, 3)), jnp.array([2, 5]))
    assert num_grads.tolist() == [2, 5]
    assert num_log_densities.tolist() == [8, 9]


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
    for _ in range(5):
        mu, log_tau, raw = rng.normal(size=()), rng.normal(size=()), rng.normal(size=8)
        ours = model.log_density(
            {"mu": jnp.asarray(mu), "tau": jnp.asarray(log_tau), "raw": jnp.asarray(raw)}
        )
        by_hand = target.log_density({"mu": mu, "log_tau": log_tau, "theta_raw": raw})
        np.testing.assert_allclose(ours, by_hand, rtol=1e-9)
        latents = model.constrain({"mu": mu, "tau": log_tau, "raw": raw})
        np.testing.assert_allclose(latents["tau"], np.exp(log_tau), rtol=1e-12)
        np.testing.assert_allclose(latents["theta"], mu + np.exp(log_tau) * raw, rtol=1e-12)
        latents = {name: latents[name] for name in model.names}
        np.testing.assert_allclose(model.unconstrain(latents)["tau"], log_tau, rtol=1e-9, atol=1e-12)
    del x64


def counts(y, rate):
    """Gamma and Poisson: the posterior is Gamma(y + 2, rate + 1), and p(y) is a negative binomial."""
    numpyro.sample("y", dist.Poisson(numpyro.sample("lam", dist.Gamma(2.0, rate))), obs=y)


def evidence_by_quadrature(module):
    """The integral of the density of the position, y = 3 and rate 1: 4 / 2^5 in truth."""
    density = module.from_model(counts, jnp.array(3), 1.0).log_density
    x = jnp.linspace(-8.0, 4.0, 2001)
    return float(jnp.exp(jax.vmap(density)({"lam": x})).sum() * (x[1] - x[0]))


def test_the_evidence_of_a_model_is_the_closed_form():
    assert abs(evidence_by_quadrature(SHIPPED) - 4 / 2**5) < 1e-5


@pytest.mark.parametrize("name", MODEL_BUGS)
def test_a_dropped_jacobian_misses_the_evidence(name, kills):
    with kills(name, error=AssertionError):
        assert abs(evidence_by_quadrature(plant(MODEL_BUGS[name])) - 4 / 2**5) < 1e-5


def posterior_draw(unconstrain, key):
    return unconstrain({"lam": jax.random.gamma(key, 5.0) / 2.0})


def as_target(module):
    model = module.from_model(counts, jnp.array(3), 1.0)
    return Target(
        model.log_density, {"lam": jnp.zeros(())}, sample=Partial(posterior_draw, model.unconstrain)
    )


def two_counts(y):
    with numpyro.plate("sites", 2):
        numpyro.sample("y", dist.Poisson(numpyro.sample("lam", dist.Gamma(2.0, 1.0))), obs=y)


def draw_of_two(unconstrain, y, key):
    return unconstrain({"lam": jax.random.gamma(key, 2.0 + y) / 2.0})


@pytest.mark.slow
def test_a_numpyro_kernel_on_a_numpyro_model_keeps_every_law():
    """The gamma posteriors of two Poisson rates, drawn exactly by their closed form."""
    y = jnp.array([3.0, 0.0])
    model = from_model(two_counts, y)
    exact = Partial(draw_of_two, model.unconstrain, y)
    target = Target(model.log_density, {"lam": jnp.zeros(2)}, sample=exact, name="two_counts")

    def make(target, scale):
        return from_numpyro(BarkerMH, target.log_density, step_size=scale)

    check_sampler(make, target)


@pytest.mark.weekly
def test_the_gate_kills_a_dropped_jacobian(kills):
    def make(target, scale):
        return mala(target.log_density, step_size=scale)

    invariance(make, as_target(SHIPPED), fresh_key())
    for name, bug in MODEL_BUGS.items():
        with kills(name):
            invariance(make, as_target(plant(bug)), fresh_key())


def test_new_data_of_the_same_shape_compiles_nothing():
    def run(y):
        model = from_model(schools, y, S)
        start = {"mu": jnp.zeros(2), "tau": jnp.zeros(2), "raw": jnp.zeros((2, 8))}
        return sample(KEY, nuts(model.log_density, step_size=0.1), num_draws=2, num_chains=2, position=start)

    first = run(Y)
    with count_compilations() as compiled:
        second = run(Y + 1.0)
    assert compiled == []
    assert not np.array_equal(first.draws.value["mu"], second.draws.value["mu"])


def test_models_that_are_no_density_of_floats_are_refused():
    def discrete():
        numpyro.sample("k", dist.Bernoulli(0.5))

    def free():
        numpyro.param("a", 1.0)

    for model, message in (
        (discrete, "discrete latent"),
        (free, "numpyro.param"),
        (lambda: None, "no latents"),
    ):
        with pytest.raises(ValueError, match=message):
            from_model(model)


def assert_same_draws(first, second):
    assert jax.tree.structure(first.value) == jax.tree.structure(second.value)
    assert first.kind is second.kind
    assert set(first.info) == set(second.info)
    for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True):
        assert np.asarray(a).dtype == np.asarray(b).dtype
        assert np.array_equal(a, b)


def test_markov_draws_come_back_from_arviz_bit_for_bit():
    position = {"block": {"mu": jnp.zeros(())}, "theta": (jnp.zeros(2), jnp.zeros((2, 3)))}

    def density(position):
        return -0.5 * sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(position))

    start = jax.tree.map(lambda leaf: jnp.zeros((2, *leaf.shape)), position)
    run = sample(KEY, mala(density), num_draws=5, num_chains=2, num_warmup=7, position=start)
    data = to_arviz(run, coords={"school": ["A", "B"]}, dims={"theta.0": ["school"]})
    posterior = data["posterior"]
    assert set(posterior.data_vars) == {"block.mu", "theta.0", "theta.1"}
    assert posterior["theta.0"].dims == ("chain", "draw", "school")
    assert posterior["school"].values.tolist() == ["A", "B"]
    assert posterior.sizes["draw"] == 5  # the warm-up is not in it
    assert {"acceptance_rate", "lp", "step_size"} <= set(data["sample_stats"].data_vars)
    assert_same_draws(from_arviz(data, like=position), run.draws)


def test_weights_and_bare_arrays_come_back_too():
    sampler = importance(lambda x: -0.5 * x**2, dist.Normal(0.0, 2.0))
    draws = sample(KEY, sampler, num_draws=5, num_chains=3).draws
    data = to_arviz(draws)
    assert "log_weight" in data["sample_stats"]
    assert_same_draws(from_arviz(data, like=0.0), draws)


def test_what_arviz_cannot_hold_is_said():
    run = sample(KEY, importance(lambda x: -0.5 * x**2, dist.Normal(0.0, 2.0)), num_draws=2, store=False)
    with pytest.raises(ValueError, match="stored no draws"):
        to_arviz(run)
    twice = Draws({"a": {"b": np.zeros((2, 3))}, "a.b": np.zeros((2, 3))}, {}, None, DrawKind.MARKOV)
    with pytest.raises(ValueError, match="one name"):
        to_arviz(twice)
    data = to_arviz(Draws(np.zeros((2, 3)), {}, None, DrawKind.MARKOV))
    with pytest.raises(ValueError, match="has no mu"):
        from_arviz(data, like={"mu": 0.0})
