"""Preparing a data set: writing it once, as the files that it is read from."""

from pathlib import Path

from jgen.data.catalogue import builder, write_records


def prepare(name: str, directory: str | Path | None = None) -> Path:
    """Writes a data set to disk, where it is not there yet.

    Args:
        name: One of ``known()``.
        directory: Where to; None for ``$JGEN_DATA_DIR`` or the user's cache.

    Returns:
        The folder that holds it.

    Raises:
        UsageError: For an unknown name, or a place that cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     prepare("iris", directory).relative_to(directory).as_posix()
        'iris/1.0.0'
    """
    made = builder(name, directory)
    write_records(made)
    return Path(made.data_dir)
