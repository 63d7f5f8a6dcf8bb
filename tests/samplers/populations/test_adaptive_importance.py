"""Adaptive importance sampling: the fit becomes the target; bad input is told so."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from jgen.samplers.populations.adaptive_importance import Fit, adaptive_importance, mended
from jgen.sampling.driver import sample
from tests.helpers.random_keys import fresh_key

FREEDOM, SIZE = 5.0, 20_000
SHARE, CENTRE = np.array([0.3, 0.7]), np.array([[-4.0, 0.0], [4.0, 1.0]])
FACTOR = np.array([[[1.0, 0.0], [0.5, 0.2]], [[0.1, 0.0], [0.0, 2.0]]])


def fit(share, centre, factor):
    """With these parameters."""
    inverse = jnp.asarray(np.linalg.inv(factor), float)
    centre, factor = jnp.array(centre, float), jnp.array(factor, float)
    return Fit(jnp.log(jnp.array(share)), centre, factor, inverse, jnp.array(FREEDOM), jnp.zeros(2))


def test_the_fit_is_the_mixture_it_says():
    """NumPyro's density of the same mixture."""
    truth = fit(SHARE, CENTRE, FACTOR)
    components = dist.MultivariateStudentT(FREEDOM, truth.centre, truth.factor)
    law = dist.MixtureSameFamily(dist.Categorical(logits=truth.log_share), components)
    x = jnp.array([[0.3, -2.0], [-4.0, 0.1], [50.0, 7.0]])
    np.testing.assert_allclose(jax.vmap(truth.log_prob)(x), jax.vmap(law.log_prob)(x), rtol=1e-5)


def test_the_truth_is_where_em_stays():
    """Draws of a fit, equally weighted: one step of EM moves each parameter by its sampling error alone.

    A step of EM contracts towards the maximum of the likelihood, so it moves the truth by no more than
    that is off: deviations of shares, centres and scales of some 1 / sqrt(n), times 6; the variance of a
    scale is (nu + d) / nu-fold at most, and the least share is 0.3. Correlations are shrunk by d / n.
    """
    truth = fit(SHARE, CENTRE, FACTOR)
    keys = jax.random.split(fresh_key(), SIZE)
    after = jax.jit(mended)(truth, jax.vmap(truth.sample)(keys), jnp.zeros(SIZE))
    error = 6 / np.sqrt(0.3 * SIZE) * np.sqrt(2 * (FREEDOM + 2) / FREEDOM)
    np.testing.assert_allclose(np.exp(after.log_share), SHARE, atol=error + 0.01)
    for before, found, centre in zip(FACTOR, after.factor, after.centre - CENTRE, strict=True):
        np.testing.assert_allclose(np.linalg.solve(before, np.asarray(centre)), 0, atol=error)
        np.testing.assert_allclose(np.linalg.solve(before, np.asarray(found)), np.eye(2), atol=error)


def two(x):
    """Two normals of sd 0.1, a hundred sd apart; their own Z is 1."""
    centres = jnp.array([[-5.0, 0.0], [5.0, 0.0]])
    return jax.scipy.special.logsumexp(-0.5 * jnp.sum(((x[None] - centres) / 0.1) ** 2, axis=1)) - jnp.log(
        4 * jnp.pi * 0.01
    )


@pytest.mark.slow
def test_rounds_find_both_modes():
    """From a base a hundred times as wide, of whose own draws one in thousands weighs anything.

    Once the fit is about p, the quarter of base draws and the tails of t are lost, no more. The run in the
    middle of eight is judged: a component that lost its way costs a run its weights, not its truth.
    """
    base = dist.Normal(jnp.zeros(2), 10.0).to_event(1)
    sampler = adaptive_importance(
        two, base, num_particles=400, num_pilots=2000, num_rounds=20, num_components=4
    )
    run = sample(fresh_key(), sampler, num_chains=8, num_draws=1)
    weight = np.exp(np.asarray(run.draws.log_weight, float))  # [chain, draw, particle]
    ess = weight.sum(axis=-1) ** 2 / (weight**2).sum(axis=-1)
    assert np.median(run.draws.info["flattened"]) == 1
    assert np.median(ess) > 400 / 4
    assert abs(np.median(weight.mean(axis=-1)) - 1) < 6 / np.sqrt(np.median(ess))


BASE = dist.Normal(jnp.zeros(2), 1.0).to_event(1)
BAD = {
    "no particles": ({"num_particles": 0}, BASE, "num_particles must be at least 4"),
    "no pilots": ({"num_pilots": 3}, BASE, "num_pilots must be at least 4"),
    "no rounds": ({"num_rounds": 0}, BASE, "num_rounds must be at least 1"),
    "no freedom": ({"dof": 0.0}, BASE, "dof must be positive"),
    "a batch": ({}, dist.Normal(jnp.zeros(2), 1.0), "batch"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_options_are_told_so(name):
    options, base, message = BAD[name]
    with pytest.raises(ValueError, match=message):
        adaptive_importance(two, base, **{"num_particles": 8} | options)


def test_whole_numbers_are_refused():
    with pytest.raises(TypeError, match="real numbers"):
        adaptive_importance(lambda x: 0.0 * x, dist.Poisson(3.0), num_particles=8)
