"""Which rows of a long table CI runs: enough of them, and never none of a kind."""

import pytest

from tests.helpers.marking import first_in_ci, one_of_each, some_in_ci

BUGS = [
    *("1 MALA, the ratio", "1 MALA, the force", "2 HMC, no step", "2 MALA, no step"),
    *("NUTS, a half", "NUTS, a turn", "8 MALA, a key"),
]


def marks(rows):
    """Name -> the marks of its row."""
    named = [(row, []) if isinstance(row, str) else (row.values[0], row.marks) for row in rows]
    return {name: [mark.name for mark in marks] for name, marks in named}


@pytest.mark.parametrize(
    ("quick", "in_ci"),
    [
        ((), ["1 MALA, the ratio", "2 HMC, no step", "NUTS, a half", "8 MALA, a key"]),
        (("1 MALA, the force",), ["2 HMC, no step", "NUTS, a half", "8 MALA, a key"]),
        (("8 MALA, a key", "NUTS, a turn"), ["1 MALA, the ratio", "2 HMC, no step"]),
    ],
)
def test_each_kernel_and_each_known_kind_has_a_bug_in_ci(quick, in_ci):
    found = marks(one_of_each(BUGS, quick))
    assert set(found) == set(BUGS)
    assert [name for name in BUGS if found[name] == []] == [name for name in BUGS if name in quick]
    assert [name for name in BUGS if found[name] == ["slow"]] == in_ci
    assert sum(mark == ["weekly"] for mark in found.values()) == len(BUGS) - len(quick) - len(in_ci)


def test_some_rows_are_in_ci_and_all_are_weekly():
    found = marks(some_in_ci("abcdefg", 3, quick="d"))
    assert found == {
        name: {"a": ["slow"], "d": [], "g": ["slow"]}.get(name, ["weekly"]) for name in "abcdefg"
    }
    assert marks(first_in_ci(["mlp-0", "mlp-1"])) == {"mlp-0": ["slow"], "mlp-1": ["weekly"]}


def test_no_test_is_slow_and_weekly_at_once(request):
    """CI would run it: ``-m slow`` takes whatever is marked so."""
    marks = {item.nodeid: {mark.name for mark in item.iter_markers()} for item in request.session.collected}
    assert [name for name, found in marks.items() if {"slow", "weekly"} <= found] == []
