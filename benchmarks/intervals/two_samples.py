"""Rows of metrics of two samples, away from the null and at it, and of tasks."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy import stats

from benchmarks.intervals.row import Ends, Row, ends_of
from jgen.evaluation import (
    c2st,
    energy_distance,
    entropic_ot,
    mmd,
    probes,
    sliced_wasserstein,
    train_on_synthetic,
)
from jgen.evaluation.classification import classifiers
from jgen.types import Result

Pair = dict[str, Any]


def unresolved(result: Result) -> Result:
    """Return a result without its flags where they only say that a perfect model reads as much."""
    is_perfect = "beyond_resolution" in result.flags and np.isfinite(result.low)
    return result._replace(flags=()) if is_perfect else result


def gaussians(sizes: tuple[int, int], dim: int, shift: float, rng: np.random.Generator) -> Pair:
    """Draw two Gaussians a shift apart along every axis."""
    real, generated = (rng.normal(size=(size, dim)) for size in sizes)
    return {"real": real, "generated": generated + shift}


def of_pairs(
    metric: Callable[..., Any],
    field: str,
    draw: Callable[[np.random.Generator], Pair],
    rng: np.random.Generator,
    repeats: int,
) -> Ends:
    """Estimate a distance of two distributions."""
    return ends_of(unresolved(getattr(metric(**draw(rng)), field)) for _ in range(repeats))


def of_expectations(
    metric: Callable[..., Any],
    field: str,
    draw: Callable[[np.random.Generator], Pair],
    rng: np.random.Generator,
    repeats: int,
) -> Ends:
    """Estimate the expectation of a metric at these sizes, about the mean of all repeats."""
    results = [unresolved(getattr(metric(**draw(rng)), field)) for _ in range(repeats)]
    mean = np.mean([float(one.value) for one in results])
    ends = ends_of(results)
    return Ends(ends.low - mean, ends.high - mean, ends.flagged)


def of_sliced(
    draw: Callable[[np.random.Generator], Pair], options: Any, rng: np.random.Generator, repeats: int
) -> Ends:
    """Estimate the sliced distance by other directions in each repeat."""
    results = (sliced_wasserstein(**draw(rng), seed=seed, **options) for seed in range(repeats))
    return ends_of(unresolved(one.debiased) for one in results)


def classes(size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw two classes, two apart, with their labels."""
    labels = np.arange(size) % 2
    return rng.normal(size=(size, 1)) + 2.0 * labels[:, None], labels


def of_task(field: str, rng: np.random.Generator, repeats: int) -> Ends:
    """Estimate the accuracy of a trained classifier less that over all rows, by a threshold on a line."""
    found = []
    for _ in range(repeats):
        train, test = classes(40, rng), classes(150, rng)
        accuracy = exact_accuracy(*train)
        if field == "probes":
            named: Pair = dict(
                zip(("train", "train_labels", "test", "test_labels"), (*train, *test), strict=True)
            )
            result = probes(**named).raw_linear
        else:
            names = ("real", "real_labels", "generated", "generated_labels", "test", "test_labels")
            named = dict(zip(names, (*classes(40, rng), *train, *test), strict=True))
            result = train_on_synthetic(**named).generated
        found.append(result._replace(low=result.low - accuracy, high=result.high - accuracy))
    return ends_of(found)


def exact_accuracy(x: np.ndarray, labels: np.ndarray) -> float:
    """Compute the accuracy, over all rows, of the linear classifier trained on these."""
    grid = np.linspace(-4, 6, 2001)
    says_one = classifiers.fitted(classifiers.linear, x, labels).predict(grid[:, None]) == 1
    threshold = grid[says_one.argmax()]
    return float(stats.norm.cdf(threshold) + stats.norm.sf(threshold - 2)) / 2


