"""Name the factors of variation of a data set, and the meanings of their values."""

from typing import Any

from jgen.data.catalogue import builder


def factors(name: str) -> dict[str, tuple[Any, ...]]:
    """Return the columns of ``load(name)["factors"]``.

    Args:
        name: One of ``known()``.

    Returns:
        Name of a column -> the meanings of its values 0, 1, ...; empty for data without factors.

    Raises:
        UsageError: For an unknown name.

    Example:
        >>> factors("shapes2d")["shape"], [len(values) for values in factors("shapes2d").values()]
        (('square', 'ellipse', 'heart'), [3, 3, 4, 8, 8])
    """
    return dict(builder(name).factors)
