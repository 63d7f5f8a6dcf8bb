"""Hold every family of NumPyro to SciPy and to quadrature: density, moments, draws, support in ``jit``.

What NumPyro gets wrong stands in ``REASONS``, by family and setting. Draws that are wrong are no such fault
where ``direct`` flags or refuses them, nor are moments that ``moments`` repairs or refuses.
"""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
import scipy.stats

from jgen.distributions import log_prob_of
from jgen.distributions.library_faults import checks_draws, fault_of_draws, is_misplaced
from jgen.distributions.moments import moments
from tests.helpers.line_families import DISCRETE, LINE, Counts, OnLine
from tests.helpers.line_quadrature import nodes
from tests.helpers.random_keys import fresh_key
from tests.helpers.vector_families import VECTORS

NUM_DRAWS = 20_000
DKW = np.sqrt(np.log(2 / 1e-6) / (2 * NUM_DRAWS))
"""So far may the empirical distribution function of so many draws be off, but once in a million."""
FACTORIES = {
    "Bernoulli",
    "Binomial",
    "Categorical",
    "Geometric",
    "HurdleDistribution",
    "Multinomial",
    "NegativeBinomial",
    "RelaxedBernoulli",
    "TruncatedDistribution",
    "ZeroInflatedDistribution",
}
"""They make members of families that are checked."""
WRAPPERS = {
    "Delta",
    "Distribution",
    "ExpandedDistribution",
    "Independent",
    "MaskedDistribution",
    "Mixture",
    "MixtureGeneral",
    "MixtureSameFamily",
    "TransformedDistribution",
    "Unit",
}
"""They have the draws, the density and the moments of what they are given."""
NO_DENSITIES = {
    "ImproperUniform",
    "IntervalCensoredDistribution",
    "LeftCensoredDistribution",
    "RightCensoredDistribution",
}
"""Their log densities are not normalised over their values."""
OTHERS = {
    "GaussianCopulaBeta": "needs TensorFlow Probability; GaussianCopula is checked",
    "TruncatedPolyaGamma": "an auxiliary variable: series of 7 and 8 terms, and draws cut off at 2.5",
}
CUT = type(scipy.stats.truncnorm) | type(scipy.stats.foldnorm)
"""Families of SciPy whose moments cancel."""


def test_every_family_has_settings():
    """A family that NumPyro adds fails here until it has settings or a reason to have none."""
    names = {name for name in dist.__all__ if callable(getattr(dist, name)) and name[0].isupper()}
    assert names == {*LINE, *DISCRETE, *VECTORS, *FACTORIES, *WRAPPERS, *NO_DENSITIES, *OTHERS}
    assert all(len(family.settings) == 10 for family in (LINE | DISCRETE | VECTORS).values())


def stated_moments(member):
    """Return mean and variance; None, as NaN, where NumPyro does not have one."""
    try:
        return [None if np.isnan(x).all() else np.asarray(x, float) for x in moments(member)]
    except NotImplementedError:
        return [None, None]


def family_of(reference):
    """Return the family of SciPy of a member with parameters, or ours, which is its own."""
    return getattr(reference, "dist", reference)


def points_of(reference):
    """Return points and the mass that each stands for; for counts, the mass of each."""
    if isinstance(reference, Counts):
        return reference.values, reference.probabilities
    if family_of(reference).name == "vonmises":
        concentration = reference.args[0]
        reach = min(np.pi, 12 / np.sqrt(concentration))
        x = reach * (2 * (np.arange(4096) + 0.5) / 4096 - 1)
        return x, reference.pdf(x) * 2 * reach / 4096
    return nodes(reference)


def true_moments(reference):
    """Return mean and variance: SciPy's formulas where they tell what is infinite, else by quadrature."""
    if isinstance(reference, Counts) or isinstance(family_of(reference), OnLine | CUT):
        x, weights = points_of(reference)
        mean = np.sum(weights * x)
        return mean, np.sum(weights * (x - mean) ** 2)
    return float(reference.mean()), float(reference.var())


