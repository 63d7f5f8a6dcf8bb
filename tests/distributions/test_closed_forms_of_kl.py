"""Check every closed form of a divergence against quadrature or sums in float64, at extremes too."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
import scipy.stats
from numpyro.distributions.kl import kl_divergence
from scipy.special import betaln

from jgen.distributions import gaussian, kl
from jgen.distributions.closed_forms_of_kl import CLOSED_FORMS, closed_form
from tests.helpers.line_families import DISCRETE, LINE, table
from tests.helpers.line_quadrature import expectation, expectation_on_circle, mass_rule
from tests.helpers.random_keys import FALSE_ALARM_SDS, fresh_key

NORMALS = [((0.3, 1.2), (0.0, 2.0)), ((0.0, 1.0), (0.0, 1.0)), ((0.0, 1.0), (1e-3, 1.001)),
           ((0.0, 1e-25), (0.0, 1.0)), ((5.0, 30.0), (0.0, 0.5)), ((1e-20, 1e-20), (0.0, 1e-20))]  # fmt: skip
SCALES = [((1.2,), (0.7,)), ((1.0,), (1.0,)), ((1.0,), (1.001,)), ((1e-25,), (1.0,)), ((1e3,), (1.0,)),
          ((1e-30,), (2e-30,))]  # fmt: skip
GAMMAS = [((2.0, 3.0), (0.5, 2.0)), ((1.0, 1.0), (1.0, 1.0)), ((1e6, 1e6), (2e6, 2e6)), ((0.1, 1.0),
          (3.0, 5.0)),
          ((1e4, 1e-8), (1.001e4, 1e-8)), ((30.0, 1e10), (2.0, 1e9)), ((2.0, 1.0), (1e5, 1e5))]  # fmt: skip
BETAS = [((2.0, 3.0), (0.5, 0.7)), ((1.0, 1.0), (1.0, 1.0)), ((1e6, 1e6), (2e6, 2e6)), ((0.5, 0.1),
         (3.0, 5.0)),
         ((1e3, 3.0), (1.01e3, 3.0)), ((30.0, 1e4), (2.0, 1e3)), ((2.0, 1.0), (1e5, 1e3))]  # fmt: skip
PROBS = [((0.3,), (0.5,)), ((0.5,), (0.5,)), ((0.5,), (0.5001,)), ((1e-4,), (0.9,)), ((1.0,), (0.2,)),
         ((0.9,), (1.0,)), ((0.2,), (1e-6,))]  # fmt: skip
EDGES = [((0.0,), (0.3,)), ((0.0,), (0.0,)), ((1.0,), (1.0,)), ((0.3,), (0.0,)), ((0.0,), (1.0,))]
LOGITS = [((0.3,), (-0.5,)), ((0.0,), (0.0,)), ((1.0,), (1.0001,)), ((8.0,), (-8.0,)), ((-3.0,), (5.0,))]
TABLES = [((0.2, 0.5, 0.3), (0.4, 0.4, 0.2)), ((0.5, 0.5, 0.0), (0.2, 0.3, 0.5)), ((0.2, 0.3, 0.5),
          (0.5, 0.5, 0.0)),
          ((0.0, 0.0, 1.0), (0.0, 0.0, 1.0)), ((1e-6, 0.5, 0.5 - 1e-6), (0.5, 1e-6, 0.5 - 1e-6))]  # fmt: skip


def mixed(p_settings, q_settings):
    """Pair the first ends of some settings with the second ends of others."""
    pairs = zip(p_settings, q_settings, strict=False)
    return [(p, q) for (p, _), (_, q) in pairs]


def trials(settings, *counts):
    return [((*p, n), (*q, m)) for n, m in counts for p, q in settings]


COUNTED = [(10, 10), (5, 3)]
ON_LINE = {
    ("Normal", "Normal"): NORMALS,
    ("LogNormal", "LogNormal"): [((0.3, 0.8), (0.0, 2.0)), ((0.0, 1.0), (0.0, 1.0)), ((-50.0, 1.0),
    (-49.0, 0.9))],
    ("HalfNormal", "HalfNormal"): SCALES,
    ("Laplace", "Laplace"): [*NORMALS, ((0.0, 1.0), (1e3, 1.0))],
    ("Uniform", "Uniform"): [((0.0, 1.0), (-1.0, 3.0)), ((0.0, 1.0), (0.0, 1.0)), ((0.0, 1.0), (0.5, 3.0)),
                             ((-1.0, 1.0), (-1.0, 0.5)), ((0.0, 1e-20), (0.0, 1e10))],
    ("Exponential", "Exponential"): SCALES,
    ("Exponential", "Gamma"): mixed(SCALES[:5], GAMMAS),
    ("Gamma", "Exponential"): mixed(GAMMAS[:5], SCALES[:3]),
    ("Gamma", "Gamma"): GAMMAS,
    ("InverseGamma", "InverseGamma"): GAMMAS,
    ("Weibull", "Gamma"): [((3.0, 2.0), (1.5, 2.0)), ((1.0, 0.5), (2.0, 1.0)), ((1e3, 1e3), (1e6, 1e3)),
                           ((1e-10, 5.0), (3.0, 1e10)), ((2.0, 1.0), (1.0, 0.5))],
    ("Weibull", "Exponential"): [((3.0, 2.0), (1.5,)), ((1.0, 1.0), (1.0,)), ((1e-10, 5.0), (1e9,))],
    ("Beta", "Beta"): BETAS,
    ("VonMises", "VonMises"): [((0.0, 2.0), (1.0, 3.0)), ((0.5, 1.0), (0.5, 1.0)), ((0.0, 1e-3), (2.0, 5.0)),
                               ((0.0, 50.0), (3.0, 1e-4)), ((0.0, 150.0), (0.01, 100.0)), ((1.0, 1e4),
                               (1.0, 2e4))],
    ("Poisson", "Poisson"): [((2.0,), (3.0,)), ((1.0,), (1.0,)), ((0.0,), (3.0,)), ((0.0,), (0.0,)),
    ((2.0,), (0.0,)),
                             ((1e5,), (1.001e5,)), ((1e-3,), (1e3,)), ((1e-30,), (100.0,))],
    ("BernoulliProbs", "BernoulliProbs"): [*PROBS, *EDGES],
    ("BernoulliLogits", "BernoulliLogits"): LOGITS,
    ("BernoulliProbs", "BernoulliLogits"): mixed([*PROBS, *EDGES], LOGITS),
    ("BernoulliLogits", "BernoulliProbs"): mixed(LOGITS, PROBS[1:]),
    ("CategoricalProbs", "CategoricalProbs"): TABLES,
    ("CategoricalLogits", "CategoricalLogits"): TABLES,
    ("CategoricalProbs", "CategoricalLogits"): TABLES,
    ("CategoricalLogits", "CategoricalProbs"): TABLES,
    ("BinomialProbs", "BinomialProbs"): trials([*PROBS, *EDGES], *COUNTED),
    ("BinomialLogits", "BinomialLogits"): trials(LOGITS, *COUNTED),
    ("BinomialProbs", "BinomialLogits"): trials(mixed([*PROBS, *EDGES], LOGITS), *COUNTED),
    ("BinomialLogits", "BinomialProbs"): trials(mixed(LOGITS, PROBS[1:]), *COUNTED),
    ("GeometricProbs", "GeometricProbs"): [*PROBS[:3], *PROBS[4:], ((1.0,), (1.0,)), ((1e-3,), (0.9,))],
    ("GeometricLogits", "GeometricLogits"): LOGITS[:4],
    ("GeometricProbs", "GeometricLogits"): mixed(PROBS[:3] + PROBS[4:], LOGITS),
    ("GeometricLogits", "GeometricProbs"): mixed(LOGITS[:4], PROBS),
    ("DiscreteUniform", "DiscreteUniform"): [((0, 5), (-1, 9)), ((3, 3), (3, 3)), ((0, 5), (1, 5)), ((0, 9),
    (0, 5))],
}  # fmt: skip
"""Pairs of families on the line -> settings of p and q: ordinary, equal, near, far, tiny, huge, at edges."""
ELSEWHERE = {
    (dist.MultivariateNormal, dist.MultivariateNormal), (dist.MultivariateNormal, dist.Independent),
    (dist.Independent, dist.MultivariateNormal), (dist.Independent, dist.CirculantNormal),
    (dist.Dirichlet, dist.Dirichlet), (dist.Independent, dist.Independent),
    (dist.ExpandedDistribution, dist.Distribution), (dist.Distribution, dist.ExpandedDistribution),
    (dist.MaskedDistribution, dist.MaskedDistribution), (dist.Delta, dist.Distribution),
    (dist.Delta, dist.Delta),
}  # fmt: skip
"""Pairs with tests of their own below."""
NOT_TAKEN = {
    (dist.Kumaraswamy, dist.Beta): "a series cut off after ten terms",
    (dist.ExpandedDistribution, dist.ExpandedDistribution): "either of its two rules",
    (dist.Delta, dist.ExpandedDistribution): "the rule of any distribution",
}
"""Entries of NumPyro's table that jgen's lacks, and why."""


def test_every_closed_form_is_checked():
    """A new entry of the table fails here until it has settings."""
    on_line = {tuple(getattr(dist, name) for name in pair) for pair in ON_LINE}
    assert set(CLOSED_FORMS) == on_line | ELSEWHERE


def test_every_entry_of_numpyro_is_ours_or_refused():
    """An entry that NumPyro adds fails here until it is taken in or refused."""
    assert set(kl_divergence.funcs) - set(CLOSED_FORMS) == set(NOT_TAKEN)


def reference(name, setting):
    return table(setting) if name.startswith("Categorical") else (LINE | DISCRETE)[name].reference(*setting)


def truth(pair, p_setting, q_setting):
    """Integrate or sum p log(p / q)."""
    p, q = map(reference, pair, (p_setting, q_setting))
    if pair[0] in DISCRETE:
        k = p.values[p.probabilities > 0]
        return np.sum(p.probabilities[k - p.low] * (p.logpmf(k) - q.logpmf(k)))
    if pair[0] == "VonMises":
        return expectation_on_circle(lambda x: p.logpdf(x) - q.logpdf(x), p)
    if pair[0] == "Beta":
        return divergence_of_betas(p_setting, q_setting)
    return expectation(lambda x: p.logpdf(x) - q.logpdf(x), p, breaks=q_setting[:1])


def divergence_of_betas(p, q):
    """Integrate from either end, because 1 - x may be too small for x to be a number below 1."""
    return sum(lower_half(*each) for each in ((p, q), (p[::-1], q[::-1])))


def lower_half(p, q):
    (a, b), (c, d) = p, q
    u, weights, is_lower = (each[: len(each) // 2] for each in mass_rule())
    assert is_lower.all()
    x = np.exp((np.log(u * a) + betaln(a, b)) / a)  # to a relative error of b x
    far = b * x > 1e-10
    x[far] = scipy.stats.beta(a, b).ppf(u[far])  # which gives up nearer to 0
    return np.sum(weights * ((a - c) * np.log(x) + (b - d) * np.log1p(-x) + betaln(c, d) - betaln(a, b)))


def rounded(setting, dtype):
    return tuple(x if isinstance(x, int) else float(np.asarray(x, dtype)) for x in setting)


def batch(name, settings):
    """Make one batch of a family's members."""
    family = (LINE | DISCRETE)[name]
    if name.startswith("Categorical"):
        probs = jnp.asarray(settings)
        return (
            dist.CategoricalProbs(probs)
            if name.endswith("Probs")
            else dist.CategoricalLogits(jnp.log(probs), validate_args=False)
        )
    return family.make(*(jnp.asarray(column) for column in zip(*settings, strict=True)))


