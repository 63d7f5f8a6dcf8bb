"""Test the table of mutants, and what cannot be a mutant."""

import pytest

from tests.helpers.mutant import Mutant, results_of, table


def test_table_counts_the_killed_and_names_the_survivors():
    killed = [("1 a", "invariance", "off by 0.1"), ("c", "rank", "off by 0.2")]
    rows = [row.split() for row in table(results_of([("1 a",), ("1 b",), *killed]), every=False)]
    assert (rows[1][-3:], rows[2][-2:]) == (["2", "1", "invariance"], ["0", "0"])
    assert (rows[13][-3:], rows[14][-2:]) == (["1", "1", "rank"], ["3", "2"])
    assert rows[15:] == [["SURVIVED:", "1", "b"]]


def test_a_line_that_is_not_there_raises():
    with pytest.raises(LookupError, match="0 times, not once"):
        Mutant("_internal.binding", "no such line", "")
    with pytest.raises(LookupError, match="imports nothing from"):
        Mutant("_internal.binding", "def as_partial", "", user="_internal.vmap_rules")