def faults_of_moments(member, reference, tolerance):
    """Compare the mean in standard deviations, and the variance where it is a normal number of its type."""
    found, truth = stated_moments(member), true_moments(reference)
    limits = np.finfo(np.asarray(jnp.zeros(())).dtype)
    units = np.sqrt(truth[1]), truth[1]
    roundings = 4 * limits.eps * abs(truth[0]), 0.0
    faults = set()
    for name, ours, theirs, unit, rounding in zip(
        ("mean", "variance"), found, truth, units, roundings, strict=True
    ):
        is_number = theirs == 0 or limits.tiny < abs(theirs) < limits.max
        is_right = (
            abs(ours - theirs) <= tolerance * unit + rounding if ours is not None and is_number else True
        )
        if not is_right or (ours is not None and np.isinf(theirs) and np.isfinite(ours)):
            faults.add(name)
    return faults


def log_density(reference, x):
    return reference.logpmf(x) if isinstance(reference, Counts) else reference.logpdf(x)


def faults_in_float64(family, setting):
    """Compare the log density, its integral, and the moments, to 1e-6.

    Points within 1e-7 of either end in mass are left to the integral, where they hold too little: SciPy's
    quantiles there may be rounded to the end of the support.
    """
    reference = family.reference(*setting)
    x, weights = points_of(reference)
    truth, faults = log_density(reference, x), set()
    with jax.enable_x64(True):
        member = family.make(*setting)
        found = np.asarray(log_prob_of(member, jnp.asarray(x)))
        faults |= faults_of_moments(member, reference, 1e-6)
    mass = np.cumsum(weights)
    inner = (mass > 1e-7) & (mass < 1 - 1e-7) & np.isfinite(truth) & ((x == 0) | (np.abs(x) > 1e-300))
    if not np.allclose(found[inner], truth[inner], rtol=1e-6, atol=1e-6):
        faults.add("density")
    ratio = np.exp(found - truth, where=inner, out=np.ones_like(truth))
    if not abs(np.sum(weights * ratio) - 1) < 2e-6:
        faults.add("integral")
    return faults


def faults_in_float32(family, setting):
    """Compare what users see by default, with as much as the draws of the test could tell.

    An error of the log density of half a DKW bound moves each probability by less than a quarter of it; an
    error of the mean of a standard error, and of the variance of one of a normal's, hides behind the draws.
    Draws that ``direct`` flags or refuses are no fault.
    """
    setting = tuple(x if isinstance(x, int) else float(np.float32(x)) for x in setting)
    reference, member = family.reference(*setting), family.make(*setting)
    faults = faults_of_moments(member, reference, np.sqrt(2 / NUM_DRAWS))
    x, weights = points_of(reference)
    mass = np.cumsum(weights)
    x = x[(mass > 1e-4) & (mass < 1 - 1e-4)]
    if not isinstance(reference, Counts):
        x = x.astype(np.float32)
        low, high = reference.support()
        x = x[(np.abs(x) > np.finfo(np.float32).tiny) & (x > low) & (x < high)]
    truth = log_density(reference, x)
    found = np.asarray(log_prob_of(member, jnp.asarray(x)))
    if not np.all((found == truth) | (np.abs(found - truth) < DKW / 2)):
        faults.add("density")
    if fault_of_draws(member):
        return faults
    draws = member.sample(fresh_key(), (NUM_DRAWS,))
    is_flagged = checks_draws(member) and bool(jax.vmap(is_misplaced, (None, 0))(member, draws).any())
    if not (is_flagged or gap(np.asarray(draws, float), reference) < DKW):
        faults.add("draws")
    if isinstance(reference, Counts):
        return faults
    outside = [x for x in (np.float32(-1e30), np.float32(2e30)) if not member.support(x)]
    if not all(jax.jit(log_prob_of)(member, x) == -jnp.inf for x in outside):
        faults.add("support")
    return faults


