"""Read a table of numbers from a CSV file."""

import csv
from pathlib import Path

import numpy as np

from jgen.errors import UsageError


def table(path: str | Path, split: str = "train") -> dict[str, np.ndarray]:
    r"""Read a numeric CSV file: rows of numbers under an optional line of names.

    Args:
        path: Path of the file, in UTF-8.
        split: ``"train"`` for all rows, or a slice of them, ``"train[:80%]"``, in the order of the file.

    Returns:
        ``x`` ``[row, column]``, float64; a column named ``label`` is separate, ``[row]``.

    Raises:
        UsageError: For a file that is missing or empty, a row of another length, or a cell that is not a
            finite number: the message states its line and column.

    Example:
        >>> import tempfile, pathlib
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = pathlib.Path(folder) / "two.csv"
        ...     _ = file.write_text("a,b,label\n1,2,0\n3,4,1\n")
        ...     {name: array.tolist() for name, array in table(file).items()}
        {'x': [[1.0, 2.0], [3.0, 4.0]], 'label': [0.0, 1.0]}
    """
    names, lines = read_rows(path)
    width = len(names or lines[0][1])
    rows = np.array([_numbers(path, line, row, width) for line, row in lines])  # [row, column]
    rows = rows[_slice(path, split, len(rows))]
    if not len(rows):
        raise UsageError(f"the split {split!r} of {path} is empty")
    label = [name.strip() == "label" for name in names or [""] * width]
    return {"x": rows[:, ~np.array(label)], **({"label": rows[:, label.index(True)]} if any(label) else {})}


def read_rows(path: str | Path) -> tuple[list[str] | None, list[tuple[int, list[str]]]]:
    """Read the cells of a CSV file as text.

    Args:
        path: Path of the file, in UTF-8.

    Returns:
        The line of names, None if the first line has a number in it; and the other lines that are not
        blank, each with its line number.

    Raises:
        UsageError: For a file that is missing, not text, or without rows.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            lines = [(i, row) for i, row in enumerate(csv.reader(file), 1) if "".join(row).strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    names = lines.pop(0)[1] if lines and not any(_is_number(cell) for cell in lines[0][1]) else None
    if not lines:
        raise UsageError(f"{path} has no rows of numbers")
    return names, lines


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _numbers(path: str | Path, line: int, row: list[str], width: int) -> list[float]:
    if len(row) != width:
        raise UsageError(f"{path}, line {line}: {len(row)} cells where the lines before have {width}")
    for column, cell in enumerate(row, 1):
        if not _is_number(cell) or not np.isfinite(float(cell)):
            raise UsageError(
                f"{path}, line {line}, column {column}: {cell!r} is not a finite number; "
                "drop the column or the row, or encode it as numbers"
            )
    return [float(cell) for cell in row]


def _slice(path: str | Path, split: str, size: int) -> np.ndarray:
    if split == "train":
        return np.arange(size)
    import tensorflow_datasets as tfds

    try:
        whole = tfds.core.splits.SplitInfo(name="train", shard_lengths=[size], num_bytes=0)
        parts = tfds.core.ReadInstruction.from_spec(split).to_absolute({"train": whole})
    except (ValueError, KeyError, AssertionError) as error:
        raise UsageError(f"{path} has no split {split!r}: it has train, and slices of it") from error
    return np.concatenate([np.arange(size)[part.from_ : part.to] for part in parts])