QUICK = [pair for pair in ON_LINE if pair[0] in ("Gamma", "Uniform", "Poisson") and pair[0] == pair[1]]
ROWS = [pair if pair in QUICK else pytest.param(pair, marks=pytest.mark.slow) for pair in ON_LINE]


@pytest.mark.usefixtures("unoptimised")
@pytest.mark.parametrize("pair", ROWS, ids="-".join)
def test_divergences_on_the_line(pair):
    """Compare in either type with float64, at parameters as the type holds them.

    The error of a sum of terms that are not negative is a few units of rounding of the sum, and as many of
    log-parameters, which are below 100 at these settings. SciPy's log densities have an error of 1e-9, for
    concentrations of 1e6.
    """
    for dtype, tolerance in (("float32", 100 * 2.0**-23), ("float64", 1e-8)):
        settings = [tuple(rounded(each, dtype) for each in both) for both in ON_LINE[pair]]
        with np.errstate(all="ignore"):
            expected = np.array([truth(pair, *both) for both in settings])
        with jax.enable_x64(dtype == "float64"):
            p, q = (batch(name, each) for name, each in zip(pair, zip(*settings, strict=True), strict=True))
            found = np.asarray(jax.jit(closed_form)(p, q))
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance, err_msg=dtype)


@pytest.mark.slow
@pytest.mark.usefixtures("x64", "unoptimised")
@pytest.mark.parametrize(
    "case", ["full", "diagonal and full", "full and diagonal", "circulant", "even circulant"]
)
def test_gaussian_vectors(case):
    """Integrate by Gauss and Hermite's rule, which is exact for the quadratic log-ratio."""
    rng = np.random.default_rng(3)
    dim = 4 if case == "even circulant" else 3
    factor, other = (
        np.tril(rng.normal(size=(dim, dim)), -1) + np.diag(rng.uniform(0.5, 2, dim)) for _ in range(2)
    )
    mean, scale, row = rng.normal(size=dim), rng.uniform(0.5, 2, dim), np.array([2.0, 0.3, 0.1, 0.3][:dim])
    row = np.array([2.0, 0.3, 0.3]) if dim == 3 else row
    full, diagonal = (
        (gaussian(mean, scale_tril=factor), factor),
        (gaussian(-mean, scale=scale), np.diag(scale)),
    )
    last = dist.MultivariateNormal(jnp.zeros(dim), scale_tril=other), other
    circulant = dist.CirculantNormal(jnp.zeros(dim), jnp.asarray(row))
    circular = circulant, np.linalg.cholesky(scipy.linalg.circulant(row))
    (p, ell), (q, k) = {
        "full": (full, last), "diagonal and full": (diagonal, last), "full and diagonal": (last, diagonal),
        "circulant": (diagonal, circular), "even circulant": (diagonal, circular),
    }[case]  # fmt: skip
    axis, weight = np.polynomial.hermite_e.hermegauss(3)
    z = np.stack([x.ravel() for x in np.meshgrid(*[axis] * dim)], -1)
    weights = np.prod(np.stack(np.meshgrid(*[weight] * dim), -1), -1).ravel()
    x = np.asarray(p.mean) + z @ ell.T
    p_log, q_log = (
        scipy.stats.multivariate_normal(np.asarray(each.mean), factor @ factor.T).logpdf(x)
        for each, factor in ((p, ell), (q, k))
    )
    expected = np.sum(weights * (p_log - q_log)) / weights.sum()
    np.testing.assert_allclose(kl(p, q).value, expected, rtol=1e-10)