def gap(draws, reference):
    """Return the largest gap between the empirical and the true distribution function."""
    values, first = np.unique(np.sort(draws), return_index=True)
    last = np.append(first[1:], len(draws)) / len(draws)
    truth = reference.cdf(values)
    below = truth if isinstance(reference, Counts) else first / len(draws)
    return max(np.abs(last - truth).max(), (truth - below).max())


REASONS = {
    "float32: log-gamma functions of numbers of thousands and more are subtracted": [
        *[("Beta", i, "float32 density") for i in (8, 9)],
        *[("BetaProportion", i, "float32 density") for i in (8, 9)],
        *[(name, 9, "float32 density") for name in ("Chi2", "Gamma", "InverseGamma", "StudentT")],
        *[(name, 9, "float32 density") for name in ("LeftTruncatedGamma", "RightTruncatedGamma")],
        *[("BetaBinomial", 8, "float32 density"), ("BinomialLogits", 6, "float32 density")],
        ("BinomialProbs", 6, "float32 density"),
        *[(f"NegativeBinomial{form}", i, "float32 density") for form in ("Probs", "Logits") for i in (4, 9)],
        ("NegativeBinomial2", 8, "float32 density"),
        *[("Poisson", i, "float32 density") for i in (7, 8)],
    ],
    "float32: squares or reciprocals of draws are no numbers of the type": [
        ("InverseGamma", 5, "float32 density"), ("StudentT", 7, "float32 density"),
    ],
    "x is cut off at 1 - eps, where the density rises to infinity": [
        ("Kumaraswamy", 2, "float32 density"),
        *[("Kumaraswamy", 5, what) for what in ("float32 density", "float64 density", "float64 integral")],
    ],
    "the distribution function in a tail is 0; direct flags the draws": [
        *[(f"{side}TruncatedDistribution", 6, "float32 density") for side in ("Left", "Right")],
        *[("TwoSidedTruncatedDistribution", 5, what)
          for what in ("float32 density", "float64 density", "float64 integral")],
    ],
    "the difference of distribution functions has no digits; direct flags some of the draws": [
        ("TruncatedCauchy", 7, "float32 density"),
    ],
    "cos(x - loc) - 1 has no digits; direct refuses the draws": [("VonMises", 8, "float32 density")],
    "moments are differences of numbers that are nearly equal": [
        ("LogNormal", 5, "float32 variance"), ("BernoulliLogits", 9, "float32 variance"),
        *[("LogUniform", 4, f"{dtype} variance") for dtype in ("float32", "float64")],
        ("BinomialLogits", 9, "float32 variance"), ("RightTruncatedGamma", 6, "float32 variance"),
        ("RightTruncatedGamma", 9, "float32 variance"), ("LeftTruncatedGamma", 9, "float32 mean"),
        *[("LeftTruncatedGamma", 9, f"{dtype} variance") for dtype in ("float32", "float64")],
    ],
}  # fmt: skip
"""Why -> what is wrong in NumPyro: family, number of the setting (from 2 on, an extreme one), and what."""


def known(name, i):
    """Return what is known to be wrong; it is a failure, too, if it is right by now."""
    return {
        fault
        for faults in REASONS.values()
        for family, setting, fault in faults
        if (family, setting) == (name, i)
    }


@pytest.mark.slow
@pytest.mark.usefixtures("x64", "broadcasting")
def test_densities_are_scipys():
    """Compare an ordinary member of each family on the line at seven quantiles."""
    wrong = []
    for name, family in (LINE | DISCRETE).items():
        reference, member = family.reference(*family.settings[0]), family.make(*family.settings[0])
        x = reference.ppf(np.array([0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99]))
        found = log_prob_of(member, jnp.asarray(x))
        if not np.allclose(found, log_density(reference, x), rtol=1e-6, atol=1e-6):
            wrong.append(name)
    assert not wrong


