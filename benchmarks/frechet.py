"""Time the Frechet distance as a ratio to NumPy's own covariances and eigen-decomposition, in one run.

``python -m benchmarks.frechet --json frechet.json``

NumPy's part is that of the usual implementation: ``np.cov`` of both samples and ``np.linalg.eigvals`` of the
product of the covariances. The plain value of jgen is that of the moments; ``frechet`` adds the debiased
value, the null and both intervals, for which it takes five more distances and the influence of each row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.command_line import check_seconds, main, show_rows
from benchmarks.timing import time_in_rounds
from jgen.errors import UsageError
from jgen.evaluation import frechet, moments_of
from jgen.evaluation.gaussian_transport import distance, from_moments

COLUMNS = {"program": "program", "seconds": "seconds", "x NumPy": "ratio", "value": "value"}
NUMPY, PLAIN, ALL = "np.cov and np.linalg.eigvals", "plain value", "frechet, with intervals"


@dataclass(frozen=True)
class Config:
    """How long does the Frechet distance take, beside NumPy's covariances and eigen-decomposition?"""

    num_rows: int = 50_000
    """Rows of each sample."""
    dim: int = 2048
    """Features."""
    seconds: float = 1.0
    """Budget of each program; there are at least three rounds."""
    seed: int = 0
    """Seed of the samples."""

    def __post_init__(self) -> None:
        """Check the options."""
        check_seconds(self.seconds)
        if self.num_rows <= self.dim or self.dim < 1:
            raise UsageError(f"--num-rows must be above --dim; got {self.num_rows} and {self.dim}")


def by_numpy(x: np.ndarray, y: np.ndarray) -> float:
    """Compute the distance as the usual implementations do."""
    covariances = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    roots = np.sqrt(np.linalg.eigvals(covariances[0] @ covariances[1]).astype(complex))
    shift = x.mean(0, dtype=np.float64) - y.mean(0, dtype=np.float64)
    return float(shift @ shift + sum(np.trace(one) for one in covariances) - 2 * roots.real.sum())


def programs(x: np.ndarray, y: np.ndarray) -> dict[str, Callable[[], float]]:
    """Return the programs by name; each returns the plain value."""
    return {
        NUMPY: lambda: by_numpy(x, y),
        PLAIN: lambda: distance(from_moments(moments_of(x)), from_moments(moments_of(y))),
        ALL: lambda: float(frechet(real=x, generated=y).plain.value),
    }


def run(config: Config, console: Console) -> dict[str, Any]:
    """Measure, show and return all figures."""
    rng = np.random.default_rng(config.seed)
    scale = np.arange(1, config.dim + 1, dtype=np.float32) ** -0.5
    x, y = (
        rng.standard_normal((config.num_rows, config.dim), np.float32) * scale + shift for shift in (0, 0.01)
    )
    calls = programs(x, y)
    values = {name: call() for name, call in calls.items()}
    timed = time_in_rounds(calls, config.seconds, first=dict.fromkeys(calls, 0.0))
    rows = [
        {
            "program": name,
            "seconds": one.median,
            "ratio": one.ratio(timed[NUMPY]),
            "value": values[name],
        }
        for name, one in timed.items()
    ]
    show_rows(console, f"{config.num_rows} x {config.dim} features, float32", rows, COLUMNS)
    return {"rows": rows}


if __name__ == "__main__":
    main(run, Config)
