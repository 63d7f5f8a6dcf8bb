"""Compare estimates of one log Z with each other and with the truth, and flag unreliable ones."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from scipy.special import stdtr

from jgen.diagnostics import welch_satterthwaite
from jgen.diagnostics.summary import summary
from jgen.types import Draws, Result

LARGEST_ERROR = 1.0
"""Largest standard error in nats: a factor e, above which the delta method does not apply."""


class Distance(NamedTuple):
    """Distance of an estimate from the truth or from another estimate.

    Attributes:
        errors: In standard errors, those of the difference.
        dof: Degrees of freedom of Student's t, which it follows if the two are of one log Z.
    """

    errors: float
    dof: float

    @property
    def p_value(self) -> float:
        """Return the probability that two estimates of one log Z lie as far apart, or farther."""
        return float(2 * stdtr(self.dof, -abs(self.errors)))


class Agreement(NamedTuple):
    """Comparison of several estimates.

    Attributes:
        results: Name -> log Z with its 95 % interval.
        rows: For each, the columns of a table: the estimate, its error, its distances from the truth and from
            the estimates after it in standard errors, the smallest p-value of these distances, and whether it
            is reliable.
        off: Name -> distance from the truth; empty where that is not known.
        apart: Pair of names -> distance of the first from the second.
    """

    results: Mapping[str, Result]
    rows: list[dict[str, Any]]
    off: Mapping[str, Distance]
    apart: Mapping[tuple[str, str], Distance]


def agreement(estimates: Mapping[str, Draws | Result], truth: float | None = None) -> Agreement:
    r"""Compare estimates of one log Z with each other and with the truth, and flag unreliable ones.

    Two independent estimates of one log Z, whose errors have :math:`\nu_a` and :math:`\nu_b` degrees of
    freedom (those of eight populations seven), are apart by

    .. math:: t = \frac{a - b}{\sqrt{se_a^2 + se_b^2}}, \qquad
        \nu = \frac{(se_a^2 + se_b^2)^2}{se_a^4 / \nu_a + se_b^4 / \nu_b},

    and t is nearly Student's with :math:`\nu` degrees of freedom: Welch's test, so that the p-value of the
    distance of two estimates is below 0.05 in 5 % of all pairs. The error of a truth is 0.
    The p-value of four standard errors depends on :math:`\nu` (6e-5 where it is infinite, 5e-3 where it is
    7), so it is reported as well.

    An estimate is reliable unless it is flagged (weights whose Pareto k is above 0.7 may have no variance) or
    its standard error is one nat or more.

    Args:
        estimates: Name -> weighted draws, of particles or of populations; or a ``Result``, as of ``bridge``.
        truth: log Z, in nats, where it is known.

    Returns:
        The results and the rows of their table.

    Raises:
        ValueError: If draws have no weights.

    Example:
        >>> smc = Result(-3.1, -3.3365, -2.8635, 8, "", {}, dof=7)
        >>> bridge = Result(-3.0, -3.1, -2.9, 900, "", {})
        >>> for row in agreement({"SMC": smc, "bridge": bridge}, truth=-3.05).rows:
        ...     print(row["by"], row["s.e."], row["off (s.e.)"], row["apart (s.e.)"], row["min p-value"])
        SMC 0.1 -0.5 bridge -0.9 0.39
        bridge 0.05 1.0  0.33

    Reference:
        Welch (1947), Biometrika 34; Vehtari, Simpson, Gelman, Yao and Gabry (2024), "Pareto smoothed
        importance sampling", JMLR 25, for k.
    """
    totals = {name: _totals(name, estimate) for name, estimate in estimates.items()}
    results = {name: one["log_evidence"] for name, one in totals.items()}
    known: Any = truth
    exact = Result(known, known, known, 0, "exact", {})
    off = {name: _distance(result, exact) for name, result in results.items() if truth is not None}
    apart = {pair: _distance(*(results[name] for name in pair)) for pair in combinations(results, 2)}
    rows = [
        {
            "by": name,
            "log Z": round(float(result.value), 2),
            "s.e.": round(float(result.standard_error), 2),
            "truth": None if truth is None else round(truth, 2),
            "off (s.e.)": round(off[name].errors, 1) if off else None,
            "apart (s.e.)": ", ".join(
                f"{pair[1]} {far.errors:+.1f}" for pair, far in apart.items() if pair[0] == name
            ),
            "min p-value": _smallest_p_value(name, off, apart),
            "ESS": totals[name].get("kish_ess"),
            "reliable": _reliability(result),
        }
        for name, result in results.items()
    ]
    return Agreement(results, rows, off, apart)


def _totals(name: str, estimate: Draws | Result) -> Mapping[str, Any]:
    """Compute log Z and the diagnostics of an estimate."""
    if isinstance(estimate, Result):
        return {"log_evidence": estimate}
    if estimate.log_weight is None:
        raise ValueError(
            f"{name}: draws without weights do not estimate log Z; pass weighted draws, or a Result such as "
            "jgen.evaluation.evidence.bridge makes of them"
        )
    return summary(estimate).totals


def _distance(first: Result, second: Result) -> Distance:
    """Compute the distance of two independent results; 0 for equal values, even without an error."""
    errors = [float(result.standard_error) for result in (first, second)]
    difference = float(first.value) - float(second.value)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = float(np.divide(difference, np.hypot(errors[0], errors[1]))) if difference else 0.0
    return Distance(distance, welch_satterthwaite(errors, (first.dof, second.dof)))


def _smallest_p_value(
    name: str, off: Mapping[str, Distance], apart: Mapping[tuple[str, str], Distance]
) -> float | None:
    """Compute the smallest p-value of the distances of an estimate from the truth and from the others."""
    distances = [off[name]] if name in off else []
    distances += [distance for pair, distance in apart.items() if name in pair]
    return float(f"{min(distance.p_value for distance in distances):.2g}") if distances else None


def _reliability(result: Result) -> str:
    """Return "yes", or "no" and why an estimate is unreliable."""
    error = float(result.standard_error)
    faults = result.flags or (() if error < LARGEST_ERROR else (f"an error of {error:.1f} nats",))
    return "no: " + ", ".join(faults) if faults else "yes"
