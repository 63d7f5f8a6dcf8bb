"""Check distances, powers, products and affine maps by quadrature or sums in float64, at extremes too."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
import scipy.stats
from scipy.special import expit, logsumexp

import jgen.distributions as d
from jgen.distributions.affine import _affine
from jgen.distributions.product import _product
from jgen.distributions.temper import _temper
from jgen.distributions.total_variation import _probabilities
from tests.helpers.line_families import LINE
from tests.helpers.line_quadrature import expectation, mass_rule, nodes
from tests.helpers.marking import first_of_each

NORMALS = [((0.3, 1.2), (0.0, 2.0)), ((0.0, 1.0), (0.0, 1.0)), ((0.0, 1.0), (1e-3, 1.001)), ((0.0, 1e-20),
           (0.0, 1.0)),
           ((1e3, 1.0), (-1e3, 2.0)), ((0.0, 1e15), (1e15, 1e16)), ((0.0, 1e-25),
           (1e-25, 2e-25))]  # fmt: skip
TOLERANCES = {"float32": 100 * 2.0**-23, "float64": 1e-8}
"""Type -> a hundred units of rounding, or what the rule and SciPy leave."""
GAUSSIANS = {dist.Normal, dist.MultivariateNormal, dist.Independent}
TABLES = {dist.BernoulliProbs, dist.BernoulliLogits, dist.CategoricalProbs, dist.CategoricalLogits}
MEMBERS = {
    _temper: {*GAUSSIANS, *TABLES},
    _product: {*GAUSSIANS, dist.MixtureSameFamily},
    _probabilities: TABLES,
    _affine: {*GAUSSIANS, dist.MixtureSameFamily, dist.MixtureGeneral},
}


@pytest.mark.parametrize("operation", MEMBERS, ids=lambda operation: operation.__name__)
def test_every_family_of_an_operation_is_checked(operation):
    """A family that an operation takes in fails here until it is checked below."""
    assert {family for family in operation.registry if isinstance(family, type)} - {object} == MEMBERS[
        operation
    ]


@pytest.mark.parametrize("dtype", first_of_each(TOLERANCES, rest="slow"))
@pytest.mark.usefixtures("unoptimised")
def test_transport_of_normals(dtype):
    """On a line, optimal transport moves quantile to quantile."""
    u, weights, is_lower = mass_rule()
    sign = np.where(is_lower, 1.0, -1.0)
    for p, q in NORMALS:
        p, q = (tuple(float(np.asarray(x, dtype)) for x in each) for each in (p, q))
        quantiles = [loc + scale * sign * scipy.stats.norm.ppf(u) for loc, scale in (p, q)]
        unit = max(*map(abs, p), *map(abs, q))
        truth = unit * np.sqrt(np.sum(weights * np.square((quantiles[0] - quantiles[1]) / unit)))
        with jax.enable_x64(dtype == "float64"):
            found = d.wasserstein2(*(dist.Normal(*map(jnp.asarray, each)) for each in (p, q))).value
        np.testing.assert_allclose(found, truth, rtol=TOLERANCES[dtype], atol=0)


COINS = [(0.3, 0.5), (0.0, 1.0), (1.0, 1.0), (1e-30, 3e-30), (0.999, 1.0)]


@pytest.mark.parametrize("dtype", first_of_each(TOLERANCES, rest="slow"))
@pytest.mark.usefixtures("unoptimised")
def test_total_variation_of_counts(dtype):
    with jax.enable_x64(dtype == "float64"):
        p, q = (jnp.array(each, dtype) for each in zip(*COINS, strict=True))
        found = d.total_variation(dist.BernoulliProbs(p), dist.BernoulliProbs(q)).value
        np.testing.assert_allclose(
            found, np.abs(np.asarray(p, float) - np.asarray(q, float)), rtol=TOLERANCES[dtype]
        )
        logits = np.array([-60.0, 30.0, 0.3, 8.0])
        found = d.total_variation(
            *(dist.BernoulliLogits(jnp.array(x, dtype)) for x in (logits, logits + 1))
        ).value
        truth = expit(-np.abs(logits)) - expit(-np.abs(logits + 1))
        np.testing.assert_allclose(found, np.abs(truth), rtol=TOLERANCES[dtype])
        tables = np.array([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]]), np.array([[0.5, 0.5, 0.0], [0.4, 0.4, 0.2]])
        truth = np.abs(tables[0] - tables[1]).sum(-1) / 2
        probs, log_probs = (
            [dist.CategoricalProbs(jnp.array(x, dtype)) for x in tables],
            jnp.log(jnp.array(tables[1], dtype)),
        )
        for other in (probs[1], dist.CategoricalLogits(log_probs, validate_args=False)):
            np.testing.assert_allclose(
                d.total_variation(probs[0], other).value, truth, atol=TOLERANCES[dtype]
            )


BETAS = [0.3, 1.0, 2.5, 1e-6, 1e6]


@pytest.mark.parametrize("beta", first_of_each(BETAS, rest="slow"))
@pytest.mark.usefixtures("x64", "broadcasting", "unoptimised")
def test_powers(beta):
    """Compare with the power of the density, normalised by quadrature or a sum."""
    base, scale = scipy.stats.norm(0.3, 1.2), 1.2 / np.sqrt(beta)
    x = 0.3 + scale * np.linspace(-12, 12, 2001)
    log_power = beta * base.logpdf(x)
    truth = log_power - logsumexp(log_power) - np.log(x[1] - x[0])
    np.testing.assert_allclose(
        d.temper(dist.Normal(0.3, 1.2), beta).log_prob(jnp.asarray(x)), truth, atol=1e-9
    )
    both = dist.Normal(jnp.array([0.3, 0.3]), 1.2).to_event(1)
    full = d.gaussian(np.full(2, 0.3), covariance=1.44 * np.eye(2))
    for member in (both, full):
        found = d.temper(member, beta).log_prob(jnp.stack([x, x], -1))
        np.testing.assert_allclose(found, 2 * truth, atol=1e-9)
    for probs in ([0.2, 0.5, 0.3], [0.0, 0.4, 0.6], [1e-6, 1 - 1e-6]):
        with np.errstate(divide="ignore"):
            log_power = beta * np.log(probs)
        truth = np.exp(log_power - logsumexp(log_power))
        tables = dist.CategoricalProbs(jnp.array(probs)), d.categorical(logits=jnp.log(jnp.array(probs)))
        for member in tables:
            np.testing.assert_allclose(d.temper(member, beta).probs, truth, atol=1e-9)
        if len(probs) == 2:
            coins = dist.BernoulliProbs(probs[1]), dist.BernoulliLogits(np.log(probs[1] / probs[0]))
            for member in coins:
                np.testing.assert_allclose(d.temper(member, beta).probs, truth[1], atol=1e-9)


@pytest.mark.slow
@pytest.mark.usefixtures("x64", "unoptimised")
@pytest.mark.parametrize("case", NORMALS, ids=str)
def test_products(case):
    """Integrate the density of the wider over the mass of the narrower; the rest is one number everywhere."""
    if abs(case[0][0] - case[1][0]) > 20 * max(case[0][1], case[1][1]):
        narrow, wide = sorted(case, key=lambda each: each[1])
        truth = scipy.stats.norm(narrow[0], np.hypot(narrow[1], wide[1])).logpdf(
            wide[0]
        )  # below the least number
    else:
        narrow, wide = sorted((scipy.stats.norm(*each) for each in case), key=lambda each: each.std())
        truth = np.log(expectation(wide.pdf, narrow))
    members = [dist.Normal(*map(jnp.asarray, each)) for each in case]
    made, total = d.product(*members)
    np.testing.assert_allclose(total, truth, rtol=1e-8, atol=1e-8)
    x = made.loc + made.scale * jnp.array([-2.0, 0.0, 1.0])
    left = members[0].log_prob(x) + members[1].log_prob(x)
    np.testing.assert_allclose(made.log_prob(x) + total, left, rtol=1e-7, atol=1e-7)


@pytest.mark.slow
@pytest.mark.usefixtures("x64", "unoptimised")
def test_products_of_mixtures_and_vectors():
    """Sum on a grid, on which the trapezium rule of normals is exact."""
    mixtures = [
        d.mixture([0.3, 0.7], dist.Normal(jnp.array([-1.0, 2.0]), jnp.array([0.5, 1.0]))),
        d.mixture([0.6, 0.4], dist.Normal(jnp.array([0.0, 1.0]), jnp.array([2.0, 0.3]))),
    ]
    x = jnp.linspace(-15.0, 15.0, 4001)
    for q in (mixtures[1], dist.Normal(0.5, 2.0)):
        made, total = d.product(mixtures[0], q)
        both = jax.vmap(mixtures[0].log_prob)(x) + jax.vmap(q.log_prob)(x)
        np.testing.assert_allclose(total, logsumexp(both) + np.log(x[1] - x[0]), atol=1e-10)
        np.testing.assert_allclose(jax.vmap(made.log_prob)(x) + total, both, atol=1e-9)
    axis = jnp.linspace(-10.0, 10.0, 101)
    points = jnp.stack(jnp.meshgrid(axis, axis), -1).reshape(-1, 2)
    full = d.gaussian(np.array([1.0, -1.0]), covariance=np.array([[1.0, 0.3], [0.3, 0.8]]))
    for q in (
        d.gaussian(np.zeros(2), covariance=np.array([[2.0, -0.5], [-0.5, 1.0]])),
        d.gaussian(np.ones(2), scale=1.5),
    ):
        made, total = d.product(full, q)
        both = full.log_prob(points) + jax.vmap(q.log_prob)(points)
        np.testing.assert_allclose(total, logsumexp(both) + 2 * np.log(axis[1] - axis[0]), atol=1e-10)
        np.testing.assert_allclose(made.log_prob(points) + total, both, atol=1e-9)


MAPS = [(10.0, -3.0), (-1e-20, 1e-20)]


@pytest.mark.parametrize("name", first_of_each(LINE))
@pytest.mark.usefixtures("x64", "broadcasting", "unoptimised")
def test_affine_maps(name):
    """Push the reference forward, at its quantiles; the moments follow where the family has them."""
    family = LINE[name]
    member, reference = family.make(*family.settings[0]), family.reference(*family.settings[0])
    x = reference.ppf(np.array([0.05, 0.3, 0.5, 0.8, 0.95]))
    for shift, scale in MAPS:
        moved = d.affine(member, shift, scale)
        found = d.log_prob_of(moved, jnp.asarray(shift + scale * x))
        np.testing.assert_allclose(found, reference.logpdf(x) - np.log(abs(scale)), rtol=1e-6, atol=1e-6)
        try:
            mean, variance = float(moved.mean), float(moved.variance)
        except NotImplementedError:
            continue
        if not np.isfinite(mean):
            continue
        quantiles, weights = nodes(reference)
        centre = np.sum(weights * quantiles)
        np.testing.assert_allclose(mean, shift + scale * centre, rtol=1e-6, atol=1e-6 * abs(scale))
        np.testing.assert_allclose(
            variance, scale**2 * np.sum(weights * (quantiles - centre) ** 2), rtol=1e-5
        )


@pytest.mark.parametrize(
    "make", [lambda x: dist.VonMises(x, 2.0), lambda x: dist.VonMises(jnp.stack([x, x]), 2.0)]
)
def test_angles_have_no_mean(make):
    """NumPyro's circular mean and variance follow no rule of sums and products."""
    member = make(jnp.asarray(0.5))
    moved = d.mixture([0.5, 0.5], member) if member.batch_shape else d.affine(member, 1.0, 2.0)
    for name in ("mean", "variance"):
        with pytest.raises(NotImplementedError, match="direction"):
            getattr(moved, name)


