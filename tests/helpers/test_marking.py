"""Test which rows of a table are marked."""

from tests.helpers.marking import first_of_each


def test_the_first_row_of_each_family_has_no_mark():
    rows = first_of_each(["a1", "a2", "b1"], family=lambda name: name[0], rest="slow")
    assert (rows[0], rows[2]) == ("a1", "b1")
    assert [mark.name for mark in rows[1].marks] == ["slow"]


def test_no_test_is_slow_and_weekly_at_once(request):
    """CI would run it: ``-m slow`` takes whatever is marked so."""
    marks = {item.nodeid: {mark.name for mark in item.iter_markers()} for item in request.session.collected}
    assert [name for name, found in marks.items() if {"slow", "weekly"} <= found] == []
