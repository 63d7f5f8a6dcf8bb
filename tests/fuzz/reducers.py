"""Reducers, folded over draws, against NumPy in float64."""

import jax.numpy as jnp
import numpy as np

from jgen.sampling import reducers
from jgen.types import DrawKind, Draws
from tests.fuzz import diagnostics, weights
from tests.helpers.fuzz import Row, Unbuildable
from tests.helpers.reducer_folds import run

CHAINS, DRAWS = 4, 24


def two_coordinates(rng):
    return {"draws": rng.normal(size=(CHAINS, DRAWS, 2)).cumsum(1)}


def one_coordinate(rng):
    return {"draws": rng.normal(size=(CHAINS, DRAWS)).cumsum(1)}


def with_weights(rng):
    return two_coordinates(rng) | {"log_weight": rng.normal(size=(CHAINS, DRAWS))}


def folded(make, draws, log_weight=None, info=None):
    """Fold draws ``[chain, draw, *event]`` as the driver does."""
    by_step = [None if x is None else jnp.asarray(x).swapaxes(0, 1) for x in (draws, log_weight, info)]
    kind = DrawKind.MARKOV if log_weight is None else DrawKind.WEIGHTED
    facts = {} if info is None else {"energy": by_step[2]}
    return run(make, Draws(by_step[0], facts, by_step[1], kind))


def scaled(flat):
    """Return draws ``[n, dim]`` around the first finite one, in units ``[dim]``."""
    finite = np.isfinite(flat)
    first = flat[finite.argmax(0), np.arange(flat.shape[1])]
    offset = flat - first
    size = np.abs(np.where(np.isfinite(offset), offset, 0)).max(0)
    unit = np.where(size > 0, size, 1.0)
    return offset / unit, unit


def moments(draws, log_weight=None):
    """Return the variance of each coordinate and Kish's number of draws."""
    flat = draws.reshape(-1, draws.shape[2])
    offset, unit = scaled(flat)
    w = np.ones(len(flat)) if log_weight is None else np.exp(log_weight - log_weight.max()).ravel()
    if (
        log_weight is not None
        and ((w == 0) & np.isfinite(log_weight.ravel()) & ~np.isfinite(flat).all(1)).any()
    ):
        raise Unbuildable  # it counts until a larger weight comes
    offset = np.where(w[:, None] == 0, 0.0, offset)  # draws of weight zero do not count
    apart = offset - (w[:, None] * offset).sum(0) / w.sum()
    variance = (w[:, None] * apart**2).sum(0) / (w.sum() - (w**2).sum() / w.sum())
    return variance * unit**2, w.sum() ** 2 / (w**2).sum()


def covariance(draws):
    offset, unit = scaled(draws.reshape(-1, draws.shape[2]))
    return np.cov(offset.T) * np.outer(unit, unit)


def mean(draws):
    return draws.reshape(-1, *draws.shape[2:]).mean(0)


def batch_means(draws):
    """Compute by batches of four draws, as 24 draws in at most eight batches make."""
    size = 4
    scaled_draws, unit = diagnostics.in_unit(draws)
    batches = scaled_draws.reshape(len(draws), -1, size).mean(2)
    apart = batches - batches.mean()
    squares = (apart**2).sum()
    correlation = np.clip((apart[:, 1:] * apart[:, :-1]).sum() / squares, 0, 0.95) if squares else 0.0
    long_run = size * batches.var(ddof=1) * (1 + correlation) / (1 - correlation)
    n = draws.size
    mcse = unit * np.sqrt(long_run / n)
    return mcse, scaled_draws.var(ddof=1) * n / long_run


def nested_rhat(draws):
    scaled_draws, _ = diagnostics.in_unit(draws)
    first = scaled_draws[:, :1]
    within = (scaled_draws - first).var(1, ddof=1).reshape(2, -1).mean(1)
    means = ((scaled_draws - first).mean(1) + first[:, 0]).reshape(2, -1)
    means = means - means[:1, :1]
    between = means.mean(1).var(ddof=1)
    return np.sqrt(1 + between / (within + means.var(1, ddof=1)).mean())


def quantiles(draws):
    return np.quantile(draws, (0.25, 0.5, 0.9), method="inverted_cdf")


def log_evidence(log_weight):
    value, error = weights.log_mean_exp(log_weight)
    flat = log_weight.ravel()
    is_heavy = flat.size >= 25 and weights.shape_of_tail(flat) > 0.7
    too_unequal = is_heavy or (flat.size > 1 and 0 < weights.kish_ess(flat) < 2)
    return value, np.inf if too_unequal else error


def call_bfmi(draws):
    if not jnp.issubdtype(draws.dtype, jnp.floating):
        raise Unbuildable  # no energies
    return folded(reducers.bfmi(), draws, info=draws)


ROWS = {
    "sampling.reducers.moments": Row(
        lambda draws: tuple(folded(reducers.moments(), draws)[1:]),
        moments,
        two_coordinates,
        is_free=True,
        has_shapes=False,
        steps=100,
    ),
    "sampling.reducers.moments, weighted": Row(
        lambda draws, log_weight: tuple(folded(reducers.moments(), draws, log_weight)[1:]),
        moments,
        with_weights,
        is_free=True,
        has_shapes=False,
        steps=100,
    ),
    "sampling.reducers.moments, mean": Row(
        lambda draws: folded(reducers.moments(), draws).mean,
        mean,
        two_coordinates,
        has_shapes=False,
    ),
    "sampling.reducers.covariance": Row(
        lambda draws: folded(reducers.covariance(), draws).covariance,
        covariance,
        two_coordinates,
        by_norm=True,
        is_free=True,
        has_shapes=False,
        steps=100,
    ),
    "sampling.reducers.covariance, mean": Row(
        lambda draws: folded(reducers.covariance(), draws).mean, mean, two_coordinates, has_shapes=False
    ),
    "sampling.reducers.batch_means": Row(
        lambda draws: tuple(folded(reducers.batch_means(8), draws)[1:3]),
        batch_means,
        one_coordinate,
        is_free=True,
        has_shapes=False,
        steps=100,
    ),
    "sampling.reducers.nested_rhat": Row(
        lambda draws: folded(reducers.nested_rhat(2), draws),
        nested_rhat,
        one_coordinate,
        is_free=True,
        has_shapes=False,
        steps=100,
    ),
    "sampling.reducers.bfmi": Row(
        call_bfmi,
        lambda draws: diagnostics.bfmi(draws),
        one_coordinate,
        is_free=True,
        has_shapes=False,
        steps=100,
    ),
    "sampling.reducers.quantiles": Row(
        lambda draws: folded(reducers.quantiles((0.25, 0.5, 0.9)), draws).value,
        quantiles,
        one_coordinate,
        has_shapes=False,
    ),
    "sampling.reducers.log_evidence": Row(
        lambda log_weight: tuple(folded(reducers.log_evidence(), log_weight, log_weight)[:2]),
        log_evidence,
        lambda rng: {"log_weight": rng.normal(size=(CHAINS, DRAWS))},
        has_shapes=False,
        least_unit=1.0,
        steps=100,
    ),
}
