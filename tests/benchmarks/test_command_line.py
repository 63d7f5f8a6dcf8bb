"""Check that mistakes in the options of a benchmark print one line."""

import pytest
from rich.console import Console

from benchmarks import samplers, train
from benchmarks.command_line import main, show_rows
from tests.helpers.run_outputs import usage_error


@pytest.mark.parametrize(
    ("module", "options", "words"),
    [
        (samplers, "--targets nowhere", "there is no nowhere; choose among"),
        (samplers, "--chains 0", "--chains must be numbers of 1 or more"),
        (samplers, "--lanes-chains -1", "--lanes-chains must be at least 0"),
        (samplers, "--seconds -1", "--seconds must be a positive number"),
        (train, "--steps 0", "--steps must be at least 1"),
        (train, "--seconds nan", "--seconds must be a positive number"),
        (train, "--json nowhere/at/all.json", "is not a directory"),
    ],
)
def test_a_mistake_in_the_options_prints_one_line(module, options, words, capsys):
    assert words in usage_error(capsys, main, module.run, module.Config, options.split())


def test_missing_peers_name_the_extra(monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "blackjax", None)
    assert '".[bench]"' in usage_error(capsys, main, samplers.run, samplers.Config, ["--peers"])


def test_a_line_separates_groups_of_rows(capsys):
    """Three rounded digits; groups are rows with the same first column."""
    rows = [{"chains": n, "time": t} for n, t in ((1, 0.12345), (1, 2.0), (2, 3.0))]
    show_rows(Console(width=60), "times", rows, {"chains": "chains", "seconds": "time"})
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[4:] == [["1", "0.123"], ["1", "2"], [], ["2", "3"], []]


def test_numbers_and_words_of_a_wide_table_are_whole(capsys):
    rows = [{f"c{i}": 12345678.0 + i for i in range(8)}]
    show_rows(
        Console(width=110), "counts", rows, {f"gradients of the warm-up {i}": f"c{i}" for i in range(8)}
    )
    words = capsys.readouterr().out.split()
    assert words.count("12,300,000") == words.count("gradients") == words.count("warm-up") == 8
