"""Loading a data set whole, as numpy arrays on the host."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jgen.data.catalogue_base import builder, is_prepared, known, write_records
from jgen.data.table_base import table
from jgen.errors import UsageError


def load(
    name_or_path: str | Path, split: str = "train", *, directory: str | Path | None = None
) -> dict[str, np.ndarray]:
    """A data set as a dictionary of arrays, one row per example.

    TFDS orders the rows of a set that it prepares by a hash, always the same, so that a slice is a sample.

    Args:
        name_or_path: A set that jgen ships (``known()``); or a ``.csv`` file of numbers; or a folder that
            any TFDS builder has prepared as ``array_record``.
        split: As TFDS writes it: ``"train"``, ``"train[:80%]"``, ``"train+test"``.
        directory: Where prepared sets lie; None for ``$JGEN_DATA_DIR`` or the user's cache.

    Returns:
        Feature -> ``[example, ...]``. Iris has ``x`` (float64, centimetres) and ``label``.

    Raises:
        UsageError: For a set that is unknown, not prepared or not readable, or a split that it has not.

    Example:
        >>> import tempfile
        >>> from jgen.data import load
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     iris = load("iris", directory=directory)
        >>> iris["x"].shape, iris["label"].shape, round(float(iris["x"].mean()), 4)
        ((150, 4), (150,), 3.4645)
    """
    path = Path(name_or_path)
    if str(name_or_path) in known():
        made = builder(str(name_or_path), directory)
        if not is_prepared(made):
            if not made.bundled:
                raise UsageError(
                    f"{made.name} is not prepared: run `python -m jgen.data prepare {made.name}`"
                )
            write_records(made)
            made = builder(made.name, directory)
        return _read(made, split)
    if path.is_dir():
        return _read(_from_folder(path), split)
    if path.is_file() or path.suffix == ".csv":
        return table(path, split)
    return _read(builder(str(name_or_path), directory), split)  # says which sets there are


def _from_folder(path: Path) -> Any:
    """The builder that prepared a folder, or the newest version in it."""
    import tensorflow_datasets as tfds

    found = [folder for folder in (path, *path.iterdir()) if (folder / "dataset_info.json").is_file()]
    if not found:
        raise UsageError(f"{path} is not a folder that TFDS prepared: it has no dataset_info.json")
    folder = max(found, key=lambda found: [int(part) for part in found.name.split(".") if part.isdigit()])
    file_format = json.loads((folder / "dataset_info.json").read_text()).get("fileFormat", "tfrecord")
    if file_format != "array_record":
        raise UsageError(
            f"{folder} is in the format {file_format}, which only TensorFlow reads: "
            'prepare it again with file_format="array_record"'
        )
    return tfds.builder_from_directory(folder)


def _read(made: Any, split: str) -> dict[str, np.ndarray]:
    try:
        source = made.as_data_source(split=split)
        records: list[Mapping[str, Any]] = list(source.__getitems__(range(len(source))))
    except (ValueError, KeyError, AssertionError) as error:
        raise UsageError(
            f"cannot read the split {split!r} of {made.name} (it has {', '.join(made.info.splits)}): "
            f"{str(error).splitlines()[0]}"
        ) from error
    return {name: np.stack([record[name] for record in records]) for name in records[0]}
