"""Rows of the errors of Markov chains: means, standard deviations and quantiles."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats
from scipy.signal import lfilter

from benchmarks.intervals.row import Ends, Row, ends_of_errors
from jgen.diagnostics import (
    ess_bulk,
    ess_mean,
    ess_quantile,
    ess_tail,
    mcse_between,
    mcse_mean,
    mcse_quantile,
    mcse_sd,
    rhat,
)
from jgen.diagnostics.summary import FEWEST_EFFECTIVE, has_not_mixed
from jgen.sampling.reducers import batch_means, quantiles
from jgen.types import NORMAL_95, Array, DrawKind, Draws, Reducer

AT_ONCE = 100
"""Repeats in one batch of the compiled program."""
QUANTILE, LOW_QUANTILE = (float(stats.norm.ppf(prob)) for prob in (0.9, 0.05))
CERTAIN = float(np.sqrt(2 * np.log(2 / 0.05)))
"""Errors of rank that hold at 95 % by Hoeffding's inequality."""

Chains = Callable[[np.random.Generator, int], np.ndarray]


def autoregression(
    r: float, num_chains: int, num_draws: int, rng: np.random.Generator, repeats: int
) -> np.ndarray:
    """Draw stationary AR(1) chains of N(0, 1) ``[repeat, chain, draw]``."""
    noise = rng.normal(size=(repeats, num_chains, num_draws)).astype(np.float32)
    noise[..., 1:] *= np.sqrt(1 - r**2)
    return lfilter([1.0], [1.0, -r], noise, axis=-1).astype(np.float32)


def two_hills(
    rate: float, num_chains: int, num_draws: int, in_both: bool, rng: np.random.Generator, repeats: int
) -> np.ndarray:
    """Draw chains of N(-3, 1) / 2 + N(3, 1) / 2 that cross with a probability, ``[repeat, chain, draw]``.

    They start in both hills equally often, or else at exact draws.
    """
    shape = repeats, num_chains, num_draws
    crossed = np.cumsum(rng.uniform(size=shape) < rate, axis=-1)
    start = np.arange(num_chains)[None] if in_both else rng.integers(2, size=shape[:2])
    side = (start[..., None] + crossed) % 2
    return (6.0 * side - 3.0 + rng.normal(size=shape)).astype(np.float32)


def markov(x: Array) -> Draws:
    """Return chains ``[chain, draw]`` as draws ``[draw, chain]``."""
    return Draws(x.T, {}, None, DrawKind.MARKOV)


def folded(reducer: Reducer, draws: Draws) -> Any:
    """Fold draws ``[draw, chain]`` one by one."""
    start = reducer.init(jax.tree.map(lambda leaf: leaf[0], draws))
    state, _ = jax.lax.scan(lambda state, one: (reducer.update(state, one), None), start, draws)
    return reducer.compute(state)


def estimate(x: Array) -> dict[str, tuple[Array, Array, Array]]:
    """Estimate everything from chains ``[chain, draw]``: name -> value, error and flag."""
    flag = has_not_mixed(rhat(x), ess_bulk(x), len(x))
    mean, sd = x.mean(), x.std(ddof=1)
    batches = folded(batch_means(), markov(x))

    def of_share(q: float, ess: Array) -> tuple[Array, Array]:
        below = (x <= q).astype(float)
        return below.mean(), below.std(ddof=1) / jnp.sqrt(ess)

    by_diagnostics = {
        "mcse_mean": (mean, mcse_mean(x)),
        "mcse_sd": (sd, mcse_sd(x)),
        "mcse_quantile": (jnp.quantile(x, 0.9), mcse_quantile(x, 0.9)),
        "ess_mean": (mean, sd / jnp.sqrt(ess_mean(x))),
        "ess_bulk": (mean, sd / jnp.sqrt(ess_bulk(x))),  # the normal scores of these draws are the draws
        "ess_quantile": of_share(QUANTILE, ess_quantile(x, 0.9)),
        "ess_tail": of_share(LOW_QUANTILE, ess_tail(x)),
    }
    few = batches.ess < FEWEST_EFFECTIVE * len(x)
    return {name: (*both, flag) for name, both in by_diagnostics.items()} | {
        "batch_means": (batches.mean, batches.mcse, few)
    }


