"""Test the table of mutants, and what cannot be a mutant."""

import pytest

from tests.helpers.mutant import Mutant, results_of, table


class Report:
    """What pytest keeps of a test."""

    def __init__(self, *properties):
        self.user_properties = properties


def test_table_counts_the_killed_and_names_the_survivors():
    results = results_of(
        [
            Report(("mutant", ("1 a",)), ("mutant", ("1 a", "invariance", "off by 0.1"))),
            Report(("mutant", ("1 b",)), ("mutant", ("c", "rank", "off by 0.2"))),
        ]
    )
    rows = [row.split() for row in table(results, every=False)]
    assert rows[1][-3:] == ["2", "1", "invariance"]
    assert rows[2][-2:] == ["0", "0"]
    assert rows[13][-3:] == ["1", "1", "rank"]
    assert rows[14][-2:] == ["3", "2"]
    assert rows[15:] == [["SURVIVED:", "1", "b"]]


def test_a_line_that_is_not_there_raises():
    with pytest.raises(LookupError, match="0 times, not once"):
        Mutant("_internal.binding", "no such line", "")
    with pytest.raises(LookupError, match="imports nothing from"):
        Mutant("_internal.binding", "def as_partial", "", user="_internal.vmap_rules")
