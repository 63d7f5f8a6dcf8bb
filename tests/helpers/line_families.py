"""Families of NumPyro on the line, each with ten settings and a reference of SciPy in float64."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpyro.distributions as dist
import scipy.special
from scipy import stats


class Family(NamedTuple):
    """How to make a family's members, what they should be, and the settings to try; the first is ordinary."""

    make: Callable[..., Any]
    reference: Callable[..., Any]
    settings: list[tuple]


class OnLine(stats.rv_continuous):
    """A distribution that SciPy lacks, by its quantile function, distribution function and log density."""

    def __init__(self, ppf, cdf, logpdf, low, high, isf=None):
        super().__init__(a=low, b=high)
        self._ppf, self._cdf, self._logpdf = ppf, cdf, logpdf
        if isf is not None:
            self._isf = isf

    def _pdf(self, x):
        return np.exp(self._logpdf(x))


def truncated(base, low, high):
    """Return a distribution of SciPy cut to an interval; each probability is counted from the nearer end."""
    upper = base.cdf(low) > 0.5
    mass = base.sf(low) - base.sf(high) if upper else base.cdf(high) - base.cdf(low)

    def ppf(u):
        return base.isf(base.sf(low) - u * mass) if upper else base.ppf(base.cdf(low) + u * mass)

    def isf(u):
        return (
            base.isf(base.sf(high) + u * mass)
            if base.cdf(high) > 0.5
            else base.ppf(base.cdf(high) - u * mass)
        )

    def cdf(x):
        return ((base.sf(low) - base.sf(x)) if upper else (base.cdf(x) - base.cdf(low))) / mass

    return OnLine(ppf, cdf, lambda x: base.logpdf(x) - np.log(mass), low, high, isf)


def power_law(alpha, low, high):
    """Return the density proportional to x^alpha on an interval."""
    log_ratio, one = np.log(high / low), alpha + 1

    def integral(log_x):  # of (x / low)^alpha d(x / low)
        return log_x if one == 0 else np.expm1(one * log_x) / one

    whole = integral(log_ratio)

    def ppf(u):
        return low * np.exp(u * whole if one == 0 else np.log1p(u * whole * one) / one)

    def logpdf(x):
        return alpha * np.log(x / low) - np.log(whole) - np.log(low)

    return OnLine(ppf, lambda x: integral(np.log(x / low)) / whole, logpdf, low, high)


def kumaraswamy(a, b):
    """Return the density a b x^(a - 1) (1 - x^a)^(b - 1) on (0, 1)."""
    return OnLine(
        lambda u: (-np.expm1(np.log1p(-u) / b)) ** (1 / a),
        lambda x: -np.expm1(b * np.log1p(-(x**a))),
        lambda x: np.log(a * b) + (a - 1) * np.log(x) + (b - 1) * np.log1p(-(x**a)),
        0.0,
        1.0,
        lambda u: (-np.expm1(np.log(u) / b)) ** (1 / a),
    )


def relaxed_bernoulli(temperature, logits):
    """Return the logistic function of a logistic variable."""
    base = stats.logistic(logits / temperature, 1 / temperature)
    return OnLine(
        lambda u: scipy.special.expit(base.ppf(u)),
        lambda x: base.cdf(scipy.special.logit(x)),
        lambda x: base.logpdf(scipy.special.logit(x)) - np.log(x) - np.log1p(-x),
        0.0,
        1.0,
        lambda u: scipy.special.expit(base.isf(u)),
    )


class Laplace(type(stats.laplace)):
    """SciPy's, whose log density is that of an underflowed density."""

    def _logpdf(self, x):
        return -np.abs(x) - np.log(2)


laplace = Laplace()
SCALES = [1.2, 1.0, 0.01, 100.0, 1e-10, 1e10, 1e-30, 1e30, 0.5, 3.0]
LOCATIONS = [(0.3, 1.2), (0.0, 1.0), (-5.0, 0.01), (1e3, 1.0), (0.0, 1e-10), (0.0, 1e10), (1e-10, 1e-10),
             (-1e6, 1e3), (1e10, 1e10), (2.0, 30.0)]  # fmt: skip