DIRICHLETS = [((2.0, 3.0, 0.5), (0.5, 1.0, 2.0)), ((1.0, 1.0, 1.0), (1.0, 1.0, 1.0)), ((1e3, 2e3, 3e4),
              (1e3, 2.02e3, 3e4)),
              ((0.5, 30.0, 1.0), (2.0, 0.3, 5.0))]  # fmt: skip


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_dirichlets():
    """Break the stick: the fractions are independent betas, whose divergences add."""
    expected = []
    for p, q in DIRICHLETS:
        sticks = [(x[0], x[1] + x[2]) for x in (p, q)], [x[1:] for x in (p, q)]
        expected.append(sum(divergence_of_betas(*each) for each in sticks))
    for dtype, tolerance in (("float32", 100 * 2.0**-23), ("float64", 1e-8)):
        with jax.enable_x64(dtype == "float64"):
            p, q = (dist.Dirichlet(jnp.array(each)) for each in zip(*DIRICHLETS, strict=True))
            np.testing.assert_allclose(kl(p, q).value, expected, rtol=tolerance, atol=tolerance)


RATES = jnp.array([[0.5, 1.0, 2.0], [3.0, 1.0, 0.1]])
WRAPPED = {
    "independent": (dist.Exponential(RATES).to_event(1), dist.Exponential(jnp.ones(3)).to_event(1), (1,)),
    "twice": (
        dist.Exponential(RATES).to_event(2),
        dist.Exponential(jnp.ones((2, 3))).to_event(1).to_event(1),
        (0, 1),
    ),
    "expanded": (dist.Exponential(RATES), dist.Exponential(1.0).expand((2, 3)), ()),
    "both expanded": (
        dist.Exponential(2.0).expand((3,)).to_event(1),
        dist.Exponential(jnp.ones(1)).expand((3,)).to_event(1),
        None,
    ),
}


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
@pytest.mark.parametrize("name", WRAPPED)
def test_wrappers_sum_and_expand(name):
    p, q, axes = WRAPPED[name]
    rates = np.asarray(RATES) if axes is not None else np.full(3, 2.0)
    parts = 1 / rates - 1 + np.log(rates)
    np.testing.assert_allclose(kl(p, q).value, parts.sum((0,) if axes is None else axes), rtol=1e-5)


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_masks_leave_out():
    p, q = dist.Exponential(RATES[0]), dist.Exponential(jnp.ones(3))
    found = kl(p.mask(jnp.array([True, True, False])), q.mask(jnp.array([True, False, True]))).value
    np.testing.assert_allclose(found, [kl(p, q).value[0], 0.0, 0.0])
    np.testing.assert_array_equal(kl(p.mask(False), q.mask(jnp.ones(3, bool))).value, np.zeros(3))


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_points():
    """A point has nothing in common with a density; a law of counts may have it."""
    np.testing.assert_allclose(kl(dist.Delta(2.0), dist.Poisson(3.0)).value, 3 - np.log(4.5), rtol=1e-6)
    assert kl(dist.Delta(2.0), dist.Normal(0.0, 1.0)).value == jnp.inf
    same = kl(
        dist.Delta(jnp.ones((2, 3)), event_dim=1), dist.Delta(jnp.array([1.0, 1.0, 0.0]), event_dim=1)
    ).value
    np.testing.assert_array_equal(same, [jnp.inf, jnp.inf])
    assert kl(dist.Delta(1.0), dist.Delta(1.0)).value == 0


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_numbers_of_trials():
    """Under ``jit`` the numbers are not known: fewer trials under p give NaN, where else they are refused."""
    few, many = dist.Binomial(2, 0.3), dist.Binomial(3, 0.3)
    assert kl(many, few).value == jnp.inf
    with pytest.raises(ValueError, match="no closed form"):
        kl(few, many)
    assert jnp.isnan(jax.jit(lambda p, q: kl(p, q).value)(few, many))
    found = kl(few, many, key=fresh_key(), num_samples=2000)
    expected = sum(
        scipy.stats.binom.pmf(k, 2, 0.3)
        * (scipy.stats.binom.logpmf(k, 2, 0.3) - scipy.stats.binom.logpmf(k, 3, 0.3))
        for k in range(3)
    )
    assert abs(found.value - expected) < FALSE_ALARM_SDS * (found.high - found.low) / (2 * 1.96)


