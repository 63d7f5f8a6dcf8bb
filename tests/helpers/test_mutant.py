"""The table of planted bugs has all kinds that are known, and tells the dead from the living."""

import ast
from pathlib import Path

import pytest

from tests.helpers.mutant import KNOWN, Bug, bugs_of, table

HOME = Path(__file__).parents[1]
MORE_OF_OUR_OWN = 10


def planted_names():
    """What bugs are called: the keys of dicts in ``planted*.py``, and what ``kills`` is told by name."""
    for path in HOME.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Dict) and path.parent.name == "mutants":
                yield from (key.value for key in node.keys if isinstance(key, ast.Constant))
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "kills":
                yield from (arg.value for arg in node.args if isinstance(arg, ast.Constant))


def kind(name):
    number, _, rest = str(name).partition(" ")
    return int(number) if rest and number.isdigit() else None


def test_every_known_bug_is_planted_and_ten_more():
    kinds = [kind(name) for name in set(planted_names())]
    assert set(KNOWN) == set(range(1, 13))
    assert set(KNOWN) <= set(kinds)
    assert kinds.count(None) >= MORE_OF_OUR_OWN


class Report:
    """What pytest keeps of a test."""

    def __init__(self, *properties):
        self.user_properties = properties


def test_the_table_counts_the_dead_and_names_the_living():
    bugs = bugs_of(
        [
            Report(("planted", "1 a"), ("killed", ("1 a", "invariance", "off by 0.1"))),
            Report(("planted", "1 b"), ("planted", "c"), ("killed", ("c", "rank", "off by 0.2"))),
        ]
    )
    rows = [row.split() for row in table(bugs, every=False)]
    assert rows[1][-3:] == ["2", "1", "invariance"]
    assert rows[2][-2:] == ["0", "0"]
    assert rows[13][-3:] == ["1", "1", "rank"]
    assert rows[14][-2:] == ["3", "2"]
    assert rows[15:] == [["ALIVE:", "1", "b"]]


def test_a_bug_that_cannot_be_planted_cannot_be_written_down():
    with pytest.raises(LookupError, match="0 times, not once"):
        Bug("_internal.binding", "no such line", "")
    with pytest.raises(LookupError, match="imports nothing from"):
        Bug("_internal.validation", "counts, so", "counts", user="_internal.binding")