@pytest.mark.weekly
@pytest.mark.usefixtures("broadcasting", "unoptimised")
@pytest.mark.parametrize("i", range(10))
@pytest.mark.parametrize("name", [*LINE, *DISCRETE])
def test_members_on_the_line(name, i):
    family = (LINE | DISCRETE)[name]
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of SciPy, at extremes
        found = {f"float64 {fault}" for fault in faults_in_float64(family, family.settings[i])}
        found |= {f"float32 {fault}" for fault in faults_in_float32(family, family.settings[i])}
    assert found == known(name, i)


def integrals_by(rule, log_density):
    """Return the integral, and mean, variance and fourth central moment, each with a standard error."""
    values = np.asarray(rule.points, float).reshape(len(rule.points), -1)
    log_mass = np.asarray(log_density + rule.log_weights)
    assert (
        np.isnan(log_mass).mean() < 1e-3
    )  # where points of a proposal are rounded to the end of the support
    mass = np.nan_to_num(np.exp(log_mass))
    total = mass.sum()
    share = mass / total
    mean = share @ values
    spread = (values - mean) ** 2
    variance = share @ spread
    size = len(mass)
    errors = (
        np.std(mass * size) / np.sqrt(size),
        np.sqrt(np.square(share) @ spread),
        np.sqrt(np.square(share) @ (spread - variance) ** 2),
    )
    of_one_draw = [np.sqrt(variance), np.sqrt(share @ (spread - variance) ** 2)]
    found = zip((total, mean, variance), errors, strict=True)
    return [(each, error * rule.is_random) for each, error in found], of_one_draw


def faults_of_vectors(family, setting, rng):
    """Compare integral, draws and moments with a rule within five standard errors."""
    member = family.make(*setting)
    draws = member.sample(fresh_key(), (NUM_DRAWS,))
    rule = family.rule(member, draws, rng)
    log_density = jax.jit(jax.vmap(lambda x: log_prob_of(member, x)))(rule.points)
    stated = stated_moments(member)
    ((total, total_error), *both), of_one_draw = integrals_by(rule, log_density)
    faults = set()
    if not abs(total - 1) < 5 * total_error + 1e-5:
        faults.add("integral")
    x = np.asarray(draws, float).reshape(NUM_DRAWS, -1)
    drawn = x.mean(0), ((x - x.mean(0)) ** 2).mean(0)
    sd = np.sqrt(both[1][0])
    for name, unit, (truth, error), of_draws, sd_of_one, given in zip(
        ("mean", "variance"), (sd, sd**2), both, drawn, of_one_draw, stated, strict=True
    ):
        rounding = 1e-5 * unit + 1e-7 * np.abs(truth) + 1e-28
        if not np.all(
            np.abs(of_draws - truth) <= 5 * np.hypot(error, sd_of_one / np.sqrt(NUM_DRAWS)) + rounding
        ):
            faults.add(f"draws' {name}")
        if given is not None and not np.all(np.abs(given.ravel() - truth) <= 5 * error + rounding):
            faults.add(name)
    return faults


FIRST = {family.rule: name for name, family in reversed(VECTORS.items())}
"""Rule -> the first family that it serves: these run slowly, the others weekly."""
MATRICES = [
    pytest.param(name, i, marks=pytest.mark.slow if not i and name in FIRST.values() else pytest.mark.weekly)
    for name in VECTORS
    for i in range(10)
]


@pytest.mark.usefixtures("x64", "broadcasting", "unoptimised")
@pytest.mark.parametrize(("name", "i"), MATRICES)
def test_members_over_vectors(name, i, rng):
    with np.errstate(all="ignore"):
        assert faults_of_vectors(VECTORS[name], VECTORS[name].settings[i], rng) == known(name, i)
