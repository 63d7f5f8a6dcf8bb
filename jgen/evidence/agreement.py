"""Do estimates of one log Z agree, and are they to be believed?"""

from collections.abc import Mapping
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from jgen.summary import summary
from jgen.types import Draws, Law, Result

LARGEST_ERROR = 1.0
"""In nats: a factor e, beyond which the delta method means nothing."""
LARGEST_K = 0.7
FEWEST_POPULATIONS = 2.0


class Agreement(NamedTuple):
    """Estimates side by side.

    Attributes:
        results: Name -> log Z with its 95 % interval.
        rows: For each, the columns of a table: the estimate, its error, how far it is off the truth and off
            those after it in standard errors, and whether it believes itself.
    """

    results: Mapping[str, Result]
    rows: list[dict[str, Any]]


def agreement(estimates: Mapping[str, Draws | Result], truth: float | None = None) -> Agreement:
    r"""Judges estimates of one log Z by themselves, by each other, and by the truth.

    Two independent estimates are :math:`(a - b) / \sqrt{se_a^2 + se_b^2}` standard errors apart. An estimate
    is believed unless its own facts speak against it: a standard error of one nat or more, weights whose
    Pareto k is above 0.7 (they may have no variance), or populations of particles of which fewer than two
    weigh anything.

    Args:
        estimates: Name -> weighted draws, of particles or of populations; or a ``Result``, as of ``bridge``.
        truth: log Z, in nats, where it is known.

    Returns:
        The results and the rows of their table.

    Raises:
        ValueError: If draws have no weights.

    Example:
        >>> smc, bridge = Result(-3.1, -3.3, -2.9, 8, "", {}), Result(-3.0, -3.1, -2.9, 9, "", {})
        >>> for row in agreement({"SMC": smc, "bridge": bridge}, truth=-3.05).rows:
        ...     print(row["by"], row["s.e."], row["off (s.e.)"], row["apart (s.e.)"], row["believed"])
        SMC 0.1 -0.5 bridge -0.9 yes
        bridge 0.05 1.0  yes

    Reference:
        Vehtari, Simpson, Gelman, Yao and Gabry (2024), "Pareto smoothed importance sampling", JMLR 25, for k.
    """
    said = {name: _said(name, found) for name, found in estimates.items()}
    results = {name: totals["log_evidence"] for name, totals in said.items()}
    value = {name: float(result.value) for name, result in results.items()}
    error = {name: float(result.standard_error) for name, result in results.items()}
    apart: dict[str, list[str]] = {name: [] for name in results}
    for first, second in combinations(results, 2):
        distance = _in_errors(value[first] - value[second], np.hypot(error[first], error[second]))
        apart[first].append(f"{second} {distance:+.1f}")
    rows = [
        {
            "by": name,
            "log Z": round(value[name], 2),
            "s.e.": round(error[name], 2),
            "truth": None if truth is None else round(truth, 2),
            "off (s.e.)": None if truth is None else round(_in_errors(value[name] - truth, error[name]), 1),
            "apart (s.e.)": ", ".join(apart[name]),
            "ESS": said[name].get("kish_ess"),
            "believed": "no: " + doubts if (doubts := _doubts(error[name], found, said[name])) else "yes",
        }
        for name, found in estimates.items()
    ]
    return Agreement(results, rows)


def _said(name: str, found: Draws | Result) -> Mapping[str, Any]:
    """What an estimate says of itself, log Z included."""
    if isinstance(found, Result):
        return {"log_evidence": found}
    if found.log_weight is None:
        raise ValueError(
            f"{name}: draws without weights say nothing of log Z; pass weighted draws, or a Result such as "
            "jgen.evidence.bridge makes of them"
        )
    return summary(found).totals


def _in_errors(difference: float, error: float) -> float:
    """A difference in standard errors; none is none even where there is no error."""
    with np.errstate(divide="ignore"):
        return float(np.divide(difference, error)) if difference else 0.0


def _doubts(error: float, found: Draws | Result, said: Mapping[str, Any]) -> str:
    """Why not to believe it; empty if nothing speaks against it."""
    doubts = [] if error < LARGEST_ERROR else [f"an error of {error:.1f} nats"]
    law = None if isinstance(found, Result) else found.law
    # The weights of a few populations are too few to fit a tail to.
    if law is Law.WEIGHTED and said["pareto_k"] > LARGEST_K:
        doubts.append(f"Pareto k {said['pareto_k']:.1f}")
    if law is Law.ENSEMBLE and said["kish_ess"] < FEWEST_POPULATIONS:
        doubts.append(f"{said['kish_ess']:.1f} populations weigh")
    return ", ".join(doubts)
