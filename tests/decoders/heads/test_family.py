"""Check every head, found by its recipe: shapes, mass, moments and draws by enumeration and quadrature."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro.distributions import constraints

import jgen.decoders.heads
from jgen.testing import members
from jgen.testing.check_head import check_head
from tests.helpers.marking import first_of_each

HEADS = {
    f"{name}-{number}": head
    for name, module in members(jgen.decoders.heads, "recipe").items()
    for number, head in enumerate(module.recipe())
}
KEY = jax.random.key(0)
NUM_DRAWS = 20_000
FALSE_ALARM = 1e-6
"""Probability that this file fails by chance, by Bonferroni over all comparisons."""
ORDINARY_AND_LARGE = np.array([1.0, 30.0])
"""Sizes of the raw numbers of the two rows of a batch."""


def distribution_of(head, rng, elements=3):
    raw = jnp.asarray(ORDINARY_AND_LARGE[:, None, None] * rng.normal(size=(2, elements, head.width)))
    return head.apply(head.init(KEY, raw), raw)


@jax.jit
def log_prob_and_moments(distribution, points):
    """Return log-probabilities of each element at ``points [point, row, element]``, mean and variance."""
    base = distribution.base_dist
    return base.log_prob(points), base.mean, base.variance


@jax.jit
def sample(distribution):
    return distribution.sample(KEY, (NUM_DRAWS,))


def with_density():
    """List the heads that have a density or a mass; a ``Delta`` has none."""
    heads = [name for name, head in HEADS.items() if not isinstance(head, jgen.decoders.heads.Delta)]
    return first_of_each(heads)


@pytest.mark.weekly  # by default the checks of a decoder have a Bernoulli head
@pytest.mark.usefixtures("broadcasting")
@pytest.mark.parametrize("name", HEADS)
def test_a_head_passes_every_check(name):
    check_head(HEADS[name])


def grid_of(head, distribution):
    """Return points ``[point, row, element]`` and weights that integrate over the support of an element."""
    support = head.support
    shape = (-1, *(1,) * len(distribution.base_dist.batch_shape))
    if support is constraints.boolean:
        return np.arange(2.0).reshape(shape), 1.0
    if hasattr(support, "lower_bound") and support.is_discrete:
        return np.arange(support.lower_bound, support.upper_bound + 1.0).reshape(shape), 1.0
    nodes, weights = np.polynomial.legendre.leggauss(200)
    if support is constraints.unit_interval:  # half of the panels in each thousandth part next to an end
        cuts = np.concatenate(
            [np.linspace(0, 1e-3, 9), np.linspace(1e-3, 0.999, 9)[1:], np.linspace(0.999, 1, 9)[1:]]
        )
    else:
        assert support is constraints.real
        cuts = np.linspace(-40, 40, 17)
    half, middle = np.diff(cuts)[:, None] / 2, (cuts[1:] + cuts[:-1])[:, None] / 2
    points, weights = (middle + half * nodes).reshape(shape), (half * weights).reshape(shape)
    if support is constraints.unit_interval:
        return points, weights
    centre, spread = (
        np.asarray(distribution.base_dist.mean),
        np.asarray(distribution.base_dist.variance) ** 0.5,
    )
    return centre + spread * points, spread * weights


@pytest.mark.parametrize("name", HEADS)
def test_batch_and_event_shapes(name):
    """For events of one and four axes, traced; in float32 whatever the raw numbers are."""
    head = HEADS[name]
    assert isinstance(head.takes, str)
    assert isinstance(head.remedy, str)
    for shape, dtype in (((3,), jnp.bfloat16), ((2, 3, 4, 1), jnp.float32)):
        raw = jax.ShapeDtypeStruct((5, *shape, head.width), dtype)
        shapes = []

        def trace(raw, head=head, shapes=shapes):
            distribution = head.apply(
                jax.tree.map(lambda leaf: leaf.astype(raw.dtype), head.init(KEY, raw)), raw
            )
            shapes.append((distribution.batch_shape, distribution.event_shape))
            x = distribution.sample(KEY)
            return x, distribution.log_prob(x)

        x, log_prob = jax.eval_shape(trace, raw)
        assert shapes == [((5,), shape)]
        assert x.shape == (5, *shape)
        assert (log_prob.shape, log_prob.dtype) == ((5,), jnp.float32)


@pytest.mark.usefixtures("broadcasting", "x64")
@pytest.mark.parametrize("name", with_density())
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
@pytest.mark.parametrize("name", with_density())
def test_draws_follow_its_own_density(name, rng):
    """Dvoretzky-Kiefer-Wolfowitz for every element, against sums of its density, in float32."""
    head = HEADS[name]
    distribution = distribution_of(head, rng)
    points, weights = grid_of(head, distribution)
    mass = weights * np.exp(
        np.asarray(log_prob_and_moments(distribution, jnp.asarray(points, jnp.float32))[0], float)
    )
    draws = np.asarray(sample(distribution), float)
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
    constraint = head.support
    ends = [getattr(constraint, "lower_bound", 0), getattr(constraint, "upper_bound", 1)]

    @jax.jit
    @jax.value_and_grad
    def log_prob_of(raw, x):
        return head.apply(params, raw).log_prob(x).sum()

    log_prob, gradient = log_prob_of(raw, draws)
    assert np.isfinite(log_prob)
    assert np.isfinite(gradient).all()
    for end in ends:
        log_prob, gradient = log_prob_of(raw, jnp.full_like(draws, end))
        assert not np.isnan(log_prob)
        assert not np.isposinf(log_prob)
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: jgen.decoders.heads.Categorical(1), "give at least 2"),
        (lambda: jgen.decoders.heads.DiscretisedLogisticMixture(1), "at least 2 levels"),
    ],
)
def test_too_few_classes_or_levels_are_refused(make, complaint):
    with pytest.raises(ValueError, match=complaint):
        make()
