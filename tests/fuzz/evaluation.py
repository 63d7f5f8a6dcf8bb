"""Evaluation: results, mode coverage, estimates of log Z, against NumPy and SciPy in float64."""

import jax.numpy as jnp
import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import logsumexp, stdtrit

from jgen import evaluation
from jgen.evaluation import evidence
from jgen.sampling.chains import Cost
from jgen.sampling.driver import Run
from jgen.types import DrawKind, Draws
from tests.fuzz import diagnostics
from tests.helpers.fuzz import Row
from tests.helpers.skewed_interval import skewed_sides

RADIUS, BETAS = 0.8, np.linspace(0, 1, 5)


def require(condition):
    if not np.all(condition):
        raise ValueError("outside of the domain")


def mode_coverage(draws, centres):
    require(draws.ndim == centres.ndim == 2 and draws.shape[1] == centres.shape[1])
    require(draws.size and centres.size)
    distance = cdist(draws, centres)
    near = distance.min(1) <= RADIUS
    counts = np.bincount(distance[near].argmin(1), minlength=len(centres))
    least = max(1, np.ceil(len(draws) / len(centres) / 10))
    return (counts >= least).sum(), counts.sum() / len(draws), counts


def interval(values):
    require(values.ndim == 1 and values.size)
    mean = values.mean()
    error = np.nan
    if values.size > 1:
        size = np.abs(values[np.isfinite(values)]).max(initial=0)
        unit = size if size > 0 else 1.0
        error = unit * (values / unit).std(ddof=1) / np.sqrt(values.size)
    if not np.isfinite(error):
        return mean, np.nan, np.nan
    below, above = skewed_sides(values)
    return mean, mean - below * error, mean + above * error


def result_of(values):
    return evaluation.mean_result(values, "one number each", {})


def compare(a, b):
    (first, a_low, a_high), (second, b_low, b_high) = interval(a), interval(b)
    freedoms = np.array([a.size - 1, b.size - 1])
    quantiles = stdtrit(freedoms, 0.975)
    errors = np.array([a_high - a_low, b_high - b_low]) / 2 / quantiles
    shares = errors / errors.max() if errors.max() > 0 else np.ones(2)  # squares of small errors underflow
    dof = (shares**2).sum() ** 2 / (shares**4 / freedoms).sum()
    below = np.hypot((first - a_low) / quantiles[0], (b_high - second) / quantiles[1])
    above = np.hypot((a_high - first) / quantiles[0], (second - b_low) / quantiles[1])
    difference, quantile = first - second, stdtrit(dof, 0.975)
    return difference, difference - quantile * below, difference + quantile * above


def against_best(a, b):
    require(a.shape == b.shape)
    means = np.array([interval(x)[0] for x in (a, b)])
    best = (a, b)[int(np.nan_to_num(means[1], nan=-np.inf) > np.nan_to_num(means[0], nan=-np.inf))]
    return [interval(x)[:3] for x in (a, b)], [interval(x - best) for x in (a, b)]


def call_against_best(a, b):
    rows = evaluation.against_best({"a": a, "b": b}, "one number each", {})
    return [row["mean"][:3] for row in rows.values()], [row["minus best"][:3] for row in rows.values()]


def run_of(draws):
    return Run(Draws(draws, {}, None, DrawKind.MARKOV), {}, None, Cost(100, 100), Cost(0, 0))


def evaluate_draws(draws):
    require(draws.ndim >= 2 and draws.size == 2 * draws.shape[0] * draws.shape[1])
    require(draws.size)
    draws = draws.reshape(*draws.shape[:2], 2)
    errors = np.array([diagnostics.mcse_between(draws[..., i]) for i in range(2)])
    means = draws.reshape(-1, 2).mean(0)
    mixing = np.array([diagnostics.rhat(draws[..., i]) for i in range(2)])
    return (np.abs(means) / errors).max(), (1 / errors**2).min(), mixing.max()


def call_evaluate_draws(draws):
    row = evaluation.evaluate_draws(run_of(draws), seconds=1.0, mean=np.zeros(2), variance=np.ones(2))
    return row["error (MCSEs)"], row["ESS"], row["R-hat"]


def ladder(rng):
    return {"log_ratio": rng.normal(size=(4, 20, 5)).cumsum(2)}


def check_ladder(log_ratio):
    require(log_ratio.ndim == 3 and log_ratio.shape[0] >= 4 and log_ratio.shape[2] == 5)
    require(log_ratio.shape[1] >= 1)


def stones(log_ratio):
    rise = np.diff(BETAS)
    return (logsumexp(rise * log_ratio[..., :-1], axis=(0, 1)) - np.log(log_ratio[..., 0].size)).sum()


def jackknife(log_ratio, estimate):
    n = len(log_ratio)
    without = np.array([estimate(np.delete(log_ratio, i, 0)) for i in range(n)])
    return estimate(log_ratio), np.sqrt((n - 1) * without.var())


def stepping_stones(log_ratio):
    check_ladder(log_ratio)
    value, error = jackknife(log_ratio, stones)
    half = stdtrit(len(log_ratio) - 1, 0.975) * error
    return value, value - half, value + half


def draws_of_ladder(log_ratio):
    return Draws(np.zeros(np.shape(log_ratio)[:2]), {"log_ratio": log_ratio}, None, DrawKind.MARKOV)


def two_samples(rng):
    return {"a": rng.normal(size=30), "b": rng.normal(size=30)}


ROWS = {
    "evaluation.mode_coverage": Row(
        lambda draws, centres: tuple(evaluation.mode_coverage(draws, centres, RADIUS))[:3],
        mode_coverage,
        lambda rng: {"draws": rng.normal(size=(60, 2)), "centres": rng.normal(size=(3, 2))},
        is_wide=True,
    ),
    "evaluation.mean_result": Row(
        lambda values: tuple(result_of(values)[:3]),
        interval,
        lambda rng: {"values": rng.normal(size=30)},
        is_wide=True,
    ),
    "evaluation.compare": Row(
        lambda a, b: tuple(evaluation.compare(result_of(a), result_of(b))[:3]),
        compare,
        two_samples,
        is_wide=True,
    ),
    "evaluation.against_best": Row(call_against_best, against_best, two_samples, is_wide=True),
    "evaluation.evaluate_draws": Row(
        call_evaluate_draws,
        evaluate_draws,
        lambda rng: {"draws": rng.normal(size=(4, 25, 2))},
        is_wide=True,
        steps=256,
    ),
    "evaluation.evidence.stepping_stones": Row(
        lambda log_ratio: tuple(
            evidence.stepping_stones(draws_of_ladder(log_ratio), jnp.asarray(BETAS, jnp.float32))[:3]
        ),
        stepping_stones,
        ladder,
        least_unit=1.0,
        steps=100,
    ),
}
