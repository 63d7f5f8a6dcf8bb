"""Test the fit of adaptive importance sampling."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from jgen.samplers.populations.adaptive_importance import StudentMixture, adaptive_importance, em_step
from jgen.sampling.driver import sample
from tests.helpers.random_keys import fresh_key

FREEDOM, SIZE = 5.0, 20_000
SHARE, CENTRE = np.array([0.3, 0.7]), np.array([[-4.0, 0.0], [4.0, 1.0]])
FACTOR = np.array([[[1.0, 0.0], [0.5, 0.2]], [[0.1, 0.0], [0.0, 2.0]]])


def fit(share, centre, factor):
    """Return the fit of these parameters."""
    inverse = jnp.asarray(np.linalg.inv(factor), float)
    centre, factor = jnp.array(centre, float), jnp.array(factor, float)
    return StudentMixture(
        jnp.log(jnp.array(share)), centre, factor, inverse, jnp.array(FREEDOM), jnp.zeros(2)
    )


def test_the_density_of_a_fit_is_numpyros():
    truth = fit(SHARE, CENTRE, FACTOR)
    components = dist.MultivariateStudentT(FREEDOM, truth.location, truth.factor)
    mixture = dist.MixtureSameFamily(dist.Categorical(logits=truth.log_weight), components)
    x = jnp.array([[0.3, -2.0], [-4.0, 0.1], [50.0, 7.0]])
    np.testing.assert_allclose(jax.vmap(truth.log_prob)(x), jax.vmap(mixture.log_prob)(x), rtol=1e-5)


def test_em_stays_at_the_mixture_that_was_drawn_from():
    """Draws of a fit, equally weighted: one step of EM moves each parameter by its sampling error alone.

    A step of EM contracts towards the maximum of the likelihood, so it moves the truth by no more than
    that is off: deviations of shares, centres and scales of some 1 / sqrt(n), times 6; the variance of a
    scale is (nu + d) / nu-fold at most, and the least share is 0.3. Correlations are shrunk by d / n.
    """
    truth = fit(SHARE, CENTRE, FACTOR)
    keys = jax.random.split(fresh_key(), SIZE)
    after = jax.jit(lambda keys: em_step(truth, jax.vmap(truth.sample)(keys), jnp.zeros(SIZE)))(keys)
    error = 6 / np.sqrt(0.3 * SIZE) * np.sqrt(2 * (FREEDOM + 2) / FREEDOM)
    np.testing.assert_allclose(np.exp(after.log_weight), SHARE, atol=error + 0.01)
    for before, found, centre in zip(FACTOR, after.factor, after.location - CENTRE, strict=True):
        np.testing.assert_allclose(np.linalg.solve(before, np.asarray(centre)), 0, atol=error)
        np.testing.assert_allclose(np.linalg.solve(before, np.asarray(found)), np.eye(2), atol=error)


def two(x):
    """Return the log density of two normals of sd 0.1, a hundred sd apart; Z is 1."""
    centres = jnp.array([[-5.0, 0.0], [5.0, 0.0]])
    return jax.scipy.special.logsumexp(-0.5 * jnp.sum(((x[None] - centres) / 0.1) ** 2, axis=1)) - jnp.log(
        4 * jnp.pi * 0.01
    )


@pytest.mark.weekly
def test_rounds_find_both_modes():
    """From a base a hundred times as wide, of whose own draws one in thousands weighs anything.

    Once the fit is about p, the quarter of base draws and the tails of t are lost, no more. The median
    of eight runs is checked: a lost component costs a run its weights, not its truth.
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