SHAPES = [2.0, 1.0, 0.5, 1e-1, 1e-2, 1e-3, 10.0, 100.0, 1e4, 1e6]
PAIRS = [(2.0, 3.0), (1.0, 1.0), (0.5, 0.5), (0.1, 5.0), (30.0, 0.2), (1e-2, 1e-2), (1e-3, 1.0), (1e2, 1e3),
         (1e5, 1e5), (1e6, 2.0)]  # fmt: skip


def scaled(values):
    return [(value,) for value in values]


def located(shapes):
    """Return ten (shape, loc, scale): each shape with another location and scale."""
    return [(shape, *place) for shape, place in zip(shapes, LOCATIONS, strict=True)]


CUTS = [(0.3, 1.2, -1.0, 2.0), (0.0, 1.0, 0.0, np.inf), (0.0, 1.0, -np.inf, 1.0), (0.0, 1.0, 4.0, 6.0),
        (0.0, 1.0, -7.0, -4.0), (1.1, 0.005, -1.0, 1.0), (0.0, 1.0, 9.0, np.inf), (0.0, 1.0, -1e-6, 1e-6),
        (0.0, 1e10, 0.0, 1e10), (0.0, 1.0, -np.inf, -9.0)]  # fmt: skip
"""Location, scale and the interval that is kept."""
GAMMA_CUTS = [(2.0, 3.0, 0.1, 1.0), (1.0, 1.0, 0.5, np.inf), (0.5, 1.0, 0.0, 2.0), (5.0, 1.0, 20.0, 30.0),
              (5.0, 1.0, 0.0, 0.1), (0.1, 1.0, 0.01, 0.1), (100.0, 1.0, 90.0, 110.0), (2.0, 1e-8, 1e7, 1e9),
              (2.0, 1e8, 1e-9, 1e-7), (5.0, 1.0, 50.0, np.inf)]  # fmt: skip


def cut(make):
    """Return a maker that leaves out the end of an interval that is infinite."""

    def made(*setting):
        *rest, low, high = setting
        ends = {"low": low, "high": high}
        return make(*rest, **{name: end for name, end in ends.items() if np.isfinite(end)})

    return made


def one_sided(make, base, settings):
    return Family(make, lambda loc, scale, low, high: truncated(base(loc, scale), low, high), settings)


