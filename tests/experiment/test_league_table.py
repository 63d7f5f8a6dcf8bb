"""Check the tables of a league: rounding, marks, notes, nulls, and that no width cuts a cell."""

import io

import numpy as np
import pytest
from rich.console import Console

from jgen._internal.console_tables import console_tables
from jgen.experiment import Line, Report, league_table
from jgen.types import Result

NAN = np.nan


def result(value, half, **fields):
    return Result(np.float64(value), value - half, value + half, 100, "a metric", {}, **fields)


NULL = result(0.01234, 0.0456)
A = result(0.123456, 0.0123, null=NULL)
B = result(2.5, 0.31, null=NULL, flags=("beyond_resolution", "k-NN at D = 64", "few rows"))


@pytest.mark.parametrize(
    ("given", "cell"),
    [
        (A, "0.123\n[0.111, 0.136]"),
        (B, "2.50 ¹,²\n[2.19, 2.81]"),
        (result(1234.5, 250.0), "1234\n[984, 1484]"),
        (result(3.0, 0.0), "3"),
        (result(19.8, 20.1), "20\n[0, 40]"),
        (result(NAN, NAN, flags=("1 row",)), "- ¹"),
        (Result(1.5, NAN, NAN, 9, "m", {}, flags=("no error",)), "1.5 ¹"),
        (Result(1.0, 0.5, np.inf, 9, "m", {}), "1\n[0.5, inf]"),
    ],
)
def test_a_cell_has_two_digits_of_its_error(given, cell):
    assert league_table({"metric": Line({"model": given})}).values[0]["model"] == cell


def test_flags_are_notes_that_equal_ones_share():
    other = result(1.0, 0.1, flags=("few rows",))
    table = league_table({"x": Line({"a": A, "b": B}), "y": Line({"a": other, "b": A})})
    notes = [{"note": 1, "what": "beyond resolution: k-NN at D = 64"}, {"note": 2, "what": "few rows"}]
    assert table.notes == notes
    assert table.values[0]["b"].startswith("2.50 ¹,²\n")
    assert table.values[1]["a"].startswith("1.00 ²\n")


def test_the_null_is_one_cell_or_one_for_each_model_and_has_the_ceiling():
    alike = league_table({"x": Line({"a": A, "b": B})}).values[0]["perfect model"]
    assert alike == "0.012\n[-0.033, 0.058]"
    other = league_table({"x": Line({"a": A, "b": B._replace(null=result(3.0, 0.0))})}).values[0]
    assert other["perfect model"] == "a: 0.012\n[-0.033, 0.058]\nb: 3"
    ceiling = league_table({"x": Line({"a": A._replace(ceiling=9.551)})}).values[0]["perfect model"]
    assert ceiling == "0.012\n[-0.033, 0.058]\nat best 9.55"
    assert league_table({"x": Line({"a": result(1.0, 0.1)})}).values[0]["perfect model"] == "-"


def test_the_best_and_its_equals_are_marked():
    """The second differs from the best by less than its error, the third by more, the fourth is not known."""
    minus = {"a": result(0.0, 0.0), "b": result(-0.1, 0.2), "c": result(-1.0, 0.2), "d": None}
    line = Line(dict.fromkeys("abcd", A), minus, larger_is_better=True)
    table = league_table({"x": line, "y": Line({"a": A}), "z": Line({"a": A}, {}, None)})
    assert ["★" in table.values[0][model] for model in "abcd"] == [True, True, False, False]
    assert [row["metric"] for row in table.values] == ["x ↑", "y ↓", "z"]
    (differences,) = table.differences
    assert differences == {
        "metric": "x",
        "a": "best",
        "b": "-0.10\n[-0.30, 0.10]",
        "c": "-1.00\n[-1.20, -0.80]",
    }


def league(num_metrics=12, num_models=6):
    lines = {
        f"a metric of number {i}": Line({f"model {j}": B for j in range(num_models)})
        for i in range(num_metrics)
    }
    return league_table(lines).values


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_a_wide_league_is_whole_at_every_width(width):
    rows = league()
    columns = list(rows[0])
    file = io.StringIO()
    console = Console(file=file, width=width)
    console.print(
        *console_tables(columns, [[row[name] for name in columns] for row in rows], width), sep="\n"
    )
    text = file.getvalue()
    assert max(map(len, text.splitlines())) <= width
    assert text.count("2.50") == text.count("¹,²") == text.count("[2.19,") == text.count("2.81]") == 12 * 6


def test_lines_of_a_cell_are_lines_of_the_page():
    report = Report("a league")
    report.table(league(1, 1))
    assert '<td class="brief">2.50 ¹,²<br/>[2.19, 2.81]</td>' in report.html()
