"""Check mixtures: densities against SciPy, draws against their CDF on every path through the sampler."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
import scipy.stats

from jgen.distributions import bernoulli, gaussian, log_prob_of, mixture
from jgen.distributions.mixture import component_index
from tests.helpers.empirical_cdf import ALARM, DKW, NUM_DRAWS, check_cdf
from tests.helpers.marking import first_of_each

KEY = jax.random.key(20)


def normal_mixture(count):
    rng = np.random.default_rng(count)
    weights = rng.dirichlet(np.ones(count))
    weights[0] = 0.0
    weights /= weights.sum()
    return weights, np.arange(count) * 3.0, rng.uniform(0.3, 1.0, count)


@functools.partial(jax.jit, static_argnums=1)
def draw(distribution, count):
    return distribution.sample(KEY, (count,))


@jax.jit
def draw_each(distribution, keys):
    return jax.vmap(lambda key: distribution.sample(key))(keys)


NORMALS = {f"{count} {how}": (count, how) for count in (5, 40, 1) for how in ("by key", "at once")}


@pytest.mark.parametrize("name", first_of_each(NORMALS, family=lambda name: NORMALS[name][0] > 8))
def test_normals(name):
    """Check both searches (few, many), whole batches and one draw per key; false-alarm rate 1e-6."""
    count, how = NORMALS[name]
    weights, means, scales = normal_mixture(count) if count > 1 else (np.ones(1), np.ones(1), np.ones(1))
    made = mixture(weights, dist.Normal(jnp.asarray(means), jnp.asarray(scales)))
    assert isinstance(made, dist.MixtureSameFamily)
    keys = jax.random.split(KEY, NUM_DRAWS)
    draws = draw_each(made, keys) if how == "by key" else draw(made, NUM_DRAWS)
    assert draws.shape == (NUM_DRAWS,)
    check_cdf(draws, lambda x: (weights * scipy.stats.norm(means, scales).cdf(x[:, None])).sum(-1))


@pytest.mark.parametrize("as_list", [pytest.param(False, marks=pytest.mark.weekly), True])
def test_full_covariances(as_list, rng):
    """Check random projections, which a transposed factor or a mean of another component changes."""
    count, dim = 5, 4
    weights = rng.dirichlet(np.ones(count))
    means = rng.normal(size=(count, dim)) * 3
    factors = np.tril(rng.normal(size=(count, dim, dim)) * 2)
    factors[:, range(dim), range(dim)] = 0.2 + np.abs(factors[:, range(dim), range(dim)])
    parts = [gaussian(m, scale_tril=f) for m, f in zip(means, factors, strict=True)]
    made = mixture(weights, parts if as_list else gaussian(means, scale_tril=factors))
    assert isinstance(made, dist.MixtureSameFamily)
    draws = np.asarray(draw_each(made, jax.random.split(KEY, NUM_DRAWS)), float)
    for direction in (*np.eye(dim), rng.normal(size=dim)):
        spread = np.linalg.norm(np.swapaxes(factors, 1, 2) @ direction, axis=-1)
        truth = scipy.stats.norm(means @ direction, spread)
        check_cdf(draws @ direction, lambda x, truth=truth: (weights * truth.cdf(x[:, None])).sum(-1))


@pytest.mark.usefixtures("x64")
def test_log_prob_is_scipys(rng):
    weights, means = np.array([0.3, 0.0, 0.7]), rng.normal(size=(3, 2))
    covariances = np.array([np.eye(2), np.eye(2), [[1.0, 0.7], [0.7, 2.0]]])
    point = np.array([0.4, -1.0])
    each = map(scipy.stats.multivariate_normal, means, covariances)
    densities = [component.pdf(point) for component in each]
    parts = [gaussian(m, covariance=c) for m, c in zip(means, covariances, strict=True)]
    unlike = [gaussian(means[0], scale=1.0), *parts[1:]]
    for components in (gaussian(means, covariance=covariances), parts, unlike):
        value, gradient = jax.jit(jax.value_and_grad(mixture(weights, components).log_prob))(point)
        np.testing.assert_allclose(value, np.log(weights @ densities), atol=1e-8)
        assert jnp.all(jnp.isfinite(gradient))


UNLIKE = {
    "two families, one twice": (
        [0.2, 0.5, 0.3],
        [dist.Normal(-4.0, 1.0), dist.Gamma(2.0, 1.0), dist.Normal(8.0, 0.5)],
        [scipy.stats.norm(-4, 1), scipy.stats.gamma(2), scipy.stats.norm(8, 0.5)],
    ),
    "supports that depend on parameters": (
        [0.25, 0.75],
        [dist.Uniform(0.0, 1.0, validate_args=False), dist.Uniform(2.0, 6.0, validate_args=False)],
        [scipy.stats.uniform(0, 1), scipy.stats.uniform(2, 4)],
    ),
    "a family that cannot be gathered": (
        [0.4, 0.6],
        [dist.Weibull(1.0, 2.0), dist.Laplace(0.0, 1.0)],
        [scipy.stats.weibull_min(2.0), scipy.stats.laplace()],
    ),
}


@pytest.mark.parametrize("name", first_of_each(UNLIKE))
def test_unlike_families(name):
    weights, parts, truth = UNLIKE[name]
    made = mixture(weights, parts)
    assert isinstance(made, dist.MixtureGeneral)
    draws = draw_each(made, jax.random.split(KEY, NUM_DRAWS))
    check_cdf(draws, lambda x: sum(w * t.cdf(x) for w, t in zip(weights, truth, strict=True)))
    for x in (-4.5, 0.5, 3.0):
        with np.errstate(divide="ignore"):
            log_prob = np.log(sum(w * t.pdf(x) for w, t in zip(weights, truth, strict=True)))
        np.testing.assert_allclose(log_prob_of(made, jnp.asarray(x)), log_prob, rtol=1e-5)


@pytest.mark.usefixtures("broadcasting")
def test_a_family_that_cannot_be_rebuilt():
    slow = mixture([0.25, 0.75], dist.Weibull(jnp.array([1.0, 5.0]), 2.0))
    truth = [scipy.stats.weibull_min(2.0, scale=s) for s in (1, 5)]
    check_cdf(draw(slow, NUM_DRAWS), lambda x: 0.25 * truth[0].cdf(x) + 0.75 * truth[1].cdf(x))


@pytest.mark.usefixtures("broadcasting")
@pytest.mark.parametrize("shared", [False, pytest.param(True, marks=pytest.mark.weekly)])
def test_batches_of_mixtures(shared):
    """Check weights and components with batch axes, and components shared by the batch."""
    weights = np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]])
    means = np.array([[-5.0, 5.0]]) if shared else np.array([[-5.0, 5.0], [0.0, 9.0], [-9.0, 1.0]])
    made = mixture(weights, dist.Normal(jnp.asarray(means[0] if shared else means), 1.0))
    assert made.batch_shape == (3,)
    draws = draw(made, NUM_DRAWS)
    assert draws.shape == (NUM_DRAWS, 3)
    for row in range(3):
        cdf, weight = scipy.stats.norm(means[0 if shared else row]).cdf, weights[row]
        check_cdf(draws[:, row], lambda x, cdf=cdf, weight=weight: (weight * cdf(x[:, None])).sum(-1))


def test_discrete_components():
    pixels = mixture([0.3, 0.7], bernoulli(probs=[[0.1, 0.9], [0.8, 0.2]], event_dim=1))
    draws = draw(pixels, NUM_DRAWS)
    words = mixture([0.3, 0.7], dist.CategoricalProbs(jnp.array([[0.1, 0.9], [0.8, 0.2]])))
    tokens = draw(words, NUM_DRAWS)
    exact = {(0, 0): 0.3 * 0.9 * 0.1 + 0.7 * 0.2 * 0.8, (1, 1): 0.3 * 0.1 * 0.9 + 0.7 * 0.8 * 0.2}
    for bits, prob in exact.items():
        assert abs((draws == jnp.array([bits])).all(-1).mean() - prob) < DKW
        np.testing.assert_allclose(jnp.exp(pixels.log_prob(jnp.array(bits))), prob, rtol=1e-5)
    assert abs(tokens.mean() - (0.3 * 0.9 + 0.7 * 0.2)) < DKW
    np.testing.assert_allclose(jnp.exp(words.log_prob(jnp.asarray(1))), 0.41, rtol=1e-5)


@pytest.mark.parametrize("count", [6, pytest.param(30, marks=pytest.mark.weekly)])
def test_component_zero_weights_are_never_drawn(count):
    """Check first, last and middle weights of 0, with 2e5 draws; the rest by a DKW bound."""
    weights = np.ones(count)
    weights[[0, 1, count // 2, -1]] = 0.0
    weights /= weights.sum()
    index = component_index(jax.random.uniform(KEY, (200_000,)), jnp.asarray(weights))
    counts = np.bincount(np.asarray(index), minlength=count)
    assert len(counts) == count
    assert np.all(counts[weights == 0] == 0)
    gap = np.max(np.abs(np.cumsum(counts / counts.sum()) - np.cumsum(weights)))
    assert gap < np.sqrt(np.log(2 / ALARM) / (2 * 200_000))


def test_component_at_the_very_edges_of_the_cumulative_weights():
    """Check that a uniform number on an edge selects the component above it, past all weights of 0."""
    find = jax.jit(component_index)
    edges = jnp.array([0.0, 0.25, 0.5, 0.75, 1 - 2**-23])
    weights = jnp.array([0.0, 0.25, 0.0, 0.25, 0.5, 0.0])
    assert find(edges, weights).tolist() == [1, 3, 4, 4, 4]
    many = jnp.concatenate([weights, jnp.zeros(20)])
    assert find(edges, many).tolist() == [1, 3, 4, 4, 4]


@pytest.mark.usefixtures("broadcasting")
def test_two_batch_axes_keep_their_places():
    means = jnp.arange(12.0).reshape(2, 3, 2)
    made = mixture(jnp.array([0.0, 1.0]), dist.Normal(means, 1e-6))
    np.testing.assert_allclose(draw(made, 4), jnp.broadcast_to(means[..., 1], (4, 2, 3)), atol=1e-4)
