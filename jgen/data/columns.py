"""Name the columns of a data set, for the axes of a figure."""

from pathlib import Path

from jgen.data.catalogue import builder, known
from jgen.data.text_table import read_rows


def columns(name_or_path: str | Path) -> list[str] | None:
    """Return the names of the columns of ``load(name_or_path)["x"]``, if it is a table with names.

    Args:
        name_or_path: As in ``load``.

    Returns:
        One name per column; None if the data set has none.

    Raises:
        UsageError: For a ``.csv`` file that cannot be read.

    Example:
        >>> columns("iris")
        ['sepal length (cm)', 'sepal width (cm)', 'petal length (cm)', 'petal width (cm)']
    """
    if str(name_or_path) in known():
        return list(builder(str(name_or_path)).columns) or None
    if not Path(name_or_path).is_file():
        return None
    names = read_rows(name_or_path)[0]
    return None if names is None else [name.strip() for name in names if name.strip() != "label"]
