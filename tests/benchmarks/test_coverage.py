"""Check that every interval that jgen prints has a row in the table of coverage, and says what it is of."""

import importlib
import inspect
import pkgutil
import re
import typing

import numpy as np
import pytest

import jgen
from benchmarks import coverage
from benchmarks.command_line import main
from benchmarks.intervals.row import Ends, Row
from jgen.diagnostics import summary
from jgen.types import Result
from tests.helpers.benchmark_runs import run_benchmark

NO_ROW = {
    "analyse_answers": "win_rate, bradley_terry and rater_agreement of a study's answers, which have rows",
    "bits_per_pixel": "differences of log_likelihood and against_best, which have rows",
    "compare_models": "the league of several metrics, and their own intervals, which have rows",
    "estimate_log_bound": "a bound of a probability that holds exactly: (1 - 3 / n)^n < 0.05",
    "log_mean_exp_with_error": "the error inside weights.log_evidence, without its flags",
    "league_plot": "draws the intervals of a league",
    "pair_plot": "regions of the mass of a model, not intervals of an estimate",
    "total_variation": "a closed form, without an error",
    "wasserstein2": "a closed form, without an error",
    "welch_satterthwaite": "degrees of freedom; compare and agreement are intervals by them",
}
"""Functions whose docstring speaks of errors, or which return a result, and why they have no row."""


def public_functions():
    """List the functions that packages export."""
    found = {}
    for info in pkgutil.walk_packages(jgen.__path__, "jgen."):
        is_checks = info.name.startswith("jgen.testing")  # which have thresholds, not intervals
        module = importlib.import_module(info.name) if info.ispkg and not is_checks else None
        for name in getattr(module, "__all__", ()):
            function = getattr(module, name)
            if inspect.isfunction(function) and function.__module__.startswith("jgen."):
                found[f"{function.__module__}.{name}"] = function
    return found


def has_result(annotation, above=()):
    """Return whether a type is ``Result``, or has one among its arguments or fields."""
    if annotation is Result:
        return True
    if annotation in above or isinstance(annotation, str):
        return annotation == "Result"
    inner = [*typing.get_args(annotation)]
    if inspect.isclass(annotation) and annotation.__module__.startswith("jgen."):
        inner += typing.get_type_hints(annotation).values()
    return any(has_result(one, (*above, annotation)) for one in inner)


def has_interval(function):
    """Return whether a function returns a result, or is about a standard error."""
    is_result = has_result(inspect.signature(function).return_annotation)
    head = (inspect.getdoc(function) or "").split("Args:")[0]
    return is_result or re.search(r"standard error|95 %|MCSE", head) is not None


def test_every_interval_has_a_row():
    with_row = {row.function for row in coverage.rows()}
    public = public_functions()
    missing = {name for name, one in public.items() if has_interval(one) and one not in with_row}
    assert {name.rpartition(".")[2] for name in missing} == set(NO_ROW)
    assert len(with_row) > 20
    assert with_row <= set(public.values())


def test_functions_say_what_their_intervals_are_of():
    said = {row: " ".join(inspect.getdoc(row.function).split()).lower() for row in coverage.rows()}
    assert {(row.name, row.of) for row, text in said.items() if row.of.lower() not in text} == set()


@pytest.mark.slow
def test_rows_are_measured_and_shown(tmp_path, capsys):
    names = ["weights.log_evidence", "mean_result", "mcse_between"]
    rows = run_benchmark(coverage, tmp_path, "--repeats", "20", "--only", *names)["rows"]
    assert {row["interval"] for row in rows} == set(names)
    for row in rows:
        assert 10 <= row["repeats"] <= 20
        assert 0 <= row["flagged"] <= 1
        assert row["covered"] is None or 0 <= row["covered"] <= 1
        assert row["verdict"] == "yes"  # but for a false alarm of 1e-6 a row
    assert "\u2026" not in capsys.readouterr().out  # no cell is cut


@pytest.mark.parametrize(
    ("options", "words"), [(["--repeats", "9"], "10 or more"), (["--only", "ess"], "--only takes")]
)
def test_wrong_options_are_refused(options, words, capsys):
    with pytest.raises(SystemExit):
        main(coverage.run, coverage.Config, options)
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("is_hard", "miss", "flag", "verdict"),
    [
        *(
            (False, 0.05, 0.0, "yes"),
            (False, 0.0, 0.0, "no"),
            (False, 0.15, 0.0, "no"),
            (False, 0.05, 0.1, "no"),
        ),
        *(
            (True, 0.05, 0.9, "yes"),
            (True, 0.0, 0.0, "yes"),
            (True, 0.15, 0.0, "no"),
            (True, 0.0, 1.0, "yes"),
        ),
    ],
)
def test_verdicts(is_hard, miss, flag, verdict):
    """Of 2,000 intervals, those that miss and those that are flagged spread evenly."""

    def repeat(rng, repeats):
        del rng
        spread = (np.arange(repeats) * 0.618034) % 1
        missed = np.where((np.arange(repeats) * 0.414214) % 1 < miss, 1.0, -1.0)
        return Ends(missed, np.full(repeats, 2.0), spread < flag)

    row = Row(summary, "mean", "a case", repeat, is_hard=is_hard)
    assert coverage.measure(row, 0, 2000)["verdict"] == verdict