@pytest.mark.slow
@pytest.mark.usefixtures("x64", "unoptimised")
def test_a_series_that_is_cut_off_is_no_closed_form():
    """NumPyro's formula gives 0.038298."""
    p, q = dist.Kumaraswamy(2.0, 3.0), dist.Beta(1.5, 2.0)
    with pytest.raises(ValueError, match="no closed form: pass key="):
        kl(p, q)
    found = kl(p, q, key=fresh_key(), num_samples=100_000)
    ours, theirs = LINE["Kumaraswamy"].reference(2.0, 3.0), scipy.stats.beta(1.5, 2.0)
    expected = scipy.integrate.quad(lambda x: ours.pdf(x) * (ours.logpdf(x) - theirs.logpdf(x)), 0, 1)[0]
    np.testing.assert_allclose(expected, 0.045004, atol=1e-6)
    assert abs(found.value - expected) < FALSE_ALARM_SDS * (found.high - found.low) / (2 * 1.96)


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_draws_outside_the_support_are_flagged():
    """In float32 every draw of this truncated normal is 1.035, and the density there is no number."""
    p = dist.TruncatedNormal(1.1, 0.005, low=-1.0, high=1.0)
    found = kl(p, dist.Normal(1.0, 1.0), key=fresh_key(), num_samples=100)
    assert any("outside its support" in flag for flag in found.flags)
    assert jnp.isnan(found.high)


@pytest.mark.slow
@pytest.mark.usefixtures("x64", "unoptimised")
def test_gradients_are_finite_where_p_is_q():
    """The least of each divergence is 0, where its gradient is 0 too."""
    for pair, settings in ON_LINE.items():
        if pair[0] != pair[1] or pair[0] in (*DISCRETE, "Uniform"):
            continue
        parameters = tuple(map(jnp.asarray, settings[0][0]))
        q = LINE[pair[0]].make(*parameters)
        gradient = jax.grad(lambda x, q=q: closed_form(type(q)(*x), q))(parameters)
        np.testing.assert_allclose(gradient, 0.0, atol=1e-12, err_msg=pair[0])
