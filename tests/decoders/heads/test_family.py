"""Every head, found by itself: shapes, total mass, moments and draws against enumeration and quadrature."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from numpyro.distributions import constraints

import jgen.decoders.heads
from jgen.testing import members

HEADS = {
    f"{name}-{number}": head
    for name, module in members(jgen.decoders.heads, "recipe").items()
    for number, head in enumerate(module.recipe())
}
KEY = jax.random.key(0)
NUM_DRAWS = 20_000
FALSE_ALARM = 1e-6
"""Of one run of this file, shared out by Bonferroni over everything that is compared."""


ORDINARY_AND_LARGE = np.array([1.0, 30.0])
"""Raw numbers of the two rows of a batch."""


def law_of(head, rng, elements=3):
    raw = jnp.asarray(ORDINARY_AND_LARGE[:, None, None] * rng.normal(size=(2, elements, head.width)))
    return head.apply(head.init(KEY, raw), raw)


@jax.jit
def told(law, points):
    """Log density or mass of each element at points ``[point, row, element]``, mean and variance."""
    return law.base_dist.log_prob(points), law.base_dist.mean, law.base_dist.variance


@jax.jit
def drawn(law):
    return law.sample(KEY, (NUM_DRAWS,))


def densities():
    """The heads that have a density or a mass; a ``Delta`` has none."""
    return [name for name, head in HEADS.items() if not isinstance(head, jgen.decoders.heads.Delta)]


def grid_of(head, law):
    """Points and weights that integrate over the support of one element: ``[point, row, element]``."""
    support = head.support
    shape = (-1, *(1,) * len(law.base_dist.batch_shape))
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
    centre, spread = np.asarray(law.base_dist.mean), np.asarray(law.base_dist.variance) ** 0.5
    return centre + spread * points, spread * weights


@pytest.mark.parametrize("name", HEADS)
def test_its_distribution_has_the_shapes_of_the_contract(name):
    """For events of one to four axes, traced alone; in float32 whatever the raw numbers are."""
    head = HEADS[name]
    assert isinstance(head.takes, str)
    assert isinstance(head.remedy, str)
    for shape, dtype in (((3,), jnp.bfloat16), ((2, 3, 4, 1), jnp.float32)):
        raw = jax.ShapeDtypeStruct((5, *shape, head.width), dtype)
        found = []

        def look(raw, head=head, found=found):
            law = head.apply(jax.tree.map(lambda leaf: leaf.astype(raw.dtype), head.init(KEY, raw)), raw)
            found.append((law.batch_shape, law.event_shape))
            x = law.sample(KEY)
            return x, law.log_prob(x)

        x, log_prob = jax.eval_shape(look, raw)
        assert found == [((5,), shape)]
        assert x.shape == (5, *shape)
        assert (log_prob.shape, log_prob.dtype) == ((5,), jnp.float32)


@pytest.mark.usefixtures("broadcasting", "x64")
@pytest.mark.parametrize("name", densities())
def test_mass_and_moments_are_those_of_enumeration_or_quadrature(name, rng):
    """In float64: the total is 1, ``mean`` and ``variance`` are right."""
    head = HEADS[name]
    law = law_of(head, rng)
    points, weights = grid_of(head, law)
    log_prob, mean, variance = told(law, jnp.asarray(points))
    mass = weights * np.exp(np.asarray(log_prob))
    np.testing.assert_allclose(mass.sum(0), 1, rtol=1e-9)
    if not np.isnan(np.asarray(mean)).any():  # classes have no mean
        first = (points * mass).sum(0)
        np.testing.assert_allclose(mean, first, rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(variance, ((points - first) ** 2 * mass).sum(0), rtol=1e-6, atol=1e-8)


@pytest.mark.usefixtures("broadcasting")
@pytest.mark.parametrize("name", densities())
def test_draws_follow_its_own_density(name, rng):
    """Dvoretzky-Kiefer-Wolfowitz for every element, against sums of its density; in float32."""
    head = HEADS[name]
    law = law_of(head, rng)
    points, weights = grid_of(head, law)
    mass = weights * np.exp(np.asarray(told(law, jnp.asarray(points, jnp.float32))[0], float))
    draws = np.asarray(drawn(law), float)
    assert np.asarray(head.support(draws)).all()
    bound = np.sqrt(np.log(2 * len(HEADS) * mass[0].size / FALSE_ALARM) / (2 * NUM_DRAWS))
    columns = [x.reshape(len(x), -1).T for x in (np.broadcast_to(points, mass.shape), mass, draws)]
    for grid, each, draw in zip(*columns, strict=True):
        below = np.searchsorted(np.sort(draw), grid, side="right") / NUM_DRAWS
        resolution = 0 if np.isscalar(weights) else each.max()  # mass of a node is on both of its sides
        assert np.abs(below - np.cumsum(each)).max() < bound + resolution


@pytest.mark.parametrize("name", HEADS)
def test_nothing_overflows_at_extreme_raw_numbers(name):
    """Own draws and values at the ends of the support have finite gradients; draws have finite log p."""
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
    def judged(raw, x):
        return head.apply(params, raw).log_prob(x).sum()

    log_prob, gradient = judged(raw, draws)
    assert np.isfinite(log_prob)
    assert np.isfinite(gradient).all()
    for end in ends:
        log_prob, gradient = judged(raw, jnp.full_like(draws, end))
        assert not np.isnan(log_prob)
        assert not np.isposinf(log_prob)
        assert np.isfinite(gradient).all()


def test_normal_heads_say_scipys_density(rng):
    import scipy.stats

    raw, x = rng.normal(size=(2, 3, 2)).astype(np.float32), rng.normal(size=(2, 3)).astype(np.float32)
    scale = 0.01 + np.log1p(np.exp(raw[..., 1].astype(float)))
    for head, width, spread in (
        (jgen.decoders.heads.NormalLearned(minimum=0.01), 2, scale),
        (jgen.decoders.heads.Normal(0.25), 1, 0.25),
    ):
        truth = scipy.stats.norm(raw[..., 0], spread).logpdf(x).sum(-1)
        log_prob = head.apply({}, jnp.asarray(raw[..., :width])).log_prob(jnp.asarray(x))
        np.testing.assert_allclose(log_prob, truth, rtol=1e-5)


def test_the_shared_scale_starts_where_it_is_told_and_stays_above_its_floor():
    head = jgen.decoders.heads.NormalShared(start=0.1, minimum=0.05)
    raw = jnp.zeros((2, 3, 1))
    params = head.init(KEY, raw)
    assert jax.tree.map(jnp.shape, params) == {"params": {"scale": ()}}
    np.testing.assert_allclose(head.apply(params, raw).base_dist.scale, 0.1, rtol=1e-6)
    low = head.apply({"params": {"scale": jnp.float32(-1e4)}}, raw)
    np.testing.assert_allclose(low.base_dist.scale, 0.05, rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: jgen.decoders.heads.Normal(0.0), "scale must be positive"),
        (lambda: jgen.decoders.heads.NormalShared(start=1e-4), "start - minimum must be positive"),
        (lambda: jgen.decoders.heads.NormalLearned(-1.0), "minimum must be positive"),
        (lambda: jgen.decoders.heads.Categorical(1), "give at least 2"),
        (lambda: jgen.decoders.heads.DiscretisedLogisticMixture(1), "at least 2 levels"),
    ],
)
def test_options_that_mean_nothing_are_refused(make, complaint):
    with pytest.raises(ValueError, match=complaint):
        make()


def test_a_delta_is_its_number():
    law = jgen.decoders.heads.Delta(jnp.tanh).apply({}, jnp.full((2, 3, 1), 0.5))
    assert isinstance(law, dist.Delta)
    np.testing.assert_allclose(law.sample(KEY), np.full((2, 3), np.tanh(0.5)), rtol=1e-6)
