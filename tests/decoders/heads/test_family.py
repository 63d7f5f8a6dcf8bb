"""Check every head, found by its recipe: shapes, mass, moments and draws by enumeration and quadrature."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from numpyro.distributions import constraints

import jgen.decoders.heads
from jgen.testing.check_head import check_head
from tests.helpers.examples import examples_of
from tests.helpers.marking import first_of_each

HEADS = examples_of(jgen.decoders.heads)
KEY = jax.random.key(0)
NUM_DRAWS = 20_000
FALSE_ALARM = 1e-6
"""Probability that this file fails by chance, by Bonferroni over all comparisons."""
WITH_DENSITY = [name for name, head in HEADS.items() if not isinstance(head, jgen.decoders.heads.Delta)]


def distribution_of(head, rng):
    """Return the distribution of two rows of three elements, of ordinary and of large raw numbers."""
    raw = jnp.asarray(np.array([1.0, 30.0])[:, None, None] * rng.normal(size=(2, 3, head.width)))
    return head.apply(head.init(KEY, raw), raw)


@jax.jit
def log_prob_and_moments(distribution, points):
    """Return log-probabilities of each element at ``points [point, row, element]``, mean and variance."""
    base = distribution.base_dist
    return base.log_prob(points), base.mean, base.variance


@pytest.mark.weekly  # by default the checks of a decoder have a Bernoulli head
@pytest.mark.usefixtures("broadcasting")
@pytest.mark.parametrize("name", HEADS)
def test_a_head_passes_every_check(name):
    check_head(HEADS[name])


def grid_of(head, distribution):
    """Return points ``[point, row, element]`` and weights that integrate over the support of an element."""
    support, base = head.support, distribution.base_dist
    shape = (-1, *(1,) * len(base.batch_shape))
    if support.is_discrete:
        low, high = (0, 1) if support is constraints.boolean else (support.lower_bound, support.upper_bound)
        return np.arange(low, high + 1.0).reshape(shape), 1.0
    if support is constraints.unit_interval:  # a third of the panels in each thousandth part next to an end
        cuts, centre, spread = np.unique(np.r_[0:1e-3:9j, 1e-3:0.999:9j, 0.999:1:9j]), 0.0, 1.0
    else:
        assert support is constraints.real
        cuts, centre, spread = np.linspace(-40, 40, 17), np.asarray(base.mean), np.sqrt(base.variance)
    nodes, weights = np.polynomial.legendre.leggauss(200)
    half, middle = np.diff(cuts)[:, None] / 2, (cuts[1:] + cuts[:-1])[:, None] / 2
    return centre + spread * (middle + half * nodes).reshape(shape), spread * (half * weights).reshape(shape)


@pytest.mark.parametrize("name", HEADS)
def test_batch_and_event_shapes(name):
    """For events of one and four axes, traced; in float32 whatever the raw numbers are."""
    head = HEADS[name]
    for shape, dtype in (((3,), jnp.bfloat16), ((2, 3, 4, 1), jnp.float32)):
        raw = jnp.zeros((5, *shape, head.width), dtype)
        params = jax.tree.map(lambda leaf, raw=raw: leaf.astype(raw.dtype), head.init(KEY, raw))
        p = jax.eval_shape(head.apply, params, raw)
        x, log_prob = jax.eval_shape(lambda p: (p.sample(KEY), p.log_prob(p.sample(KEY))), p)
        assert (p.batch_shape, p.event_shape, x.shape) == ((5,), shape, (5, *shape))
        assert (log_prob.shape, log_prob.dtype) == ((5,), jnp.float32)


@pytest.mark.usefixtures("broadcasting", "x64")
@pytest.mark.parametrize("name", first_of_each(WITH_DENSITY))
def test_mass_and_moments_are_those_of_enumeration_or_quadrature(name, rng):
    """The total is 1, ``mean`` and ``variance`` are exact, in float64."""
    head = HEADS[name]
    distribution = distribution_of(head, rng)
    points, weights = grid_of(head, distribution)
    log_prob, mean, variance = log_prob_and_moments(distribution, jnp.asarray(points))
    mass = weights * np.exp(np.asarray(log_prob))
    np.testing.assert_allclose(mass.sum(0), 1, rtol=1e-9)
    if not np.isnan(np.asarray(mean)).any():  # classes have no mean
        first = (points * mass).sum(0)
        np.testing.assert_allclose(mean, first, rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(variance, ((points - first) ** 2 * mass).sum(0), rtol=1e-6, atol=1e-8)


@pytest.mark.usefixtures("broadcasting")
@pytest.mark.parametrize("name", first_of_each(WITH_DENSITY))
def test_draws_follow_its_own_density(name, rng):
    """Dvoretzky-Kiefer-Wolfowitz for every element, against sums of its density, in float32."""
    head = HEADS[name]
    distribution = distribution_of(head, rng)
    points, weights = grid_of(head, distribution)
    log_prob, _, _ = log_prob_and_moments(distribution, jnp.asarray(points, jnp.float32))
    mass = weights * np.exp(np.asarray(log_prob, float))
    draws = np.asarray(jax.jit(lambda p: p.sample(KEY, (NUM_DRAWS,)))(distribution), float)
    assert np.asarray(head.support(draws)).all()
    bound = np.sqrt(np.log(2 * len(HEADS) * mass[0].size / FALSE_ALARM) / (2 * NUM_DRAWS))
    columns = [x.reshape(len(x), -1).T for x in (np.broadcast_to(points, mass.shape), mass, draws)]
    for grid, mass, draw in zip(*columns, strict=True):
        below = np.searchsorted(np.sort(draw), grid, side="right") / NUM_DRAWS
        resolution = 0 if np.isscalar(weights) else mass.max()  # mass of a node is on both of its sides
        assert np.abs(below - np.cumsum(mass)).max() < bound + resolution


@pytest.mark.parametrize("name", first_of_each(HEADS))
def test_nothing_overflows_at_extreme_raw_numbers(name):
    """Draws and the ends of the support have finite gradients; draws have finite log-probabilities."""
    head = HEADS[name]
    pattern = jnp.array([0.0, 1e-20, -1e-20, 1e-3, -1e-3, 1e4, -1e4, 1e6, -1e6])
    columns = [jnp.roll(pattern, 2 * column) for column in range(head.width)]
    raw = jnp.stack(columns, -1)[None]  # [1, element, width]
    params = head.init(KEY, raw)
    draws = jax.jit(lambda raw: head.apply(params, raw).sample(KEY))(raw)
    ends = [getattr(head.support, "lower_bound", 0), getattr(head.support, "upper_bound", 1)]

    @jax.jit
    @jax.value_and_grad
    def log_prob_of(raw, x):
        return head.apply(params, raw).log_prob(x).sum()

    found = [log_prob_of(raw, x) for x in (draws, *(jnp.full_like(draws, end) for end in ends))]
    assert np.isfinite(found[0][0])
    for log_prob, gradient in found:
        assert log_prob < np.inf  # nor NaN
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize("make", [jgen.decoders.Categorical, jgen.decoders.DiscretisedLogisticMixture])
def test_too_few_classes_or_levels_are_refused(make):
    with pytest.raises(ValueError, match="at least 2"):
        make(1)


def test_a_delta_draws_its_squashed_number():
    distribution = jgen.decoders.Delta(jnp.tanh).apply({}, jnp.full((2, 3, 1), 0.5))
    assert isinstance(distribution, dist.Delta)
    np.testing.assert_allclose(distribution.sample(KEY), np.full((2, 3), np.tanh(0.5)), rtol=1e-6)
