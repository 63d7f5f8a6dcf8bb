"""Lay out tables for a console of limited width without cutting a word or a number."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.table import Column, Table


def console_tables(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[Table]:
    """Make a table of at most ``width`` characters a line, whose cells break only between words.

    A cell with line breaks has as many lines. Where the longest words of all columns do not fit side by side,
    the columns are divided among several tables, each of which begins with the first column. A word that is
    longer than its table is folded.

    Args:
        columns: Heads of the columns.
        rows: Cells ``[row][column]``.
        width: Characters of a line.

    Returns:
        Tables to print below each other; one if all columns fit.

    Example:
        >>> from rich.console import Console
        >>> cells = [["hmc", "0.000658", "-0.002 ± 0.0028"]]
        >>> for table in console_tables(["sampler", "ESS/gradient", "log Z"], cells, 44):
        ...     Console(width=44).print(table)
        ┏━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┓
        ┃ sampler ┃ ESS/gradient ┃ log Z           ┃
        ┡━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━┩
        │ hmc     │ 0.000658     │ -0.002 ± 0.0028 │
        └─────────┴──────────────┴─────────────────┘
        >>> len(console_tables(["sampler", "ESS/gradient", "log Z"], cells, 30))
        2
    """
    least, most = bounds(columns, rows)
    tables = []
    for block in blocks(least, width):
        fitted = dict(
            zip(block, fit([least[i] for i in block], [most[i] for i in block], width), strict=True)
        )
        table = Table(*(Column(columns[i], overflow="fold", width=fitted[i]) for i in block))
        for row in rows:
            table.add_row(*(row[i] for i in block))
        tables.append(table)
    return tables


def bounds(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[list[int], list[int]]:
    """Return the longest word and the longest line of the cells of each column, heads included.

    Example:
        >>> bounds(["log Z"], [["-0.002 ± 0.0028"]])
        ([6], [15])
    """
    texts = [[head, *cells] for head, *cells in zip(columns, *rows, strict=True)]
    least = [max(cell_len(word) for text in column for word in text.split() or [""]) for column in texts]
    lines = [[line for text in column for line in text.splitlines() or [""]] for column in texts]
    return least, [max(map(cell_len, column)) for column in lines]


def column_widths(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """Choose the widths of the columns of one table, so that cells break between words where that fits.

    Args:
        columns: Heads of the columns.
        rows: Cells ``[row][column]``.
        width: Characters of a line, with a space on both sides of each cell and lines between.

    Returns:
        The widths.

    Example:
        >>> column_widths(["sampler", "log Z"], [["hmc", "-0.002 ± 0.0028"]], 24)
        [7, 10]
    """
    return fit(*bounds(columns, rows), width)


def blocks(least: Sequence[int], width: int) -> list[list[int]]:
    """Divide columns of these widths among tables; each table begins with the first column.

    Example:
        >>> blocks([5, 10, 10, 10], 40)
        [[0, 1, 2], [0, 3]]
    """
    found = [[0]]
    for column in range(1, len(least)):
        if len(found[-1]) > 1 and table_width([least[i] for i in [*found[-1], column]]) > width:
            found.append([0])
        found[-1].append(column)
    return found


def fit(least: Sequence[int], most: Sequence[int], width: int) -> list[int]:
    """Narrow the columns with the most room to spare until the table fits.

    Example:
        >>> fit([5, 7], [5, 20], 20)
        [5, 8]
    """
    fitted = list(most)
    while (excess := table_width(fitted) - width) > 0:
        spare = [now - low for now, low in zip(fitted, least, strict=True)]
        if max(spare) > 0:
            fitted[spare.index(max(spare))] -= 1
        else:  # a word is longer than the table: fold the longest
            widest = fitted.index(max(fitted))
            fitted[widest] = max(fitted[widest] - excess, 1)
            break
    return fitted


def table_width(columns: Sequence[int]) -> int:
    """Return the width of a table: each column has a space on both sides, and lines around it."""
    return sum(columns) + 3 * len(columns) + 1