LINE = {
    "AsymmetricLaplace": Family(
        dist.AsymmetricLaplace,
        lambda loc, scale, k: stats.laplace_asymmetric(k, loc, scale),
        [(*place, k) for place, k in zip(LOCATIONS, [2, 1, 0.5, 0.1, 10, 1, 3, 1e-2, 1e2, 1], strict=True)],
    ),
    "AsymmetricLaplaceQuantile": Family(
        dist.AsymmetricLaplaceQuantile,
        lambda loc, scale, q: stats.laplace_asymmetric(
            np.sqrt(q / (1 - q)), loc, scale / np.sqrt(q * (1 - q))
        ),
        [
            (*place, q)
            for place, q in zip(LOCATIONS, [0.3, 0.5, 0.9, 0.1, 0.5, 0.7, 0.2, 0.99, 0.01, 0.5], strict=True)
        ],
    ),
    "Beta": Family(dist.Beta, stats.beta, PAIRS),
    "BetaProportion": Family(
        dist.BetaProportion,
        lambda m, c: stats.beta(m * c, (1 - m) * c),
        [(0.4, 5.0), (0.5, 2.0), (0.5, 1.0), (0.1, 5.0), (0.99, 30.0), (0.5, 0.02), (1e-3, 1.0), (0.1, 1e3),
         (0.5, 2e5), (0.01, 1e6)],
    ),
    "Cauchy": Family(dist.Cauchy, stats.cauchy, LOCATIONS),
    "Chi2": Family(dist.Chi2, stats.chi2, scaled(SHAPES)),
    "Dagum": Family(
        lambda d, c, scale: dist.Dagum(concentration=d, sharpness=c, scale=scale),
        lambda d, c, scale: stats.burr(c, d, scale=scale),
        [(2.0, 3.0, 1.2), (1.0, 1.0, 1.0), (0.5, 2.5, 0.01), (0.1, 10.0, 100.0), (10.0, 0.5, 1.0),
         (5.0, 5.0, 1e-10), (5.0, 5.0, 1e10), (0.5, 30.0, 1.0), (30.0, 3.0, 1.0), (1.0, 2.5, 3.0)],
    ),
    "DoublyTruncatedPowerLaw": Family(
        dist.DoublyTruncatedPowerLaw,
        power_law,
        [(-2.0, 1.0, 5.0), (-1.0, 1.0, 5.0), (0.0, 1.0, 5.0), (3.0, 0.1, 1.0), (-5.0, 1e-3, 1e3),
         (-0.999, 1.0, 5.0), (-1.0001, 1.0, 100.0), (-2.0, 1e-6, 1e6), (10.0, 1.0, 2.0), (-2.0, 1.0, 1.001)],
    ),
    "Exponential": Family(dist.Exponential, lambda rate: stats.expon(scale=1 / rate), scaled(SCALES)),
    "FoldedDistribution": Family(
        lambda loc, scale: dist.FoldedDistribution(dist.Normal(loc, scale)),
        lambda loc, scale: stats.foldnorm(abs(loc) / scale, scale=scale),
        [(0.3, 1.2), (0.0, 1.0), (-2.0, 1.0), (-5.0, 1.0), (0.0, 1e-10), (0.0, 1e10), (1e-10, 1e-10),
         (3.0, 1.0),
         (1e10, 1e10), (2.0, 30.0)],
    ),
    "Gamma": Family(
        dist.Gamma,
        lambda a, b: stats.gamma(a, scale=1 / b),
        list(zip(SHAPES, [1.0, 3.0, 0.5, 1.0, 1.0, 1.0, 1e8, 1e-8, 1e4, 1e6], strict=True)),
    ),
    "Gompertz": Family(
        dist.Gompertz,
        lambda c, rate: stats.gompertz(c, scale=1 / rate),
        [(1.2, 1.0), (1.0, 1.0), (0.1, 0.5), (1e-3, 1.0), (1e-6, 1.0), (10.0, 1.0), (1e3, 1.0), (1.0, 1e8),
         (1.0, 1e-8), (0.5, 3.0)],
    ),
    "Gumbel": Family(dist.Gumbel, stats.gumbel_r, LOCATIONS),
    "HalfCauchy": Family(dist.HalfCauchy, lambda s: stats.halfcauchy(scale=s), scaled(SCALES)),
    "HalfNormal": Family(dist.HalfNormal, lambda s: stats.halfnorm(scale=s), scaled(SCALES)),
    "InverseGamma": Family(
        dist.InverseGamma,
        lambda a, b: stats.invgamma(a, scale=b),
        [(3.0, 2.0), (0.9, 1.0), (0.5, 1.0), (1.9, 1.0), (2.5, 1.0), (0.1, 1.0), (10.0, 1e8), (100.0, 1e-8),
         (1e4, 1e4), (1e6, 1e6)],
    ),
    "Kumaraswamy": Family(
        dist.Kumaraswamy,
        kumaraswamy,
        [(2.0, 3.0), (1.0, 1.0), (0.5, 0.5), (0.1, 5.0), (30.0, 0.2), (0.2, 0.2), (0.05, 1.0), (1e2, 1e3),
         (5.0, 1e5), (50.0, 2.0)],
    ),
    "Laplace": Family(dist.Laplace, laplace, LOCATIONS),
    "LeftTruncatedDistribution": one_sided(
        lambda loc, scale, low, _: dist.LeftTruncatedDistribution(dist.Normal(loc, scale), low),
        stats.norm,
        [(loc, scale, low, np.inf) for loc, scale, low in [
            (0.3, 1.2, 0.0), (0.0, 1.0, -5.0), (0.0, 1.0, 3.0), (0.0, 1.0, 4.5), (0.0, 1.0, 6.0),
            (0.0, 1.0, 9.0),
            (1.1, 0.005, 1.2), (0.0, 1e10, 1e10), (0.0, 1e-10, 1e-10), (0.0, 1.0, -40.0)]],
    ),
    "LeftTruncatedGamma": Family(
        lambda a, b, low: dist.LeftTruncatedGamma(dist.Gamma(a, b), low),
        lambda a, b, low: truncated(stats.gamma(a, scale=1 / b), low, np.inf),
        [(2.0, 3.0, 0.1), (1.0, 1.0, 0.5), (0.5, 1.0, 1e-3), (5.0, 1.0, 20.0), (5.0, 1.0, 50.0),
         (0.1, 1.0, 0.01),
         (100.0, 1.0, 90.0), (2.0, 1e-8, 1e7), (2.0, 1e8, 1e-9), (1e4, 1.0, 1e4)],
    ),
    "Levy": Family(dist.Levy, stats.levy, LOCATIONS),
    "Logistic": Family(dist.Logistic, stats.logistic, LOCATIONS),
    "LogNormal": Family(
        dist.LogNormal,
        lambda m, s: stats.lognorm(s, scale=np.exp(m)),
        [(0.3, 0.8), (0.0, 1.0), (-5.0, 0.01), (50.0, 1.0), (0.0, 3.0), (0.0, 1e-3), (-50.0, 1.0), (0.0, 5.0),
         (1.0, 0.1), (2.0, 2.0)],
    ),
    "LogUniform": Family(
        dist.LogUniform,
        stats.loguniform,
        [(0.5, 3.0), (1.0, 2.0), (1e-3, 1e3), (1e-10, 1e10), (1.0, 1.001), (1e-30, 1e-20), (1e20, 1e30),
         (1.0, 1e5), (0.1, 0.2), (100.0, 1e3)],
    ),
    "LowerTruncatedPowerLaw": Family(
        dist.LowerTruncatedPowerLaw,
        lambda alpha, low: stats.pareto(-alpha - 1, scale=low),
        [(-4.0, 1.0), (-2.0, 1.0), (-1.5, 1.0), (-1.1, 1.0), (-10.0, 1e-10), (-10.0, 1e10), (-100.0, 1.0),
         (-3.5, 0.01), (-5.0, 100.0), (-2.5, 1.0)],
    ),
    "Normal": Family(dist.Normal, stats.norm, LOCATIONS),
    "Pareto": Family(
        dist.Pareto,
        lambda scale, alpha: stats.pareto(alpha, scale=scale),
        [(1.0, 3.0), (1.0, 1.0), (1.0, 0.5), (1.0, 2.0), (1.0, 0.1), (1e-10, 9.0), (1e10, 9.0), (1.0, 100.0),
         (0.01, 2.5), (100.0, 4.0)],
    ),
    "RelaxedBernoulliLogits": Family(
        dist.RelaxedBernoulliLogits,
        relaxed_bernoulli,
        [(0.7, 0.3), (1.0, 0.0), (0.5, -2.0), (0.1, 0.0), (2.0, 5.0), (10.0, 0.0), (0.5, 3.0), (5.0, -5.0),
         (1.0, 8.0), (0.3, 0.1)],
    ),
    "RightTruncatedDistribution": one_sided(
        lambda loc, scale, _, high: dist.RightTruncatedDistribution(dist.Normal(loc, scale), high),
        stats.norm,
        [(loc, scale, -np.inf, high) for loc, scale, high in [
            (0.3, 1.2, 0.5), (0.0, 1.0, 5.0), (0.0, 1.0, -3.0), (0.0, 1.0, -4.5), (0.0, 1.0, -6.0),
            (0.0, 1.0, -9.0), (1.1, 0.005, 1.0), (0.0, 1e10, -1e10), (0.0, 1e-10, -1e-10), (0.0, 1.0, 40.0)]],
    ),
    "RightTruncatedGamma": Family(
        lambda a, b, high: dist.RightTruncatedGamma(dist.Gamma(a, b), high),
        lambda a, b, high: truncated(stats.gamma(a, scale=1 / b), 0.0, high),
        [(2.0, 3.0, 1.0), (1.0, 1.0, 0.5), (0.5, 1.0, 2.0), (5.0, 1.0, 20.0), (5.0, 1.0, 0.1),
         (0.1, 1.0, 0.01),
         (100.0, 1.0, 90.0), (2.0, 1e-8, 1e9), (2.0, 1e8, 1e-7), (1e4, 1.0, 1e4)],
    ),
    "SoftLaplace": Family(dist.SoftLaplace, stats.hypsecant, LOCATIONS),
    "StudentT": Family(
        dist.StudentT, stats.t, located([5.0, 1.0, 2.0, 0.5, 1.5, 3.0, 10.0, 0.1, 1e4, 1e8])
    ),
    "TruncatedCauchy": Family(
        cut(dist.TruncatedCauchy),
        lambda loc, scale, low, high: truncated(stats.cauchy(loc, scale), low, high),
        CUTS,
    ),
    "TruncatedGamma": Family(
        cut(dist.TruncatedGamma),
        lambda a, b, low, high: truncated(stats.gamma(a, scale=1 / b), low, high),
        GAMMA_CUTS,
    ),
    "TruncatedNormal": Family(
        cut(dist.TruncatedNormal),
        lambda loc, scale, low, high: stats.truncnorm((low - loc) / scale, (high - loc) / scale, loc, scale),
        CUTS,
    ),
    "TwoSidedTruncatedDistribution": Family(
        lambda loc, scale, low, high: dist.TwoSidedTruncatedDistribution(dist.Normal(loc, scale), low, high),
        lambda loc, scale, low, high: stats.truncnorm((low - loc) / scale, (high - loc) / scale, loc, scale),
        [(loc, scale, max(low, loc - 12 * scale),
         min(high, loc + 12 * scale)) for loc, scale, low, high in CUTS
         if scale != 0.005] + [(1.1, 0.005, 1.08, 1.12)],
    ),
    "TwoSidedTruncatedGamma": Family(
        lambda a, b, low, high: dist.TwoSidedTruncatedGamma(dist.Gamma(a, b), low, high),
        lambda a, b, low, high: truncated(stats.gamma(a, scale=1 / b), low, high),
        [(a, b, low, 1e2 if high == np.inf else high) for a, b, low, high in GAMMA_CUTS],
    ),
    "Uniform": Family(
        dist.Uniform,
        lambda low, high: stats.uniform(low, high - low),
        [(-0.5, 1.2), (0.0, 1.0), (-1e10, 1e10), (0.0, 1e-10), (1e3, 1e3 + 1), (0.0, 1e30), (-1e-30, 1e-30),
         (5.0, 6.0), (-100.0, -99.0), (0.0, 3.0)],
    ),
    "VonMises": Family(
        dist.VonMises,
        lambda loc, k: stats.vonmises(k, loc),
        [(0.0, 2.0), (0.0, 1.0), (0.0, 1e-3), (0.0, 1e-8), (0.0, 10.0), (0.0, 100.0), (0.0, 1e3), (0.0, 1e4),
         (0.0, 1e6), (0.0, 0.3)],
    ),
    "Weibull": Family(
        dist.Weibull,
        lambda scale, k: stats.weibull_min(k, scale=scale),
        [(1.2, 2.0), (1.0, 1.0), (1.0, 0.5), (1.0, 0.1), (1e-10, 5.0), (1e10, 5.0), (1.0, 100.0), (0.01, 1.5),
         (100.0, 3.0), (1.0, 10.0)],
    ),
}  # fmt: skip


