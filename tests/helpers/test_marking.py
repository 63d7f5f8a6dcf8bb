"""Test which rows of a table are marked."""

from tests.helpers.marking import first_of_each


def test_the_first_row_of_each_family_has_no_mark():
    rows = first_of_each(["a1", "a2", "b1"], family=lambda name: name[0], rest="slow")
    assert (rows[0], rows[2]) == ("a1", "b1")
    assert [mark.name for mark in rows[1].marks] == ["slow"]
