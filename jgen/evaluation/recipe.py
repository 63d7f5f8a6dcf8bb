"""Describe how a metric is made and checked."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from jgen.types import Metric

Pair = Callable[[np.random.Generator, int, int, float], Mapping[str, Any]]
"""``pair(rng, n, m, shift) -> samples``: name -> rows, n of them real and m generated. At shift 0 both come
from one distribution; the metric gets worse as the shift grows."""


def gaussian_pair(
    rng: np.random.Generator, n: int, m: int, shift: float, *, dim: int = 4
) -> dict[str, np.ndarray]:
    """Draw n rows of N(0, I) and m of N(shift 1, I), ``[row, dim]``.

    Example:
        >>> {name: rows.shape for name, rows in gaussian_pair(np.random.default_rng(0), 3, 2, 1.0).items()}
        {'real': (3, 4), 'generated': (2, 4)}
    """
    return {"real": rng.normal(size=(n, dim)), "generated": rng.normal(size=(m, dim)) + shift}


class Known(NamedTuple):
    """Samples whose value is known.

    Attributes:
        name: What they are.
        samples: Name -> rows.
        values: Name of the number (``""`` for a metric of one) -> its exact value.
    """

    name: str
    samples: Mapping[str, Any]
    values: Mapping[str, float]


class MetricRecipe(NamedTuple):
    """Recipe by which ``jgen.testing.check_metric`` makes a metric, and what it may check of it.

    Attributes:
        make: ``make() -> metric``, with cheap options.
        pair: Draws samples for it.
        size: Rows of each sample in a check.
        fewest: Fewest rows of each sample from which it has a value; with fewer it raises, or flags.
        truth: ``truth(shift)``, the exact value of the distributions of ``pair`` (for a metric of several
            numbers, of the first), which the interval covers; None where it is not known.
        expectation: ``expectation(n, m, shift)``, in place of ``truth``, where the interval is one of the
            expectation at these sizes; by simulation where None and ``truth`` is None too.
        rotates: Whether a joint rotation of both samples leaves the value.
        translates: Whether adding one vector to all rows of both samples leaves the value.
        unit_power: p, where rows c times as large have a value (the first, of several) c^p times as large: 0
            where the unit does not matter; None where a length is fixed.
        is_linear: Whether the expected value is linear in the share of generated rows that lie far off.
        is_stochastic: Whether the value depends on a seed of its own (permutations, projections, splits):
            then row order and batches may move it within its interval.
        null_shift: Shift at which ``pair`` reads the null; None where its numbers have other nulls.
        of_itself: Name of the number -> its value where the generated rows are the real ones; empty where
            that is not known.
        known: ``known() -> Known cases``, small samples whose values are exact; none by default.
        is_paired: Whether row i of one sample belongs to row i of the other, so that sizes are equal.
    """

    make: Callable[[], Metric]
    pair: Pair = gaussian_pair
    size: int = 120
    fewest: int = 2
    truth: Callable[[float], float] | None = None
    expectation: Callable[[int, int, float], float] | None = None
    rotates: bool = True
    translates: bool = True
    unit_power: float | None = None
    is_linear: bool = False
    is_stochastic: bool = False
    null_shift: float | None = 0.0
    of_itself: Mapping[str, float] = MappingProxyType({})
    known: Callable[[], Sequence[Known]] = tuple
    is_paired: bool = False