def mmd_squared(shift: float, dim: int) -> float:
    """Compute the MMD of ``gaussians`` under a kernel of length 1."""
    return float(2 * 3 ** (-dim / 2) * (1 - np.exp(-dim * shift**2 / 6)))


def energy(shift: float) -> float:
    """Compute the energy distance of ``gaussians`` on a line: 2 E|x - y| - E|x - x'| - E|y - y'|."""
    across = (
        2 * shift * stats.norm.cdf(shift / 2**0.5) - shift + 4 / (4 * np.pi) ** 0.5 * np.exp(-(shift**2) / 4)
    )
    return float(2 * across - 4 / np.pi**0.5)


def entropic_cost(shift: float, eps: float) -> float:
    """Compute the entropic OT of ``gaussians`` on a line (Janati et al. 2020)."""
    half = eps / 2
    root = (4 + half**2) ** 0.5
    return float(shift**2 + 2 - root + half + half * np.log((root + half) / (2 * half)))


def rows() -> list[Row]:
    """List the rows."""
    quick_mmd = partial(mmd, length=1.0, num_permutations=1)
    quick_energy = partial(energy_distance, num_permutations=1)
    quick_c2st = partial(c2st, classifier=classifiers.linear, num_permutations=0)
    quick_ot = partial(entropic_ot, eps=1.0, tolerance=1e-4)
    of_mmd, of_energy = "MMD of the two distributions", "energy distance of the two distributions"
    of_sw, of_c2st = "distance of the two distributions", "expected accuracy"
    of_ot, of_test = "cost and divergence of the two distributions", "over all test rows"
    found = []
    for shift, is_null in ((0.0, True), (0.3, False), (1.0, False)):
        for dim, sizes in ((1, (100, 100)), (4, (100, 150))):
            draw = partial(gaussians, sizes, dim, shift)
            case = f"{sizes[0]} and {sizes[1]} normals in {dim}D, {shift:g} apart"
            repeat = partial(of_pairs, quick_mmd, "squared", draw)
            found.append(Row(mmd, of_mmd, case, repeat, mmd_squared(shift, dim), is_bound=is_null))
        draw = partial(gaussians, (100, 80), 1, shift)
        case = f"100 and 80 normals, {shift:g} apart"
        repeat = partial(of_pairs, quick_energy, "distance", draw)
        found.append(Row(energy_distance, of_energy, case, repeat, energy(shift), is_bound=is_null))
        for dim in (1, 3):
            draw = partial(gaussians, (100, 150), dim, shift)
            case = f"100 and 150 normals in {dim}D, {shift:g} apart"
            repeat = partial(of_sliced, draw, {"num_projections": 32})
            found.append(Row(sliced_wasserstein, of_sw, case, repeat, shift**2, is_bound=is_null))
        draw = partial(gaussians, (60, 60), 1, shift)
        case = f"60 normals each, {shift:g} apart"
        repeat = partial(of_pairs, quick_ot, "divergence", draw)
        found.append(Row(entropic_ot, of_ot, case, repeat, shift**2, is_bound=is_null, share=0.5))
        if not is_null:
            repeat, truth = partial(of_pairs, quick_ot, "cost", draw), entropic_cost(shift, 1.0)
            found.append(Row(entropic_ot, of_ot, f"cost, {case}", repeat, truth, share=0.5))
    for shift in (0.0, 1.0, 2.0):
        draw = partial(gaussians, (60, 60), 1, shift)
        case = f"60 normals each, {shift:g} apart"
        found += [
            Row(
                c2st,
                of_c2st,
                f"{field}, {case}",
                partial(of_expectations, quick_c2st, field, draw),
                is_bound=shift == 0,
                share=0.1,
            )
            for field in ("accuracy", "auc")
        ]
    case = "150 rows of two classes, trained on 40"
    return [
        *found,
        Row(train_on_synthetic, of_test, case, partial(of_task, "train_on_synthetic")),
        Row(probes, of_test, case, partial(of_task, "probes")),
    ]