def estimate_from_start(x: Array) -> dict[str, tuple[Array, Array, Array]]:
    """Estimate the mean from chains that start at exact draws."""
    return {"mcse_between": (x.mean(), mcse_between(x), jnp.array(False))}


def estimate_rank(x: Array) -> dict[str, tuple[Array, Array, Array]]:
    """Estimate the share of the draws below the median of a sketch."""
    found = folded(quantiles((0.5,), size=32), markov(x))
    error = CERTAIN / NORMAL_95 * found.rank_error
    return {"quantiles": ((x <= found.value[0]).mean(), error, jnp.array(False))}


@lru_cache
def estimates(
    estimate: Callable[[Array], dict[str, Any]], chains: Chains, seed: int, repeats: int
) -> dict[str, tuple[np.ndarray, ...]]:
    """Estimate everything from the same chains, once for all rows."""
    rng, run = np.random.default_rng(seed), jax.jit(jax.vmap(estimate))
    batches = [
        jax.device_get(run(chains(rng, min(AT_ONCE, repeats - start))))
        for start in range(0, repeats, AT_ONCE)
    ]
    return jax.tree.map(lambda *leaves: np.concatenate(leaves), *batches)


def repeat(
    estimate: Callable[[Array], dict[str, Any]],
    name: str,
    chains: Chains,
    dof: float,
    rng: np.random.Generator,
    repeats: int,
) -> Ends:
    """Return the intervals of one statistic."""
    found = estimates(estimate, chains, int(rng.integers(2**31)), repeats)
    value, error, flagged = found[name]
    return ends_of_errors(value, error, flagged, dof)


CHAINS: dict[str, tuple[Chains, bool]] = {
    f"AR(1) of {r}, 4 x {num_draws:,}": (partial(autoregression, r, 4, num_draws), is_hard)
    for r, num_draws, is_hard in [
        (0.5, 1000, False),
        (0.9, 6000, False),
        (-0.5, 1000, False),
        (0.95, 4000, True),
        (0.95, 200, True),
    ]
}
HILLS: dict[str, tuple[Chains, bool]] = {
    "hills crossed 1 in 200, 4 x 1,000": (partial(two_hills, 0.005, 4, 1000, True), True),
    "hills never crossed, chains in both": (partial(two_hills, 0.0, 4, 1000, True), True),
}
FROM_START: dict[str, tuple[Chains, int]] = {
    "hills never crossed, 50 exact starts": (partial(two_hills, 0.0, 50, 200, False), 49),
    "AR(1) of 0.95, 5 x 100, exact starts": (partial(autoregression, 0.95, 5, 100), 4),
}
MEAN, SHARE = "mean", "share of the draws"
STATISTICS: list[tuple[Callable[..., Any], str, dict[str, tuple[Chains, bool]], float]] = [
    (mcse_mean, MEAN, CHAINS | HILLS, 0.0),
    (mcse_sd, "standard deviation", CHAINS, 1.0),
    (mcse_quantile, "quantile", CHAINS, QUANTILE),
    (ess_mean, MEAN, CHAINS | HILLS, 0.0),
    (ess_bulk, "mean of the normal scores", CHAINS, 0.0),
    (ess_quantile, SHARE, CHAINS, 0.9),
    (ess_tail, SHARE, CHAINS, 0.05),
    (batch_means, MEAN, CHAINS | HILLS, 0.0),
]


def rows() -> list[Row]:
    """List the rows."""
    rank = partial(repeat, estimate_rank, "quantiles", partial(autoregression, 0.0, 8, 1000), np.inf)
    return [
        *(
            Row(
                function,
                of,
                case,
                partial(repeat, estimate, function.__name__, chains, np.inf),
                truth,
                is_hard,
            )
            for function, of, cases, truth in STATISTICS
            for case, (chains, is_hard) in cases.items()
        ),
        *(
            Row(mcse_between, MEAN, case, partial(repeat, estimate_from_start, "mcse_between", chains, dof))
            for case, (chains, dof) in FROM_START.items()
        ),
        Row(quantiles, "fraction of draws below", "median, 8 x 1,000", rank, 0.5, is_bound=True),
    ]
