"""Statistics of log-weights, against NumPy, SciPy and ArviZ in float64."""

import math
import warnings

import jax
import numpy as np
from scipy.special import logsumexp, softmax

from jgen import diagnostics
from jgen.diagnostics import weights
from jgen.types import DrawKind, Draws
from tests.helpers.arviz import arviz_before_1
from tests.helpers.fuzz import Row
from tests.helpers.skewed_interval import skewed_sides

SIZE = 60
LEAST = float(np.finfo(np.float32).tiny)


def log_weights(rng, size=SIZE):
    return {"log_weight": rng.choice([0.3, 1.0, 3.0]) * rng.normal(size=size)}


def pairs(rng):
    return {"value": rng.normal(size=(SIZE, 2)), **log_weights(rng)}


def populations(rng):
    return {"value": rng.normal(size=(5, 12, 2)), **log_weights(rng, (5, 12))}


def kish_ess(log_weight):
    top = log_weight.max(initial=-np.inf)
    if top == -np.inf:
        return 0.0
    w = np.exp(log_weight - top)
    return w.sum() ** 2 / np.square(w).sum()


def log_mean_exp(log_weight):
    if log_weight.size == 0:
        raise ValueError("at least one")
    flat, n = log_weight.ravel(), log_weight.size
    top = flat.max()
    if top == -np.inf:
        return -np.inf, np.inf
    if np.isnan(top):
        return np.nan, np.nan
    w = np.exp(flat - top)
    value = np.log(w.mean()) + top if np.isfinite(top) else top
    return value, w.std(ddof=1) / w.mean() / np.sqrt(n) if n > 1 else np.nan


def shape_of_tail(log_weight, tiny=float(np.finfo(np.float64).tiny)):  # noqa: B008
    """Fit by ArviZ; jgen's own rules are for tails of few weights and of ties at the largest."""
    if log_weight.ndim != 1:
        raise ValueError("[n]")
    n = log_weight.size
    if np.isnan(log_weight).any():
        return np.nan
    num_tail = math.ceil(min(n / 5, 3 * math.sqrt(n)))
    top = log_weight.max(initial=-np.inf)
    if num_tail < 5 or num_tail >= n or top == -np.inf:
        return np.inf
    if np.isinf(top):
        return np.inf
    cutoff = np.sort(log_weight)[-num_tail - 1]
    if cutoff == top:
        return -np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cutoff = max(cutoff - top, np.log(tiny))
        above = np.sort(log_weight - top)[-num_tail:]
        above = above[above > cutoff]
        if len(above) < 5:
            return np.inf
        return arviz_before_1().stats.stats._gpdfit(np.exp(cutoff) * np.expm1(above - cutoff))[0]


def sides(log_weight):
    """Return the sides of the interval, corrected for the skewness of weights that are finite."""
    top = log_weight.max()
    return skewed_sides(np.exp(log_weight - top) if np.isfinite(top) else np.ones(log_weight.size))


def evidence(log_weight):
    value, error = log_mean_exp(log_weight)
    flat, n = log_weight.ravel(), log_weight.size
    k = shape_of_tail(flat) if n >= 25 else None
    below, above = sides(flat) if n > 1 else (np.nan, np.nan)
    low, high = value - below * error, np.inf if error == np.inf else value + above * error
    flags = int(not np.isfinite(error))
    if (k is not None and k > 0.7) or (n > 1 and 0 < kish_ess(flat) < 2):
        low, high, flags = value - np.log(20), np.abs(value) + np.inf, 1
    return value, low, high, flags


def result_numbers(result):
    return result.value, result.low, result.high, len(result.flags)


def self_normalised_mean(value, log_weight):
    if log_weight.ndim != 1 or value.shape[:1] != log_weight.shape:
        raise ValueError("[n]")
    if not log_weight.size:
        return (np.full(value.shape[1:], np.nan),) * 2
    w = softmax(log_weight)
    w = np.where(w < LEAST, 0.0, w).reshape(-1, *(1,) * (value.ndim - 1))
    centre = value[np.argmax(log_weight)][None]
    offset = np.where(w == 0, 0.0, value - centre)
    mean = (w * offset).sum(0)
    spread = offset - mean[None]
    unit = np.abs(np.where(np.isfinite(spread), spread, 0)).max(0, initial=0)
    unit = np.where(unit > 0, unit, 1.0)
    error = unit * np.sqrt(np.square(w * spread / unit).sum(0))
    return centre[0] + mean, error if len(value) > 1 else np.full_like(error, np.nan)


def population_mean(value, log_weight):
    axis = log_weight.ndim - 1
    if not log_weight.ndim or value.shape[: axis + 1] != log_weight.shape:
        raise ValueError("[*run, particle]")
    w = softmax(log_weight, axis=-1) if log_weight.size else log_weight
    w = np.where(w < LEAST, 0.0, w)
    w = w.reshape(*w.shape, *(1,) * (value.ndim - w.ndim))
    found = np.where(w == 0, 0.0, w * value).sum(axis)
    return found if log_weight.shape[axis] else np.full_like(found, np.nan)


def population_log_weight(log_weight):
    if not log_weight.ndim:
        raise ValueError("[*run, particle]")
    if not log_weight.shape[-1]:
        return np.full(log_weight.shape[:-1], np.nan)
    return logsumexp(log_weight, axis=-1) - np.log(log_weight.shape[-1])


