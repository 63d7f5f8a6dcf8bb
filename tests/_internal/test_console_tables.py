"""Check that no width cuts a word or a number, and that every column is shown."""

import io

import pytest
from rich.console import Console

from jgen._internal.console_tables import console_tables

COLUMNS = ["sampler", "error (MCSEs)", "ESS", "ESS/gradient", "draws/s", "log Z", "R-hat"]
ROWS = [
    ["direct", "1.56", "51100", "-", "5,450,000", "0 ± 0", "-"],
    ["importance", "2.26", "37600", "-", "5,950,000", "-0.0019 ± 0.0028", "-"],
    ["hmc", "2.28", "337", "0.000658", "607,000", "-", "1.537"],
]
WORDS = [word for line in (COLUMNS, *ROWS) for cell in line for word in cell.split()]


def printed(width):
    file = io.StringIO()
    Console(file=file, width=width).print(*console_tables(COLUMNS, ROWS, width), sep="\n")
    return file.getvalue()


@pytest.mark.parametrize("width", [*range(29, 100), 200])
def test_words_are_whole_and_lines_fit(width):
    text = printed(width)
    assert max(map(len, text.splitlines())) <= width
    words = text.replace("│", " ").replace("┃", " ").split()
    for word in WORDS:
        assert words.count(word) >= WORDS.count(word), word


def test_a_table_is_continued_below_with_its_first_column():
    tables = console_tables(COLUMNS, ROWS, 40)
    assert [table.columns[0].header for table in tables] == ["sampler"] * len(tables)
    assert [column.header for table in tables for column in table.columns[1:]] == COLUMNS[1:]


def test_a_word_longer_than_the_line_is_folded():
    file = io.StringIO()
    Console(file=file, width=20).print(*console_tables(["name", "path"], [["a", "x" * 50]], 20))
    assert max(map(len, file.getvalue().splitlines())) <= 20
    assert file.getvalue().count("x") == 50
