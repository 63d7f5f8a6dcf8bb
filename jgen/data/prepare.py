"""Prepare a data set: write the files that it is read from."""

from pathlib import Path

from jgen.data.catalogue import builder, write_records


def prepare(name: str, directory: str | Path | None = None) -> Path:
    """Write a data set to disk unless it is already there.

    Args:
        name: Name among ``known()``.
        directory: Target folder; None for ``$JGEN_DATA_DIR`` or the user's cache.

    Returns:
        The folder of the set.

    Raises:
        UsageError: For an unknown name, or a folder that cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     prepare("iris", directory).relative_to(directory).as_posix()
        'iris/1.0.0'
    """
    made = builder(name, directory)
    write_records(made)
    return Path(made.data_dir)
