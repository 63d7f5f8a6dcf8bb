"""Test discretised logistics against SciPy by enumeration, and float32 against float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
import scipy.stats

from jgen.decoders.heads import discretised_logistic_mixture as shipped

NUM_LEVELS, NUM_DRAWS = 9, 20_000
RNG = np.random.default_rng(2)
LOGITS, SCALE = RNG.normal(size=(5, 3)), RNG.uniform(0.3, 4.0, (5, 3))
LOC = RNG.uniform(-3, NUM_LEVELS + 2, (5, 3))  # some means outside the levels
LEVELS = np.arange(NUM_LEVELS)[:, None]


def distribution_of(module, loc=LOC):
    return module.DiscretisedLogistics(*map(jnp.asarray, (LOGITS, loc, SCALE)), num_levels=NUM_LEVELS)


def masses():
    """Compute ``[level, element]``, differences of SciPy's CDFs between the edges of open-ended bins."""
    edges = np.concatenate([[-np.inf], np.arange(NUM_LEVELS - 1) + 0.5, [np.inf]])[:, None, None]
    cdf = scipy.stats.logistic.cdf((edges - LOC) / SCALE)
    return (np.diff(cdf, axis=0) * scipy.special.softmax(LOGITS, -1)).sum(-1)


@jax.jit
def log_prob_moments_draws(p, x):
    return p.log_prob(x), p.mean, p.variance, p.sample(jax.random.key(0), (NUM_DRAWS,))


def check(module):
    """Check masses, moments and draws, in float64."""
    x, truth = np.concatenate([LEVELS, [[-1.0], [NUM_LEVELS], [2.5], [np.nan]]]), masses()
    with jax.enable_x64(True), jax.numpy_rank_promotion("allow"):
        found = log_prob_moments_draws(distribution_of(module), jnp.asarray(x))
    log_prob, mean, variance, draws = map(np.asarray, found)
    np.testing.assert_allclose(np.exp(log_prob[:NUM_LEVELS]), truth, rtol=1e-9)
    assert (log_prob[NUM_LEVELS:-1] == -np.inf).all()
    assert np.isnan(log_prob[-1]).all()
    first = (LEVELS * truth).sum(0)
    np.testing.assert_allclose(mean, first, rtol=1e-9)
    np.testing.assert_allclose(variance, ((LEVELS - first) ** 2 * truth).sum(0), rtol=1e-8)
    assert (draws.dtype, draws.min() >= 0, draws.max() < NUM_LEVELS) == (np.int32, True, True)
    below = (draws[None] <= LEVELS[:, None]).mean(1)  # [level, element]
    bound = np.sqrt(np.log(2 * truth.shape[1] / 1e-6) / (2 * NUM_DRAWS))  # DKW over five elements
    assert np.abs(below - np.cumsum(truth, 0)).max() < bound


def test_masses_moments_and_draws():
    check(shipped)


@pytest.mark.usefixtures("broadcasting")
def test_masses_sum_to_one_whatever_the_parameters():
    """At means a million levels off and scales from the minimum to a million, 256 levels, in float32."""
    loc = jnp.array([-1e6, -300.0, 0.0, 0.5, 127.3, 255.0, 1e6])
    scale = jnp.array([shipped.MINIMUM, 1.0, 30.0, 1e3, 1e6])
    loc, scale = (x.reshape(-1, 1) for x in jnp.meshgrid(loc, scale))
    p = shipped.DiscretisedLogistics(jnp.zeros_like(loc), loc, scale, num_levels=256)
    log_prob = np.asarray(jax.jit(lambda p: p.log_prob(jnp.arange(256)[:, None]))(p), float)
    assert np.isfinite(log_prob).all()
    # Each of the two logs of sigmoids rounds at |loc| eps / scale, which only matters where it is small.
    np.testing.assert_allclose(np.exp(log_prob).sum(0), 1, atol=256 * np.finfo(np.float32).eps)


def test_float32_keeps_digits_in_the_tails():
    """Log p and its gradient, where a difference of CDFs is below rounding."""

    def value_and_gradient(dtype):
        loc = jnp.asarray([[2.0], [200.0], [200.0], [-50.0]], dtype)
        scale = jnp.asarray([[0.5], [0.7], [100.0], [3.0]], dtype)
        x = jnp.asarray([60, 3, 128, 255])

        def log_prob(loc, scale):
            p = shipped.DiscretisedLogistics(jnp.zeros_like(loc), loc, scale, num_levels=256)
            return p.log_prob(x).sum()

        found = jax.jit(jax.value_and_grad(log_prob, (0, 1)))(loc, scale)
        return [np.asarray(leaf, float) for leaf in jax.tree.leaves(found)]

    narrow = value_and_gradient(jnp.float32)
    with jax.enable_x64(True):
        wide = value_and_gradient(jnp.float64)
    assert wide[0] < -400
    for got, want in zip(narrow, wide, strict=True):
        np.testing.assert_allclose(got, want, rtol=16 * np.finfo(np.float32).eps, atol=1e-12)


@pytest.mark.parametrize(("num_levels", "num_components"), [(17, 3), (1024, 2)])
def test_raw_numbers_of_zero_are_near_uniform(num_levels, num_components):
    """The divergence stated in the docstring of the head."""
    head = shipped.DiscretisedLogisticMixture(num_levels, num_components)
    p = head.apply({}, jnp.zeros((1, 1, head.width))).base_dist
    log_prob = jax.jit(jax.vmap(lambda x: p.log_prob(x[None, None])))(jnp.arange(num_levels))
    assert 0 <= -np.asarray(log_prob).mean() - np.log(num_levels) < 0.15


@pytest.mark.usefixtures("x64", "broadcasting")
def test_gradients_pass_through_the_mean():
    """The gradient of the scan over levels equals that of the explicit sum."""

    levels = jnp.broadcast_to(LEVELS, (NUM_LEVELS, 5))

    def explicit_sum(loc):
        return (levels * jnp.exp(distribution_of(shipped, loc).log_prob(levels))).sum()

    def mean(loc):
        return distribution_of(shipped, loc).mean.sum()

    np.testing.assert_allclose(*(jax.jit(jax.grad(each))(LOC) for each in (mean, explicit_sum)), rtol=1e-8)