COUNTS_PROBS = [(0.3, 10), (0.5, 1), (0.0, 5), (1.0, 5), (1e-3, 1000), (0.999, 1000), (0.5, 10_000),
                (1e-6, 10),
                (0.9, 30), (0.2, 100)]  # fmt: skip
PROBS = [0.3, 0.5, 0.0, 1.0, 1e-3, 0.999, 1e-6, 0.9, 0.1, 0.7]
LOGITS = [-0.8, 0.0, 3.0, -3.0, 10.0, -10.0, 0.5, 1.0, -20.0, 20.0]
TABLES = [[0.2, 0.5, 0.3], [0.5, 0.5], [1.0, 0.0], [0.0, 0.5, 0.5], [0.9, 0.05, 0.05], [1e-6, 1 - 1e-6],
          [0.1] * 10, [0.01] * 100, [0.3, 0.7], [0.25, 0.0, 0.0, 0.75]]  # fmt: skip


class Counts(NamedTuple):
    """Probabilities of consecutive whole numbers, all but 1e-12 of the mass: sums in float64."""

    low: int
    probabilities: np.ndarray
    base: Any = None

    @property
    def values(self):
        return self.low + np.arange(len(self.probabilities))

    def logpmf(self, x):
        """Evaluate the law of SciPy that was tabulated, or look up the table, which is then whole."""
        if self.base is not None:
            return self.base.logpmf(x)
        index = np.asarray(x, int) - self.low
        known = np.clip(index, 0, len(self.probabilities) - 1)
        with np.errstate(divide="ignore"):
            return np.log(np.where(index == known, self.probabilities[known], 0.0))

    def cdf(self, x):
        index = np.clip(np.asarray(x, int) - self.low, -1, len(self.probabilities) - 1)
        return np.append(0.0, np.cumsum(self.probabilities))[index + 1]

    def ppf(self, u):
        return self.low + np.searchsorted(np.cumsum(self.probabilities) * (1 - 1e-15), u)

    def mean(self):
        return self.probabilities @ self.values / self.probabilities.sum()

    def var(self):
        return self.probabilities @ np.square(self.values - self.mean()) / self.probabilities.sum()


