"""Define the result of a check and the error of a failed one, and run checks in order."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import jax
from rich.console import Console

from jgen.types import Key


class CheckFailed(AssertionError):  # noqa: N818  (it reads as what happened)
    """Error of a failed check: which one, by how much, what usually causes it, and how to repeat it."""


class Measurement(NamedTuple):
    """Number that a check measured, beside the largest one that passes.

    Attributes:
        value: What was measured.
        allowed: The largest value that passes.
        quantity: What it is, and where it was largest.
        acceptance_rate: Of the Markov kernel, where it was measured; NaN where there is none.
    """

    value: float
    allowed: float
    quantity: str
    acceptance_rate: float = math.nan

    def __str__(self) -> str:
        """Return one line for a table."""
        return f"{self.quantity}: {self.value:.3g} (allowed: {self.allowed:.3g})"


class CheckResult(NamedTuple):
    """Result of a check that passed.

    Attributes:
        name: The name of the check.
        evidence: What it measured, a ``Measurement`` or a sentence; ``str(evidence)`` is one line of a table.
    """

    name: str
    evidence: object


def key_or_default(key: Key | None) -> tuple[Key, str]:
    """Return the key, or ``jax.random.key(0)`` where it is None; and how to repeat a run with it."""
    return (jax.random.key(0), "key=jax.random.key(0)") if key is None else (key, "the same key")


def run_checks(checks: Mapping[str, Callable[[], object]], repeat: str) -> list[CheckResult]:
    """Run checks in order until one fails, with the name of each on a terminal.

    Args:
        checks: Name -> a check, which returns its evidence (of several measurements, the one nearest to its
            limit is reported) or raises ``CheckFailed``.
        repeat: How to repeat the run.

    Returns:
        The checks that passed.

    Raises:
        CheckFailed: With the name of the check and how to repeat it.
    """
    results = []
    for name, check in checks.items():
        try:
            with Console(stderr=True).status(f"checking {name}"):
                evidence = check()
            worst = max(evidence, key=_excess) if isinstance(evidence, list) else evidence
            results.append(CheckResult(name, worst))
        except CheckFailed as error:
            raise CheckFailed(f"{name}: {error} [repeat with {repeat}]") from error
    return results


def require_within(measurements: Sequence[Measurement], failure: str, causes: str) -> None:
    """Raise ``CheckFailed`` if a measurement exceeds its limit, for the one that exceeds it most.

    Args:
        measurements: One or more.
        failure: What it means.
        causes: What usually causes it.
    """
    worst = max(measurements, key=_excess)
    if not worst.value <= worst.allowed:
        raise CheckFailed(f"{failure}: {worst}. Usual causes: {causes}")


def _excess(measurement: Measurement) -> float:
    value, allowed = measurement[:2]
    if math.isnan(value) or value > allowed == 0:
        return math.inf
    return value / allowed if allowed else value
