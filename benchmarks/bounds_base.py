"""What was asked of the samplers' speed, and what a run of the benchmark found, at worst."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

MANY = 64
"""Chains from which NUTS is held to its bound."""


def bounds_rows(
    rows: Iterable[Mapping[str, Any]],
    lanes: Iterable[Mapping[str, Any]],
    mixtures: Iterable[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """A row for each bound that the run can judge; one that was not measured has none.

    Args:
        rows: Of samplers, targets and chains.
        lanes: Of NUTS over lanes.
        mixtures: Of direct draws.

    Returns:
        What is asked, the bound, the worst that was found and where, and whether it is met.

    Example:
        >>> found = {"counterpart": "hmc", "sampler": "hmc", "target": "banana", "hand_written_ratio": 1.2}
        >>> (row,) = bounds_rows([found | {"chains": 64}], [], [])
        >>> row["asked"], row["found"], row["where"], row["met"]
        ('HMC, x by hand, at most', 1.2, 'banana, 64 chains', 'no')
    """
    of_hmc = [row for row in rows if row["sampler"] == "hmc"]
    of_nuts = [row for row in rows if row["sampler"] == "nuts" and row["chains"] >= MANY]
    funnel = [row for row in lanes if row["target"] == "funnel" and row["lanes"] is not None]
    best = [max(funnel, key=lambda row: row["utilisation"])] if funnel else []
    together = [row for row in lanes if row["target"] == "funnel" and row["lanes"] is None]
    theirs = [row for row in mixtures if row["way"].startswith("numpyro") and row["dim"] == 1]
    judged = [
        ("HMC, x by hand, at most", 1.15, max, of_hmc, "hand_written_ratio", "{target}, {chains} chains"),
        (f"NUTS, x by hand, {MANY} chains and more, at most", 2.0, max, of_nuts, "hand_written_ratio",
         "{target}, {chains} chains"),
        ("NUTS over its best number of lanes, utilisation, at least", 0.8, min, best, "utilisation",
         "{target}, {chains} chains over {lanes} lanes"),
        ("NUTS, all chains together (no bound)", None, min, together, "utilisation",
         "{target}, {chains} chains"),
        *(
            (f"direct draws of {number} components, x NumPyro, at least", bound, min,
             [row for row in theirs if row["components"] == number], "jgen_ratio", "dim {dim}")
            for number, bound in ((5, 3.0), (40, 15.0))
        ),
    ]  # fmt: skip
    return [found for one in judged if (found := _worst(*one)) is not None]


def _worst(
    asked: str,
    bound: float | None,
    worst: Callable[..., Any],
    rows: Iterable[Mapping[str, Any]],
    column: str,
    where: str,
) -> dict[str, Any] | None:
    """The row of the largest number, or the smallest; None where there is no number."""
    measured = [row for row in rows if row[column] is not None]
    if not measured:
        return None
    row = worst(measured, key=lambda row: row[column])
    is_met = bound is None or worst(row[column], bound) == bound
    met = "-" if bound is None else "yes" if is_met else "no"
    return {"asked": asked, "bound": bound, "found": row[column], "where": where.format(**row), "met": met}
