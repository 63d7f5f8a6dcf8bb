"""Rows of metrics of nearest neighbours, of rankings, and of leave-one-out cross-validation."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np

from benchmarks.intervals.row import Ends, Row, ends_of
from jgen.evaluation import (
    DensityCoverage,
    PrecisionRecall,
    auroc,
    auth_pct,
    average_precision,
    density_coverage,
    loo,
    precision_recall,
)
from jgen.evaluation.auroc import area_of_normals
from jgen.evaluation.auth_pct import memorised_pair

Pair = Callable[[np.random.Generator], dict[str, np.ndarray]]


def normals(dim: int, n: int, m: int, shift: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw n rows of N(0, I) and m of N(shift e1, I)."""
    generated = rng.normal(size=(m, dim))
    generated[:, 0] += shift
    return {"real": rng.normal(size=(n, dim)), "generated": generated}


def narrower(dim: int, n: int, m: int, scale: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw n rows of N(0, I) and m of N(0, scale^2 I)."""
    return {"real": rng.normal(size=(n, dim)), "generated": scale * rng.normal(size=(m, dim))}


def memorised(n: int, m: int, shift: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw training rows, and generated ones of which some are nearly copies."""
    return memorised_pair(rng, n, m, shift)


@lru_cache(maxsize=1)
def results_of(function: Callable[..., Any], pair: Pair, seed: int, repeats: int) -> list[Any]:
    """Repeat a metric of several numbers once for all of their rows, which follow each other."""
    rng = np.random.default_rng(seed)
    return [function(**pair(rng)) for _ in range(repeats)]


def about_mean(
    function: Callable[..., Any], field: str, pair: Pair, rng: np.random.Generator, repeats: int
) -> Ends:
    """Estimate the expectation of one number, about its mean; flags of the metric do not count."""
    drawn = results_of(function, pair, int(rng.integers(2**62)), repeats)
    results = [getattr(one, field) for one in drawn]
    mean = np.mean([float(one.value) for one in results])
    low, high = (np.array([float(getattr(one, end)) for one in results]) - mean for end in ("low", "high"))
    return Ends(low, high, np.isnan(low))


def values(n: int, m: int, shift: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw values of n positives, N(shift, 1), and m negatives, N(0, 1)."""
    return {"positives": rng.normal(shift, 1, size=n), "negatives": rng.normal(size=m)}


def rounded(n: int, m: int, shift: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Round values to whole numbers, so that many are equal."""
    return {name: np.round(one) for name, one in values(n, m, shift, rng).items()}


def areas(pair: Pair, rng: np.random.Generator, repeats: int) -> Ends:
    """Estimate the area under the ROC curve."""
    return ends_of(auroc(**pair(rng)) for _ in range(repeats))


def precisions(pair: Pair, rng: np.random.Generator, repeats: int) -> Ends:
    """Estimate the expected average precision, about the mean of all repeats."""
    results = [average_precision(**pair(rng)) for _ in range(repeats)]
    ends = ends_of(results)
    mean = np.mean([float(one.value) for one in results])
    return Ends(ends.low - mean, ends.high - mean, ends.flagged)


def of_regression(size: int, rng: np.random.Generator, repeats: int) -> Ends:
    """Estimate the expected log density of a new observation of y = x b + noise, with a flat prior."""
    low, high, flagged = [], [], []
    for _ in range(repeats):
        x = rng.normal(size=(size, 2))
        y = rng.normal(size=size)  # coefficients 0
        covariance = np.linalg.inv(x.T @ x)
        mean = covariance @ x.T @ y
        draws = mean + rng.normal(size=(1000, 2)) @ np.linalg.cholesky(covariance).T
        found = loo(-0.5 * (y - draws @ x.T) ** 2 - 0.5 * np.log(2 * np.pi)).mean
        at = rng.normal(size=(4000, 2))
        variance = 1 + np.einsum("ij,jk,ik->i", at, covariance, at)
        truth = (-0.5 * (1 + (at @ mean) ** 2) / variance - 0.5 * np.log(2 * np.pi * variance)).mean()
        low.append(float(found.low) - truth)
        high.append(float(found.high) - truth)
        flagged.append(bool(found.flags))
    return Ends(np.array(low), np.array(high), np.array(flagged))


def rows() -> list[Row]:
    """List the rows."""
    pairs: dict[str, Pair] = {
        "one normal, 2-D, n = m = 200": partial(normals, 2, 200, 200, 0.0),
        "2-D, one sd apart, n = m = 200": partial(normals, 2, 200, 200, 1.0),
        "4-D, half the sd, n = 300, m = 150": partial(narrower, 4, 300, 150, 0.5),
    }
    copies: dict[str, Pair] = {
        "none memorised, n = m = 200": partial(memorised, 200, 200, 0.0),
        "half memorised, n = m = 200": partial(memorised, 200, 200, 0.7),
    }
    of_neighbours: list[tuple[Callable[..., Any], dict[str, Pair], dict[str, str]]] = [
        (
            density_coverage,
            pairs,
            {f"expected {name.replace('_', ' ')}": name for name in DensityCoverage._fields},
        ),
        (precision_recall, pairs, {f"expected {name}": name for name in PrecisionRecall._fields}),
        (auth_pct, copies, {"expected share": "authentic", "expected difference": "minus_null"}),
    ]
    rankings: dict[str, tuple[Pair, float]] = {
        "one normal, 40 and 60": (partial(values, 40, 60, 0.0), 0.5),
        "1 apart, 40 and 60": (partial(values, 40, 60, 1.0), area_of_normals(-1.0)),
        "2 apart, 100 and 30": (partial(values, 100, 30, 2.0), area_of_normals(-2.0)),
    }
    larger = {
        "one normal, 150 and 250": partial(values, 150, 250, 0.0),
        "1 apart, 150 and 250": partial(values, 150, 250, 1.0),
        "2 apart, 300 and 200": partial(values, 300, 200, 2.0),
    }
    return [
        *(
            Row(
                function,
                of,
                case,
                partial(about_mean, function, field, pair),
                is_bound=case.startswith("half memorised"),  # groups part copies from their sources
            )
            for function, cases, fields in of_neighbours
            for case, pair in cases.items()
            for of, field in fields.items()
        ),
        *(
            Row(auroc, "area of the two distributions", case, partial(areas, pair), truth)
            for case, (pair, truth) in rankings.items()
        ),
        Row(
            auroc,
            "area of the two distributions",
            "rounded values of one normal, 40 and 60",
            partial(areas, partial(rounded, 40, 60, 0.0)),
            0.5,
        ),
        *(
            Row(average_precision, "expectation at these n and m", case, partial(precisions, pair))
            for case, pair in larger.items()
        ),
        Row(
            loo,
            "expected log predictive density",
            "regression, 100 observations",
            partial(of_regression, 100),
            share=0.2,
        ),
    ]
