"""Load a whole data set as NumPy arrays on the host."""

from pathlib import Path
from typing import Any

from jgen.data.catalogue import is_table
from jgen.data.open_builder import open_builder, source_of
from jgen.data.text_table import table


def load(
    name_or_path: str | Path, split: str = "train", *, directory: str | Path | None = None
) -> dict[str, Any]:
    """Load a data set as a dictionary of arrays, one row per example.

    TFDS orders the rows of a set that it prepares by a fixed hash, so that a slice is a random sample.

    Args:
        name_or_path: Name of a set that jgen ships (``known()``); or a ``.csv`` file of numbers; or a folder
            that any TFDS builder has prepared as ``array_record``.
        split: In TFDS's notation: ``"train"``, ``"train[:80%]"``, ``"train+test"``.
        directory: Folder of prepared sets; None for ``$JGEN_DATA_DIR`` or the user's cache.

    Returns:
        Feature -> ``[example, ...]``, NumPy arrays. Sets that jgen ships have ``x`` (``graphs`` has
        ``nodes``, ``adjacency`` and ``mask``), and ``label`` or ``factors`` if there are any; features of
        other folders are nested as in the folder.

    Raises:
        UsageError: For a set that is unknown, not prepared or not readable, a split that is missing or
            empty, or features without a fixed shape.

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
    source = source_of(open_builder(name_or_path, directory), split)
    return source.read(range(len(source)))