MOST_COUNTS = 200_000


def table(probs):
    return Counts(0, np.asarray(probs, float))


def counts(base):
    """Tabulate a law of counts of SciPy."""
    low, high = base.support()
    mean, sd = base.mean(), base.std()
    first = int(max(low, np.floor(mean - 40 * sd - 50)))
    last = int(min(high, np.ceil(mean + 60 * sd + 50), first + MOST_COUNTS))
    return Counts(first, base.pmf(np.arange(first, last + 1)), base)


def counted(make):
    return lambda *setting: counts(make(*setting))


def inflated(base, gate):
    """Return zero with the probability of the gate, else a draw."""
    plain = counts(base)
    return Counts(plain.low, gate * (plain.values == 0) + (1 - gate) * plain.probabilities)


def hurdle(base, gate):
    """Return zero with the probability of the gate, else a draw that is not zero."""
    plain = counts(base)
    positive = np.where(plain.values == 0, 0.0, plain.probabilities)
    return Counts(plain.low, gate * (plain.values == 0) + (1 - gate) * positive / positive.sum())


GATES = [0.3, 0.5, 0.1, 0.9, 1e-3, 0.999, 0.2, 0.7, 1e-6, 0.4]
RATES = [2.0, 1.0, 10.0, 0.1, 100.0, 0.5, 0.2, 30.0, 5.0, 3.0]
GATED = list(zip(GATES, RATES, strict=True))
NEGATIVE = [(5.0, 0.3), (1.0, 0.5), (0.5, 0.9), (100.0, 0.1), (1e4, 0.5), (1e-2, 0.5), (3.0, 1e-3),
            (10.0, 0.99),
            (2.5, 0.7), (1e6, 1e-6)]  # fmt: skip


