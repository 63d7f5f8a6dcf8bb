"""Describe one row of the table of coverage: an interval, what it is of, and how to repeat it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import numpy as np
from scipy.special import stdtrit

from jgen.types import Key, Result


class Ends(NamedTuple):
    """Ends of intervals, one a repeat.

    Attributes:
        low: ``[repeat]``.
        high: ``[repeat]``.
        flagged: Whether the estimate says that it is bad ``[repeat]``; then the ends do not count.
    """

    low: np.ndarray
    high: np.ndarray
    flagged: np.ndarray


Repeat = Callable[[np.random.Generator, int], Ends]


@dataclass(frozen=True)
class Row:
    """Row of the table.

    Attributes:
        function: Function that gives the interval, or the standard error.
        of: What it is an interval of, in words that the function's docstring has too.
        case: The draws behind it.
        repeat: ``repeat(rng, number of repeats)`` -> the ends.
        truth: What the intervals should cover.
        is_hard: Whether estimates may be flagged more than one time in twenty.
        is_bound: Whether the interval may cover more often than it says.
        share: Share of the repeats of the table that are made: less than 1 for rows of whole runs.
    """

    function: Callable[..., Any]
    of: str
    case: str
    repeat: Repeat
    truth: float = 0.0
    is_hard: bool = False
    is_bound: bool = False
    share: float = 1.0

    @property
    def name(self) -> str:
        """Name of the function, with that of its package where another has the same."""
        parts = self.function.__module__.split(".")
        package = [part for part in ("weights", "reducers") if part in parts and parts[-1] == "log_evidence"]
        return ".".join([*package, self.function.__name__])


def ends_of(results: Iterable[Result]) -> Ends:
    """Read the intervals of results."""
    found = [(float(one.low), float(one.high), bool(one.flags)) for one in results]
    low, high, flagged = (np.array(column) for column in zip(*found, strict=True))
    return Ends(low, high, flagged)


def ends_of_errors(value: Any, error: Any, flagged: Any = False, dof: float = np.inf) -> Ends:
    """Make intervals of estimates and standard errors; an error that is not finite counts as a flag.

    Args:
        value: ``[repeat]``.
        error: ``[repeat]``.
        flagged: ``[repeat]``.
        dof: Degrees of freedom of the error.
    """
    value, error = (np.asarray(part, np.float64) for part in (value, error))
    half_width = stdtrit(dof, 0.975) * error
    return Ends(value - half_width, value + half_width, ~np.isfinite(error) | np.asarray(flagged))


def key_of(rng: np.random.Generator) -> Key:
    """Make a random key from a generator."""
    return jax.random.key(int(rng.integers(2**31)))


def parts(draws: Any, size: int) -> Iterator[Any]:
    """Split a run into runs of so many chains."""
    on_host = jax.device_get(draws)
    for start in range(0, len(jax.tree.leaves(on_host)[0]), size):
        yield jax.tree.map(lambda leaf, start=start: leaf[start : start + size], on_host)
