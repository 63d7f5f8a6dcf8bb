"""Measure metrics of nearest neighbours against scikit-learn's brute force, on one pair of samples.

``python -m benchmarks.neighbours --json neighbours.json``
"""

import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from rich.console import Console
from sklearn.metrics import pairwise_distances_chunked
from sklearn.neighbors import NearestNeighbors

from benchmarks.command_line import check_seconds, main, show_rows
from benchmarks.timing import time_in_rounds
from jgen.errors import UsageError
from jgen.evaluation import density_coverage, precision_recall
from jgen.evaluation.nearest_neighbours import nearest, to_unit

K = 5
COLUMNS = {
    "task": "task",
    "method": "method",
    "seconds": "seconds",
    "x scikit-learn": "ratio",
    "memory beside the samples (MB)": "megabytes",
}


@dataclass(frozen=True)
class Config:
    """How long do metrics of nearest neighbours take, as a ratio to scikit-learn's brute force?"""

    num_rows: int = 20_000
    """Rows of each sample."""
    dim: int = 64
    """Features."""
    seconds: float = 10.0
    """Budget of each program."""

    def __post_init__(self) -> None:
        """Check the options."""
        check_seconds(self.seconds)
        if self.num_rows < 4 * K or self.dim < 1:
            raise UsageError(f"--num-rows must be {4 * K} or more, --dim 1 or more")


def radii_by_sklearn(rows: np.ndarray) -> np.ndarray:
    """Compute the distance of the k-th nearest other row ``[row]``."""
    distances, _ = NearestNeighbors(n_neighbors=K, algorithm="brute").fit(rows).kneighbors()
    return distances[:, -1]


def in_balls(centres: np.ndarray, radii: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Count points by ball and balls by point, a chunk of the distances at a time."""
    by_point = np.zeros(len(points), int)
    by_centre = []

    def reduce(chunk: np.ndarray, start: int) -> np.ndarray:
        inside = chunk <= radii[start : start + len(chunk), None]
        by_point[:] += inside.sum(0)
        return inside.sum(1)

    by_centre = list(pairwise_distances_chunked(centres, points, reduce_func=reduce))
    return np.concatenate(by_centre), by_point


def precision_recall_by_sklearn(real: np.ndarray, generated: np.ndarray) -> tuple[float, float]:
    """Compute precision and recall, without intervals."""
    _, of_generated = in_balls(real, radii_by_sklearn(real), generated)
    _, of_real = in_balls(generated, radii_by_sklearn(generated), real)
    return float((of_generated > 0).mean()), float((of_real > 0).mean())


def density_coverage_by_sklearn(real: np.ndarray, generated: np.ndarray) -> tuple[float, float]:
    """Compute density and coverage, without the clipped forms and without intervals."""
    by_centre, by_point = in_balls(real, radii_by_sklearn(real), generated)
    return float(by_point.mean() / K), float((by_centre > 0).mean())


def memory_of(call: Callable[[], Any]) -> float:
    """Return the largest memory that NumPy arrays of a call took at a time, in MB."""
    tracemalloc.start()
    call()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6


def run(config: Config, console: Console) -> dict[str, Any]:
    """Measure, check that both agree, show and return all figures."""
    rng = np.random.default_rng(0)
    real, generated = rng.normal(size=(2, config.num_rows, config.dim))
    samples = {"real": real, "generated": generated}
    tasks: dict[str, dict[str, Callable[[], Any]]] = {
        f"distance of the {K}-th neighbour": {
            "jgen": lambda: nearest(to_unit(real)[0], K),
            "scikit-learn": partial(radii_by_sklearn, real),
        },
        "precision and recall": {
            "jgen, with interval, null and resolution": partial(precision_recall, **samples, k=K),
            "scikit-learn": partial(precision_recall_by_sklearn, **samples),
        },
        "density and coverage": {
            "jgen, four numbers, the same": partial(density_coverage, **samples, k=K),
            "scikit-learn, two numbers": partial(density_coverage_by_sklearn, **samples),
        },
    }
    ours, theirs = precision_recall(**samples, k=K), precision_recall_by_sklearn(**samples)
    apart = max(abs(float(one.value) - other) for one, other in zip(ours, theirs, strict=True))
    if apart > 1e-9:
        raise ValueError(f"precision or recall differ by {apart}")
    rows = []
    for task, calls in tasks.items():
        timed = time_in_rounds(calls, config.seconds)
        *_, peer = timed.values()
        for method, call in calls.items():
            row = {"task": task, "method": method, "seconds": timed[method].median}
            rows.append(row | {"ratio": timed[method].ratio(peer), "megabytes": memory_of(call)})
    show_rows(console, f"n = m = {config.num_rows:,}, {config.dim} features", rows, COLUMNS)
    return {"rows": rows}


if __name__ == "__main__":
    main(run, Config)
