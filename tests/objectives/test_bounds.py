"""Bounds on log p(x): against the linear Gaussian model, of which everything is known."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial

from jgen.objectives import elbo, iwae, kl_by_coordinate, sampled_kl
from tests.helpers.linear_gaussian import (
    MODEL,
    data,
    decoder,
    encoder,
    exact_params,
    inexact_params,
    log_prob,
    posterior_gap,
)
from tests.helpers.many_keys import assert_at_most, assert_mean, assert_rises, outcomes
from tests.helpers.mutant import Bug, plant


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("objective", [elbo(MODEL, kl=sampled_kl), iwae(MODEL, 4)], ids=["elbo", "iwae"])
def test_with_the_exact_posterior_every_draw_is_exact(objective):
    params, x = exact_params(), data()
    loss, aux = outcomes(objective, params, x)
    exact = np.broadcast_to(log_prob(params, x), aux["bound"].shape)
    np.testing.assert_allclose(aux["bound"], exact, rtol=1e-12)
    np.testing.assert_allclose(loss, -exact.mean(1), rtol=1e-12)


@pytest.mark.usefixtures("x64")
def test_bounds_rise_to_log_p():
    params, x = inexact_params(), data()
    exact = log_prob(params, x)
    elbo_truth = exact - posterior_gap(params, x)
    assert_mean(outcomes(elbo(MODEL, kl=sampled_kl), params, x)[1]["bound"], elbo_truth)
    few, many = (outcomes(iwae(MODEL, count), params, x)[1] for count in (4, 32))
    assert_mean(few["elbo"], elbo_truth)
    assert_rises(few["elbo"], few["bound"])
    assert_rises(few["bound"], many["bound"])
    assert_at_most(many["bound"], exact)
    assert_mean(np.exp(many["bound"]), np.exp(exact))  # the mean weight is unbiased
    assert (many["ess"] > 1).all()
    assert (many["ess"] < 32).all()


PLANTED = {
    "IWAE, weights averaged over the batch": Bug(
        "objectives.latent_terms",
        "return jax.nn.logsumexp(log_weight, axis=0) - jnp.log(log_weight.shape[0])",
        "return jnp.full(log_weight.shape[1], jax.nn.logsumexp(log_weight) - jnp.log(log_weight.size))",
        "objectives.iwae",
    ),
    "IWAE, the surrogate as a bound": Bug(
        "objectives.latent_terms",
        "return jax.nn.logsumexp(log_weight, axis=0) - jnp.log(log_weight.shape[0])",
        "return (jax.nn.softmax(log_weight, axis=0) * log_weight).sum(0)",
        "objectives.iwae",
    ),
    "IWAE, the sum for the mean": Bug(
        "objectives.latent_terms", "axis=0) - jnp.log(log_weight.shape[0])", "axis=0)", "objectives.iwae"
    ),
    "particles and examples mixed up": Bug(
        "objectives.latent_terms",
        ".reshape(num_particles, -1)",
        ".reshape(-1, num_particles).T",
        "objectives.iwae",
    ),
    "ELBO, beta in the bound": Bug(
        "objectives.elbo", '"bound": reconstruction - kl', '"bound": reconstruction - beta * kl'
    ),
    "ELBO, capacity in the bound": Bug(
        "objectives.elbo", '"bound": reconstruction - kl', '"bound": reconstruction - penalty'
    ),
}


QUICK = ("IWAE, weights averaged over the batch", "ELBO, beta in the bound")


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in PLANTED]
)
def test_a_bound_that_is_none_is_seen(name, kills):
    module, params, x = plant(PLANTED[name]), inexact_params(), data()
    if name.startswith("ELBO"):
        objective = module.elbo(MODEL, beta=0.1, capacity=2.0)
    else:
        objective = module.iwae(MODEL, 4)
    with kills(name, error=AssertionError):
        assert_at_most(outcomes(objective, params, x)[1]["bound"], log_prob(params, x))


@pytest.mark.usefixtures("x64")
def test_the_loss_is_its_formula_and_the_bound_is_none_of_its_business():
    params, x, key = inexact_params(), data(), jax.random.key(1)
    _, plain = elbo(MODEL)(params, x, key)
    parts = kl_by_coordinate(encoder(params, x), MODEL.prior(params), None, None)
    np.testing.assert_allclose(parts.sum(1), plain["kl"], rtol=1e-13)
    floor = float(jnp.sort(parts.mean(0)).mean())  # one coordinate is above it, one below
    total, by_coordinate = plain["kl"].mean(), jnp.maximum(parts.mean(0), floor).sum()
    cases = [
        ({}, total),
        ({"beta": 3}, 3 * total),
        ({"beta": 0.0}, 0.0),
        ({"free_bits": 0.9 * total}, total),
        ({"free_bits": 2 * total, "beta": 0.5}, total),
        ({"capacity": 0.0}, total),
        ({"capacity": 2 * total, "beta": 10.0}, 10 * total),
        ({"free_bits": floor, "kl": kl_by_coordinate}, by_coordinate),
        ({"free_bits": floor, "kl": kl_by_coordinate, "capacity": 100.0}, 100.0 - by_coordinate),
    ]
    for options, penalty in cases:
        loss, aux = elbo(MODEL, **options)(params, x, key)
        np.testing.assert_allclose(loss, penalty - plain["reconstruction"].mean(), rtol=1e-12)
        np.testing.assert_allclose(aux["bound"], plain["bound"], rtol=1e-13)


def test_below_the_free_bits_the_divergence_pulls_no_more():
    params, x = inexact_params(), data()
    gradient = jax.jit(jax.grad(lambda params, objective: objective(params, x, jax.random.key(0))[0]))
    free, none, full = (
        gradient(params, elbo(MODEL, **options))["encoder"]
        for options in ({"free_bits": 1e3}, {"beta": 0.0}, {})
    )
    jax.tree.map(np.testing.assert_array_equal, free, none)
    assert not np.allclose(free["weight"], full["weight"])


def test_particles_are_decoded_in_one_call():
    calls = []

    def watched(params, z):
        calls.append(z.shape)
        return decoder(params, z)

    params, x, key = inexact_params(), data(3), jax.random.key(2)
    _, aux = jax.jit(iwae(MODEL._replace(decoder=watched), 5))(params, x, key)
    assert calls == [(15, 2)]

    @jax.jit
    def weigh(key):
        q = encoder(params, x)
        z = q.sample(key)
        log_prior = dist.Normal().log_prob(z).sum(1)
        return log_prior + decoder(params, z).log_prob(x) - q.log_prob(z)

    log_weight = np.array([weigh(each) for each in jax.random.split(key, 5)], np.float64)  # [particle, batch]
    np.testing.assert_allclose(aux["bound"], np.log(np.exp(log_weight).mean(0)), rtol=1e-5)
    np.testing.assert_allclose(aux["elbo"], log_weight.mean(0), rtol=1e-5)
    weight = np.exp(log_weight)
    np.testing.assert_allclose(aux["ess"], weight.sum(0) ** 2 / (weight**2).sum(0), rtol=1e-4)


def shifted_flow(params, x):
    """q(z | x) as a flow, exp of a Normal and then log of it: it has intermediates, and is the same law."""
    base = dist.TransformedDistribution(
        encoder(params, x).base_dist, [dist.transforms.ExpTransform(), dist.transforms.ExpTransform().inv]
    )
    return base.to_event(1)


@pytest.mark.usefixtures("x64")
def test_a_flow_posterior_is_weighed_by_what_it_computed():
    params, x, key = exact_params(), data(), jax.random.key(3)
    _, aux = elbo(MODEL._replace(encoder=Partial(shifted_flow)))(
        params, x, key
    )  # no closed form: it is sampled
    np.testing.assert_allclose(aux["bound"], log_prob(params, x), rtol=1e-11)