def self_normalised(log_weight):
    if log_weight.size and (log_weight == -np.inf).all():
        return np.full_like(log_weight, np.nan)
    return softmax(log_weight) if log_weight.size else log_weight


def keyed(rng):
    return {"seed": int(rng.integers(2**31)), **log_weights(rng, 20)}


def points_of(scheme, seed, n):
    """Return the points in [0, n), of the uniform numbers that the scheme draws in float32."""
    key = jax.random.key(seed)
    if scheme == "multinomial":
        whole_key, key = jax.random.split(key)
        whole = np.asarray(jax.random.randint(whole_key, (n,), 0, n))
    else:
        whole = np.arange(n)
    shape = () if scheme == "systematic" else (n,)
    return whole + np.asarray(jax.random.uniform(key, shape, np.float32), np.float64)


def resampled(scheme):
    def reference(seed, log_weight):
        if log_weight.ndim != 1 or not log_weight.size or not (log_weight < np.inf).all():
            raise ValueError("[particle]")
        n = log_weight.size
        if (log_weight == -np.inf).all():
            return np.arange(n)
        ends = n * softmax(log_weight).cumsum()
        index = np.searchsorted(ends / ends[-1] * n, points_of(scheme, seed, n), side="right")
        return np.minimum(index, np.flatnonzero(log_weight > -np.inf)[-1])

    def call(seed, log_weight):
        return getattr(weights, scheme)(jax.random.key(seed), log_weight)

    return Row(call, reference, keyed, is_x32=True)


def weighted(draws, log_weight):
    return Draws(draws, {}, log_weight, DrawKind.WEIGHTED)


def of_weighted(draws, log_weight):
    """Return sd and mcse of weighted draws ``[chain, draw]``."""
    if draws.ndim < 2 or draws.shape[:2] != log_weight.shape:
        raise ValueError("[chain, draw]")
    if not log_weight.size:
        raise ValueError("a weight")
    value, flat = draws.reshape(log_weight.size, -1), log_weight.ravel()
    w = softmax(flat)[:, None]
    w = np.where(w < LEAST, 0.0, w)
    _, error = self_normalised_mean(value, flat)
    centred = np.where(w == 0, 0.0, value - value[np.argmax(flat)][None])
    apart = centred - (w * centred).sum(0)
    unit = np.abs(np.where(np.isfinite(apart), apart, 0)).max(0, initial=0)
    unit = np.where(unit > 0, unit, 1.0)
    return {"sd": unit * np.sqrt((w * np.square(apart / unit)).sum(0)), "mcse": error}


def summarised(draws, log_weight):
    table = diagnostics.summary(weighted(draws, log_weight)).table
    return {"sd": table["sd"], "mcse": table["mcse"]} if table else {}


def float_row(bits):
    dtype = np.dtype(f"float{bits}")

    def narrowed(x):
        with np.errstate(over="ignore"):
            return np.asarray(x).astype(dtype)

    return Row(
        lambda log_weight: weights.pareto_k(narrowed(log_weight)),
        lambda log_weight: shape_of_tail(narrowed(log_weight).astype(np.float64), np.finfo(dtype).tiny),
        log_weights, is_wide=bits == 64, is_free=True, steps=256,
    )  # fmt: skip


ROWS = {
    "diagnostics.weights.kish_ess": Row(weights.kish_ess, kish_ess, log_weights, is_wide=True, is_free=True),
    "diagnostics.weights.log_mean_exp_with_error": Row(
        weights.log_mean_exp_with_error, log_mean_exp, log_weights, is_wide=True, least_unit=1.0, steps=SIZE
    ),
    "diagnostics.weights.log_evidence": Row(
        lambda log_weight: result_numbers(weights.log_evidence(log_weight)),
        evidence,
        log_weights,
        is_wide=True,
        least_unit=1.0,
        steps=SIZE,
    ),
    "diagnostics.log_evidence": Row(
        lambda log_weight: result_numbers(
            diagnostics.log_evidence(weighted(np.zeros(np.shape(log_weight)), log_weight))
        ),
        evidence,
        lambda rng: log_weights(rng, (4, 15)),
        is_wide=True,
        least_unit=1.0,
        steps=SIZE,
    ),
    "diagnostics.summary, weighted": Row(
        summarised,
        of_weighted,
        lambda rng: {"draws": rng.normal(size=(4, 15)), **log_weights(rng, (4, 15))},
        is_wide=True,
        is_free=True,
    ),
    "diagnostics.weights.pareto_k, 32 bits": float_row(32),
    "diagnostics.weights.pareto_k, 64 bits": float_row(64),
    "diagnostics.weights.self_normalised": Row(
        weights.self_normalised, self_normalised, log_weights, is_wide=True, is_free=True, rounds_to_zero=True
    ),
    "diagnostics.weights.self_normalised_mean": Row(
        weights.self_normalised_mean, self_normalised_mean, pairs, is_wide=True
    ),
    "diagnostics.weights.population_mean": Row(
        weights.population_mean, population_mean, populations, is_wide=True
    ),
    "diagnostics.weights.population_log_weight": Row(
        weights.population_log_weight,
        population_log_weight,
        lambda rng: log_weights(rng, (5, 12)),
        is_wide=True,
        least_unit=1.0,
    ),
    **{
        f"diagnostics.weights.{scheme}": resampled(scheme)
        for scheme in ("systematic", "stratified", "multinomial")
    },
}
