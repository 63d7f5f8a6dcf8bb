"""Hold every family of NumPyro to SciPy and to quadrature: density, moments, draws, support under ``jit``.

What NumPyro gets wrong stands in ``FAULTS``, by family and setting. jgen repairs, flags or refuses it where that is
said there.
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

NUM_DRAWS = 20_000
DKW = np.sqrt(np.log(2 / 1e-6) / (2 * NUM_DRAWS))
"""So far may an empirical distribution function of that many draws be from the truth, but once in a million."""
FACTORIES = set(
    "Bernoulli Binomial Categorical Geometric HurdleDistribution Multinomial NegativeBinomial RelaxedBernoulli "
    "TruncatedDistribution ZeroInflatedDistribution".split()
)
"""They make members of families that are checked."""
WRAPPERS = set(
    "Delta Distribution ExpandedDistribution Independent MaskedDistribution Mixture MixtureGeneral "
    "MixtureSameFamily TransformedDistribution Unit".split()
)
"""They have the draws, the density and the moments of what they are given."""
NO_DENSITIES = set(
    "ImproperUniform IntervalCensoredDistribution LeftCensoredDistribution RightCensoredDistribution".split()
)
"""Their log densities are not normalised over their values."""
CUT = type(scipy.stats.truncnorm) | type(scipy.stats.foldnorm)
"""Families of SciPy whose moments cancel."""
VECTORS = {}


def test_every_family_has_settings():
    """A family that NumPyro adds fails here until it has settings or a reason to have none."""
    names = {name for name in dist.__all__ if callable(getattr(dist, name)) and name[0].isupper()}
    assert names == {*LINE, *DISCRETE, *VECTORS, *FACTORIES, *WRAPPERS, *NO_DENSITIES}
        NO_DENSITIES
    )
    assert all(len(family.settings) == 10 for family in (LINE | DISCRETE | VECTORS).values())


def found_moments(member):
    try:
        return [float(x) for x in moments(member)]
    except NotImplementedError:
        return None


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
    if (found := found_moments(member)) is None:
        return set()
    (mean, variance), limits = true_moments(reference), np.finfo(np.asarray(jnp.zeros(())).dtype)
    margin = tolerance * np.sqrt(variance) + 4 * limits.eps * abs(mean)
    faults = set()
    if not (abs(found[0] - mean) <= margin if np.isfinite(mean) else not np.isfinite(found[0])):
        faults.add("mean")
    if variance == 0 or limits.tiny < variance < limits.max:
        if not abs(found[1] - variance) <= tolerance * variance:
            faults.add("variance")
    elif not np.isfinite(variance) and np.isfinite(found[1]):
        faults.add("variance")
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
    if not np.all(np.abs(found - truth) < DKW / 2):
        faults.add("density")
    draws = member.sample(fresh_key(), (NUM_DRAWS,))
    is_flagged = checks_draws(member) and bool(jax.vmap(is_misplaced, (None, 0))(member, draws).any())
    is_right = gap(np.asarray(draws, float), reference) < DKW
    if not (is_right or is_flagged or fault_of_draws(member)):
        faults.add("draws")
    if isinstance(reference, Counts) or draws.dtype != np.float32:
        return faults
    outside = [x for x in (np.float32(-1e30), np.float32(2e30)) if not member.support(x)]
    again = jax.jit(lambda member, x: log_prob_of(member, x))
    if not all(again(member, x) == -jnp.inf for x in outside):
        faults.add("support")
    return faults


def gap(draws, reference):
    """Return the largest gap between the empirical and the true distribution function."""
    values, first = np.unique(np.sort(draws), return_index=True)
    last = np.append(first[1:], len(draws)) / len(draws)
    truth = reference.cdf(values)
    below = truth if isinstance(reference, Counts) else first / len(draws)
    return max(np.abs(last - truth).max(), (truth - below).max())


FAULTS = {}

ROWS = [(name, i) for name, family in (LINE | DISCRETE).items() for i in range(len(family.settings))]


@pytest.mark.parametrize(("name", "i"), ROWS)
def test_members_of_a_family(name, i):
    family = (LINE | DISCRETE)[name]
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of SciPy, at extremes
        found = {"64 " + f for f in faults_in_float64(family, family.settings[i])}
        found |= {"32 " + f for f in faults_in_float32(family, family.settings[i])}
    assert found <= FAULTS.get((name, i), set()), found