def sigmoid(x):
    return scipy.special.expit(x)


DISCRETE = {
    "BernoulliLogits": Family(
        dist.BernoulliLogits, counted(lambda x: stats.bernoulli(sigmoid(x))), scaled(LOGITS)
    ),
    "BernoulliProbs": Family(dist.BernoulliProbs, counted(stats.bernoulli), scaled(PROBS)),
    "BetaBinomial": Family(
        lambda a, b, n: dist.BetaBinomial(a, b, n),
        counted(lambda a, b, n: stats.betabinom(n, a, b)),
        [(2.0, 3.0, 10), (1.0, 1.0, 5), (0.5, 0.5, 20), (0.1, 5.0, 30), (30.0, 0.2, 4), (1e-2, 1e-2, 10),
         (1e-3, 1.0, 5), (1e2, 1e3, 100), (1e4, 1e4, 1000), (5.0, 2.0, 1)],
    ),
    "BetaNegativeBinomial": Family(
        dist.BetaNegativeBinomial,
        counted(lambda a, b, n: stats.betanbinom(n, b, a)),
        [(2.0, 10.0, 3.0), (1.0, 12.0, 1.0), (0.5, 9.0, 2.0), (5.0, 20.0, 10.0), (0.2, 30.0, 4.0),
         (1e-2, 15.0, 3.0),
         (1.0, 10.0, 5.0), (1e3, 1e2, 10.0), (30.0, 12.0, 1.0), (2.0, 16.0, 2.0)],
    ),
    "BinomialLogits": Family(
        dist.BinomialLogits,
        counted(lambda x, n: stats.binom(n, sigmoid(x))),
        [(x, n) for x, n in zip(LOGITS, [10, 1, 5, 5, 1000, 1000, 10_000, 10, 30, 100], strict=True)],
    ),
    "BinomialProbs": Family(dist.BinomialProbs, counted(lambda p, n: stats.binom(n, p)), COUNTS_PROBS),
    "CategoricalLogits": Family(
        lambda *p: dist.CategoricalLogits(np.log(np.maximum(np.array(p), 1e-30))),
        lambda *p: table(np.maximum(np.array(p), 1e-30)),
        [tuple(p) for p in TABLES],
    ),
    "CategoricalProbs": Family(lambda *p: dist.CategoricalProbs(np.array(p)), lambda *p: table(np.array(p)),
                               [tuple(p) for p in TABLES]),
    "DiscreteUniform": Family(
        dist.DiscreteUniform,
        counted(lambda low, high: stats.randint(low, high + 1)),
        [(0, 5), (0, 1), (3, 3), (-5, 5), (0, 1000), (-100, -90), (10, 12), (0, 2), (7, 20), (1, 6)],
    ),
    "GammaPoisson": Family(
        dist.GammaPoisson,
        counted(lambda a, b: stats.nbinom(a, b / (1 + b))),
        [(2.0, 1.0), (1.0, 3.0), (0.5, 0.5), (0.1, 1.0), (1e-2, 1.0), (10.0, 1e-2), (10.0, 10.0),
         (100.0, 1.0),
         (1e4, 1e3), (5.0, 1e2)],
    ),
    "GeometricLogits": Family(
        dist.GeometricLogits, counted(lambda x: stats.geom(sigmoid(x), -1)),
        scaled([-0.8, 0.0, 3.0, -3.0, 10.0, -8.0, 0.5, 1.0, -2.0, 2.0]),
    ),
    "GeometricProbs": Family(
        dist.GeometricProbs, counted(lambda p: stats.geom(p, -1)),
        scaled([0.3, 0.5, 1.0, 1e-3, 0.999, 0.9, 0.1, 0.01, 0.7, 1e-4]),
    ),
    "HurdlePoisson": Family(
        dist.HurdlePoisson, lambda gate, rate: hurdle(stats.poisson(rate), gate), GATED,
    ),
    "HurdleProbs": Family(
        lambda gate, rate: dist.HurdleProbs(dist.Poisson(rate), gate),
        lambda gate, rate: hurdle(stats.poisson(rate), gate), GATED,
    ),
    "HurdleLogits": Family(
        lambda gate, rate: dist.HurdleLogits(dist.Poisson(rate), np.log(gate / (1 - gate))),
        lambda gate, rate: hurdle(stats.poisson(rate), gate), GATED,
    ),
    "HurdleNegativeBinomial2": Family(
        lambda gate, mean: dist.HurdleNegativeBinomial2(gate, mean, 2.0),
        lambda gate, mean: hurdle(stats.nbinom(2.0, 2.0 / (2.0 + mean)), gate), GATED,
    ),
    "NegativeBinomial2": Family(
        dist.NegativeBinomial2,
        counted(lambda mean, c: stats.nbinom(c, c / (c + mean))),
        [(2.0, 3.0), (1.0, 1.0), (10.0, 0.5), (0.1, 5.0), (100.0, 10.0), (1e-3, 1.0), (5.0, 1e4), (30.0, 0.1),
         (3.0, 1e6), (1e3, 1e2)],
    ),
    "NegativeBinomialLogits": Family(
        lambda n, p: dist.NegativeBinomialLogits(n, np.log(p / (1 - p))),
        counted(lambda n, p: stats.nbinom(n, 1 - p)), NEGATIVE,
    ),
    "NegativeBinomialProbs": Family(
        dist.NegativeBinomialProbs, counted(lambda n, p: stats.nbinom(n, 1 - p)), NEGATIVE
    ),
    "OrderedLogistic": Family(
        lambda x, a, b: dist.OrderedLogistic(x, np.array([a, b])),
        lambda x, a, b: table(np.diff(np.concatenate([[0.0], sigmoid(np.array([a, b]) - x), [1.0]]))),
        [(0.3, -1.0, 1.0), (0.0, 0.0, 1.0), (5.0, -1.0, 1.0), (-5.0, -1.0, 1.0), (0.0, -10.0, 10.0),
         (10.0, -1.0, 1.0), (0.0, 0.0, 0.01), (1.0, 0.0, 5.0), (-2.0, -3.0, 3.0), (20.0, 19.0, 21.0)],
    ),
    "Poisson": Family(
        dist.Poisson, counted(stats.poisson), scaled([2.0, 1.0, 0.0, 10.0, 0.1, 100.0, 1e-3, 1e4, 1e6, 5.0])
    ),
    "ZeroInflatedLogits": Family(
        lambda gate, rate: dist.ZeroInflatedLogits(dist.Poisson(rate), np.log(gate / (1 - gate))),
        lambda gate, rate: inflated(stats.poisson(rate), gate), GATED,
    ),
    "ZeroInflatedNegativeBinomial2": Family(
        lambda gate, mean: dist.ZeroInflatedNegativeBinomial2(mean, 2.0, gate=gate),
        lambda gate, mean: inflated(stats.nbinom(2.0, 2.0 / (2.0 + mean)), gate), GATED,
    ),
    "ZeroInflatedPoisson": Family(
        dist.ZeroInflatedPoisson, lambda gate, rate: inflated(stats.poisson(rate), gate), GATED,
    ),
    "ZeroInflatedProbs": Family(
        lambda gate, rate: dist.ZeroInflatedProbs(dist.Poisson(rate), gate),
        lambda gate, rate: inflated(stats.poisson(rate), gate), GATED,
    ),
}  # fmt: skip
"""Families of counts; a table of probabilities is a setting."""
