"""Define a metric with samples to check it on, and what checks of it require."""

import math
from collections.abc import Callable, Mapping
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from jgen.evaluation.metric import evaluate, results_of
from jgen.evaluation.recipe import MetricRecipe
from jgen.testing.check_result import CheckFailed
from jgen.testing.requirements import require
from jgen.types import Result

FALSE_ALARM = 1e-6
"""Probability that a true null or an interval that covers fails its check."""
Z = NormalDist().inv_cdf(1 - FALSE_ALARM / 2)
ROUNDING = 1e-7
"""Largest relative change of a float64 value by another order of its sums: it has half of its digits left."""
FAR = 1e3
"""Distance of far rows, in standard deviations."""

Samples = Mapping[str, Any]


class MetricCase(NamedTuple):
    """Metric with samples to check it on.

    Attributes:
        recipe: How it is made, and what is claimed of it.
        seed: Of the samples.
        repeats: Repeats of the statistical checks.
    """

    recipe: MetricRecipe
    seed: int
    repeats: int

    def draw(self, repeat: int, shift: float, n: int | None = None, m: int | None = None) -> Samples:
        """Draw samples; another repeat, other samples."""
        size = self.recipe.size
        rng = np.random.default_rng([self.seed, repeat])
        return self.recipe.pair(rng, size if n is None else n, size if m is None else m, shift)

    def compute(self, samples: Samples) -> dict[str, Result]:
        """Compute all numbers of the metric."""
        return results_of(evaluate(self.recipe.make(), **samples))

    def values(self, samples: Samples) -> dict[str, float]:
        """Compute the values alone."""
        return {name: float(result.value) for name, result in self.compute(samples).items()}

    @property
    def has_vectors(self) -> bool:
        """Whether all samples are float vectors ``[row, dim]`` of ``real`` and ``generated``."""
        samples = self.draw(0, 0.0)
        arrays = [np.asarray(rows) for rows in samples.values()]
        return set(samples) == {"real", "generated"} and all(
            rows.ndim == 2 and np.issubdtype(rows.dtype, np.floating) for rows in arrays
        )


def first_number(numbers: Mapping[str, Any]) -> Any:
    """Return the first number of a metric of several."""
    return next(iter(numbers.values()))


def take_rows(rows: Any, order: np.ndarray) -> Any:
    """Take rows of an array or a list."""
    return rows[order] if isinstance(rows, np.ndarray) else [rows[i] for i in order]


def require_same(case: MetricCase, first: Samples, second: Samples, failure: str) -> str:
    """Require equal values of two versions of the same samples."""
    return require_close_results(case, case.compute(first), case.compute(second), failure)


def require_close_results(
    case: MetricCase, first: Mapping[str, Result], second: Mapping[str, Result], failure: str
) -> str:
    """Require equal values, up to rounding; within the intervals where the metric has a seed of its own."""
    largest = 0.0
    for name, one in first.items():
        a, b = float(one.value), float(second[name].value)
        wide = float(np.nan_to_num(float(one.high) - float(one.low)))
        allowed = max(ROUNDING * max(abs(a), wide), wide if case.recipe.is_stochastic else 0.0)
        largest = max(largest, abs(a - b))
        require(abs(a - b) <= allowed, f"{failure}: {name or 'the value'} is {a:.10g} and {b:.10g}")
    return f"difference {largest:.2g}"


def require_raises(kinds: Any, call: Callable[[], Any], label: str) -> None:
    """Require an exception of one of these kinds."""
    try:
        call()
    except kinds:
        return
    except Exception as error:
        raise CheckFailed(f"{label} raises {type(error).__name__}: {error}; say what was expected") from error
    raise CheckFailed(f"{label} gives a value: it must raise")


def require_refused(case: MetricCase, samples: Samples, label: str) -> None:
    """Require a ValueError, or a flag on each number."""
    try:
        results = case.compute(samples)
    except ValueError:
        return
    except Exception as error:
        raise CheckFailed(f"{label}: {type(error).__name__}: {error}; raise a ValueError") from error
    silent = [name or "the value" for name, result in results.items() if not result.flags]
    require(not silent, f"{label}: {', '.join(silent)} has no flag; raise a ValueError or flag it")


def require_number_or_flag(case: MetricCase, samples: Samples, label: str) -> None:
    """Require a ValueError, a flag, or finite numbers."""
    try:
        results = case.compute(samples)
    except ValueError:
        return
    except Exception as error:
        raise CheckFailed(f"{label}: {type(error).__name__}: {error}; raise a ValueError") from error
    for name, result in results.items():
        numbers = [float(end) for end in result[:3]]
        fine = result.flags or all(map(math.isfinite, numbers))
        require(fine, f"{label}: {name or 'the value'} is {numbers} without a flag")
