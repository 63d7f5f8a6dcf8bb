"""Loading a data set whole, as numpy arrays on the host."""

from pathlib import Path
from typing import Any

from jgen.data.catalogue import is_table
from jgen.data.open_builder import opened, source_of
from jgen.data.text_table import table


def load(
    name_or_path: str | Path, split: str = "train", *, directory: str | Path | None = None
) -> dict[str, Any]:
    """A data set as a dictionary of arrays, one row per example.

    TFDS orders the rows of a set that it prepares by a hash, always the same, so that a slice is a sample.

    Args:
        name_or_path: A set that jgen ships (``known()``); or a ``.csv`` file of numbers; or a folder that
            any TFDS builder has prepared as ``array_record``.
        split: As TFDS writes it: ``"train"``, ``"train[:80%]"``, ``"train+test"``.
        directory: Where prepared sets lie; None for ``$JGEN_DATA_DIR`` or the user's cache.

    Returns:
        Feature -> ``[example, ...]``, numpy arrays on the host. What jgen ships has ``x`` (``graphs`` has
        ``nodes``, ``adjacency`` and ``mask``), with ``label`` or ``factors`` where there are any; features of
        other folders are nested as they are there.

    Raises:
        UsageError: For a set that is unknown, not prepared or not readable, a split that it has not or that
            is empty, or features without a fixed shape.

    Example:
        >>> import tempfile
        >>> from jgen.data import load
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     iris = load("iris", directory=directory)
        >>> iris["x"].shape, iris["label"].shape, round(float(iris["x"].mean()), 4)
        ((150, 4), (150,), 3.4645)
    """
    if is_table(name_or_path):
        return table(Path(name_or_path), split)
    source = source_of(opened(name_or_path, directory), split)
    return source.rows(range(len(source)))
