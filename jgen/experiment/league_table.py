"""Lay out results of several models by several metrics as one table, with its nulls and its flags."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from jgen._internal.displays import style_of
from jgen._internal.formatting import format_value
from jgen.types import Result

BEST, SUPERSCRIPTS = "★", str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
LEAGUE_CAPTION = f"""\
Each cell is a value over its 95 % interval. A perfect model draws from the distribution of the real \
rows: its expected reading at these sizes, over the range of 95 % of readings. The arrow of a metric \
points to the better end; {BEST} is the best model, and each one whose difference from it may be 0. A \
raised number is that of a note."""


class Line(NamedTuple):
    """One number of one metric, for several models.

    Attributes:
        results: Model -> its result. One that is NaN is a dash.
        minus_best: Model -> paired difference from the best model; empty where it is not known.
        larger_is_better: Whether a better model has the larger value; None where neither is better.
    """

    results: Mapping[str, Result]
    minus_best: Mapping[str, Result | None] = {}
    larger_is_better: bool | None = False


class LeagueTable(NamedTuple):
    """Tables of a league, rows for ``Run.table``.

    Attributes:
        values: A row a number: ``metric``, ``perfect model``, and a column for each model.
        differences: A row for each number with differences: ``metric``, and a column for each model.
        notes: A row a note: its number ``note``, and ``what`` it says.
    """

    values: list[dict[str, Any]]
    differences: list[dict[str, Any]]
    notes: list[dict[str, Any]]


def league_table(lines: Mapping[str, Line]) -> LeagueTable:
    r"""Lay out a league: a number a row, a model a column, and the flags of results as numbered notes.

    Args:
        lines: Name of the number -> its results.

    Returns:
        The tables; ``notes`` is empty where no result is flagged.

    Example:
        >>> null = Result(1.0, 0.96, 1.04, 100, "splits", {})
        >>> results = {"a": Result(0.912, 0.88, 0.94, 100, "k-NN", {}, flags=("few rows",), null=null)}
        >>> table = league_table({"density": Line(results, larger_is_better=True)})
        >>> table.values
        [{'metric': 'density ↑', 'perfect model': '1.000\n[0.960, 1.040]', 'a': '0.912 ¹\n[0.880, 0.940]'}]
        >>> table.notes
        [{'note': 1, 'what': 'few rows'}]
    """
    notes: dict[str, int] = {}
    values, differences = [], []
    for name, line in lines.items():
        arrow = {True: " ↑", False: " ↓", None: ""}[line.larger_is_better]
        row = {"metric": name + arrow, "perfect model": _nulls(line.results)}
        for model, result in line.results.items():
            numbers = [notes.setdefault(note, len(notes) + 1) for note in _notes_of(result)]
            marks = [BEST] if len(line.minus_best) > 1 and _may_be_best(line.minus_best.get(model)) else []
            marks += [",".join(map(str, numbers)).translate(SUPERSCRIPTS)] if numbers else []
            row[model] = _cell(result, marks)
        values.append(row)
        known = {model: minus for model, minus in line.minus_best.items() if minus is not None}
        if len(known) > 1:
            differences.append({"metric": name, **{model: _difference(one) for model, one in known.items()}})
    return LeagueTable(values, differences, [{"note": i, "what": note} for note, i in notes.items()])


def _notes_of(result: Result) -> list[str]:
    """Return the flags, the word for programs joined to the sentence with its reason."""
    flags = iter(result.flags)
    return [
        f"beyond resolution: {next(flags, '')}" if flag == "beyond_resolution" else flag for flag in flags
    ]


def _may_be_best(minus: Result | None) -> bool:
    return minus is not None and bool(minus.low <= 0 <= minus.high)


def _difference(minus: Result) -> str:
    return "best" if minus.low == minus.value == minus.high == 0 else _cell(minus, [])


def _cell(result: Result, marks: list[str]) -> str:
    """Return a value with two digits of its error and its marks, over its interval."""
    value, low, high = map(float, result[:3])
    if np.isnan(value):
        return " ".join(("-", *marks))
    if np.isnan(low) or np.isnan(high):
        return " ".join((format_value(value), *marks))
    style = style_of(value, low, high)
    middle, *ends = (f"{0.0 if float(f'{x:{style}}') == 0 else x:{style}}" for x in (value, low, high))
    first = " ".join((middle, *marks))
    return first if set(ends) == {middle} else f"{first}\n[{', '.join(ends)}]"


def _nulls(results: Mapping[str, Result]) -> str:
    """Return what a perfect model reads, and the ceiling: of all models, or of each where they differ."""
    nulls = {model: "" if one.null is None else _cell(one.null, []) for model, one in results.items()}
    ceilings = {
        model: "" if one.ceiling is None else f"at best {one.ceiling:.3g}" for model, one in results.items()
    }
    return "\n".join(part for part in map(_of_all, (nulls, ceilings)) if part) or "-"


def _of_all(cells: Mapping[str, str]) -> str:
    distinct = set(cells.values()) - {""}
    if len(distinct) < 2:
        return "".join(distinct)
    return "\n".join(f"{model}: {cell}" for model, cell in cells.items() if cell)
