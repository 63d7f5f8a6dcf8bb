"""Rows of what weights give: log Z, weighted means, and the same of draws that are not stored."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np

from benchmarks.intervals.chains import AT_ONCE, folded
from benchmarks.intervals.row import Ends, Row, ends_of, ends_of_errors
from jgen.diagnostics import weights
from jgen.diagnostics.weights import pareto_k, self_normalised_mean
from jgen.diagnostics.weights.unseen_tail import LARGEST_K
from jgen.evaluation.evidence import agreement
from jgen.sampling.reducers import log_evidence
from jgen.types import Array, DrawKind, Draws

LogWeights = Callable[[np.random.Generator], np.ndarray]


def pareto(k: float, size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw log-weights of mean 1 with a Pareto tail of shape k ``[size]``."""
    return np.log(1 - k) - k * np.log(rng.uniform(size=size))


def log_normal(sigma: float, size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw log-normal weights of mean 1 ``[size]``."""
    return sigma * rng.normal(size=size) - sigma**2 / 2


def accepted(share: float, size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw weights of a sampler that rejects: 1 / share with that probability, else 0, ``[size]``."""
    with np.errstate(divide="ignore"):
        return np.log((rng.uniform(size=size) < share) / share)


def of_stored(draw: LogWeights, rng: np.random.Generator, repeats: int) -> Ends:
    """Estimate log Z = 0."""
    return ends_of(weights.log_evidence(draw(rng)) for _ in range(repeats))


def in_batches(
    compute: Callable[[Array], Any], draw: LogWeights, rng: np.random.Generator, repeats: int
) -> Any:
    """Compute statistics of log-weights, each ``[repeat]``."""
    run = jax.jit(jax.vmap(compute))
    sizes = [min(AT_ONCE, repeats - start) for start in range(0, repeats, AT_ONCE)]
    found = [jax.device_get(run(np.array([draw(rng) for _ in range(size)], np.float32))) for size in sizes]
    return jax.tree.map(lambda *leaves: np.concatenate(leaves), *found)


def of_folded(draw: LogWeights, rng: np.random.Generator, repeats: int) -> Ends:
    """Estimate log Z = 0 without storing weights."""

    def compute(log_weight: Array) -> Any:
        one = log_weight.reshape(-1, 4)  # [draw, chain]
        return folded(log_evidence(), Draws(one, {}, one, DrawKind.WEIGHTED))

    found = in_batches(compute, draw, rng, repeats)
    return ends_of_errors(found.value, found.standard_error)


def of_mean(spread: float, shift: float, rng: np.random.Generator, repeats: int) -> Ends:
    """Estimate the mean 0 of N(0, 1) from 1,000 draws of N(shift, spread^2)."""

    def compute(x: Array) -> tuple[Array, Array, Array]:
        log_weight = ((x - shift) / spread) ** 2 / 2 - x**2 / 2
        return *self_normalised_mean(x, log_weight), pareto_k(log_weight)

    value, error, k = in_batches(compute, lambda rng: shift + spread * rng.normal(size=1000), rng, repeats)
    return ends_of_errors(value, error, k > LARGEST_K)


def of_agreement(draw: LogWeights, sizes: tuple[int, int], rng: np.random.Generator, repeats: int) -> Ends:
    """Compare two estimates of one log Z: apart by more than 95 % of such pairs are."""
    low, flagged = [], []
    for _ in range(repeats):
        pair = {str(size): weights.log_evidence(draw(rng)[:size]) for size in sizes}
        ((_, far),) = agreement(pair).apart.items()
        low.append(0.05 - far.p_value)
        flagged.append(any(one.flags for one in pair.values()))
    return Ends(np.array(low), np.full(repeats, np.inf), np.array(flagged))


LIGHT = {f"weights of k = {k}, {n:,}": partial(pareto, k, n) for k, n in [(0.1, 1000), (0.4, 1000)]}
HEAVY = {
    f"weights of k = {k}, {n:,}": partial(pareto, k, n) for k, n in [(0.6, 1000), (0.8, 2000), (0.95, 2000)]
}
MORE = {
    "log-normal weights of sigma 1, 1,000": partial(log_normal, 1.0, 1000),
    "weights of k = 0.1, 8": partial(pareto, 0.1, 8),
    "one of 20 accepted, 400": partial(accepted, 0.05, 400),
}
LOG_Z = "log Z"


def rows() -> list[Row]:
    """List the rows."""
    hard = {**HEAVY, "log-normal weights of sigma 3, 1,000": partial(log_normal, 3.0, 1000)}
    of_weighted = "weighted mean"
    return [
        *(
            Row(weights.log_evidence, LOG_Z, case, partial(of_stored, draw))
            for case, draw in (LIGHT | MORE).items()
        ),
        *(
            Row(weights.log_evidence, LOG_Z, case, partial(of_stored, draw), is_hard=True)
            for case, draw in hard.items()
        ),
        *(Row(log_evidence, LOG_Z, case, partial(of_folded, draw)) for case, draw in LIGHT.items()),
        *(
            Row(log_evidence, LOG_Z, case, partial(of_folded, draw), is_hard=True)
            for case, draw in HEAVY.items()
        ),
        Row(self_normalised_mean, of_weighted, "proposal of sd 1.5", partial(of_mean, 1.5, 0.0)),
        Row(self_normalised_mean, of_weighted, "proposal of sd 1, 1 off", partial(of_mean, 1.0, 1.0)),
        Row(
            self_normalised_mean, of_weighted, "proposal of sd 0.4", partial(of_mean, 0.4, 0.0), is_hard=True
        ),
        Row(
            self_normalised_mean,
            of_weighted,
            "proposal of sd 0.5, 1 off",
            partial(of_mean, 0.5, 1.0),
            is_hard=True,
        ),
        Row(
            agreement,
            "distance of two estimates",
            "weights of k = 0.1, 12 and 1,000",
            partial(of_agreement, partial(pareto, 0.1, 1000), (12, 1000)),
            share=0.5,
        ),
    ]