def test_points_are_not_mixed_with_densities():
    """One is a probability where the other is a density: neither their sum nor a scaled one has a meaning."""
    gated = dist.HurdleGamma(0.3, 2.0)
    for components in (
        [gated, dist.Gamma(2.0)],
        [dist.Delta(0.0), dist.Normal()],
        [dist.Normal(), dist.Poisson(1.0)],
    ):
        with pytest.raises(TypeError, match="no common density"):
            d.mixture([0.5, 0.5], components)
    for member in (gated, dist.Delta(0.0)):
        with pytest.raises(TypeError, match="no closed form"):
            d.affine(member, 0.0, 2.0)
    assert d.kl(dist.Poisson(1.0), dist.Normal()).value == jnp.inf


def test_components_of_weight_zero_have_no_moments():
    """The mean of the second is infinite."""
    parts = [dist.Normal(1.0, 2.0), dist.Pareto(1.0, 0.5)]
    both = d.mixture([1.0, 0.0], parts)
    assert (float(both.mean), float(both.variance)) == (1.0, 4.0)


@pytest.mark.parametrize(
    "ends", [(4.0, 6.0), (-0.5, 3.0), (-1e-3, 2e-3), (9.0, jnp.inf), (-jnp.inf, 0.5)], ids=str
)
def test_moments_of_truncated_normals(ends):
    """In float32 NumPyro's variance on (4, 6) is a quarter off, on short intervals any number."""
    low, high = ends
    names = {"low": low, "high": high}
    member = dist.TruncatedNormal(0.0, 1.0, **{name: end for name, end in names.items() if np.isfinite(end)})
    low, high = max(low, -12.0), min(high, 20.0)
    x, weights = np.polynomial.legendre.leggauss(200)
    x = (low + high) / 2 + (high - low) / 2 * x
    mass = weights * np.exp(-(x**2 - np.min(x**2)) / 2)
    mass = mass / mass.sum()
    mean = mass @ x
    moved = d.affine(member, 0.0, 2.0)
    np.testing.assert_allclose(float(moved.variance), 4 * mass @ (x - mean) ** 2, rtol=1e-5)
    np.testing.assert_allclose(float(moved.mean), 2 * mean, rtol=1e-5, atol=1e-6 * (high - low))
