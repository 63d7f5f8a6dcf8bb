"""List, locate and write the data sets that jgen ships."""

import contextlib
import logging
import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from jgen.errors import UsageError


def known() -> list[str]:
    """List the data sets that jgen ships: the files of ``jgen/data/datasets``.

    Example:
        >>> "iris" in known()
        True
    """
    return sorted(module.name for module in iter_modules([str(Path(__file__).parent / "datasets")]))


def is_table(name_or_path: str | Path) -> bool:
    """Return whether the argument is a CSV file, not a data set name or a folder."""
    path = Path(name_or_path)
    return str(name_or_path) not in known() and (path.is_file() or path.suffix == ".csv")


def data_dir(directory: str | Path | None = None) -> Path:
    """Return the folder of prepared data sets.

    Args:
        directory: Chosen folder; None for the default.

    Returns:
        ``directory``; else ``$JGEN_DATA_DIR``; else ``jgen`` in the user's cache (``$XDG_CACHE_HOME``, or
        ``~/.cache``).
    """
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(directory or os.environ.get("JGEN_DATA_DIR") or Path(cache) / "jgen").expanduser()


def builder(name: str, directory: str | Path | None = None) -> Any:
    """Return the TFDS builder of a data set by name.

    Args:
        name: One of ``known()``.
        directory: As in ``data_dir``.

    Returns:
        Its ``Builder``, prepared or not.

    Raises:
        UsageError: For another name.
    """
    if name not in known():
        raise UsageError(
            f"unknown data set {name!r}: the known ones are {', '.join(known())}; "
            "or give the path of a .csv file of numbers or of a folder that TFDS has prepared"
        )
    module = import_module(f"jgen.data.datasets.{name}")
    with _quiet():
        return module.Builder(data_dir=str(data_dir(directory)))


def is_prepared(made: Any) -> bool:
    """Return whether a builder's files exist; TFDS's own method logs a warning if not."""
    return (Path(made.data_dir) / "dataset_info.json").is_file()


def write_records(made: Any) -> None:
    """Write the files of a builder unless they exist.

    Args:
        made: From ``builder``.

    Raises:
        UsageError: For a folder that cannot be written, or a download that fails.
    """
    if is_prepared(made):
        return
    try:
        with _quiet(progress=not made.bundled):
            made.download_and_prepare()
    except OSError as error:
        if not is_prepared(made):  # else another process was faster
            raise UsageError(
                f"cannot prepare {made.name} in {Path(made.data_dir).parents[1]} "
                f"({error.strerror or error}): set JGEN_DATA_DIR to a folder that can be written"
            ) from error


@contextlib.contextmanager
def _quiet(progress: bool = False) -> Iterator[None]:
    """Silence TFDS's messages about missing folders and, except progress bars, about files being written."""
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with (
            open(os.devnull, "w") as null,
            contextlib.redirect_stdout(null),
            contextlib.nullcontext() if progress else contextlib.redirect_stderr(null),
        ):
            yield
    finally:
        logger.setLevel(level)
