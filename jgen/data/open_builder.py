"""Open a data set that is on disk, or raise an error with the command that prepares it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jgen.data.catalogue import builder, is_prepared, known, write_records
from jgen.errors import UsageError


def open_builder(name_or_path: str | Path, directory: str | Path | None = None) -> Any:
    """Return the TFDS builder of a prepared set; bundled sets are prepared if they are not yet.

    Args:
        name_or_path: Name among ``known()``, or a folder that a TFDS builder prepared as ``array_record``.
        directory: Folder of prepared sets; None for ``$JGEN_DATA_DIR`` or the user's cache.

    Raises:
        UsageError: For a set that is unknown, not prepared or not readable.
    """
    if str(name_or_path) in known() or not Path(name_or_path).is_dir():
        made = builder(str(name_or_path), directory)  # raises for an unknown name
        if is_prepared(made):
            return made
        if not made.bundled:
            raise UsageError(f"{made.name} is not prepared: run `python -m jgen.data prepare {made.name}`")
        write_records(made)
        return builder(made.name, directory)
    return _from_folder(Path(name_or_path))


class Source:
    """Random-access examples of a split, for any thread."""

    def __init__(self, records: Any, folder: Path):
        self.records, self.folder = records, folder

    def __len__(self) -> int:
        return len(self.records)

    def read(self, numbers: Iterable[int]) -> dict[str, Any]:
        """Read examples as arrays, ``feature -> [number, ...]``, nested as the features are.

        Raises:
            UsageError: For files that cannot be read, or a feature without a fixed shape.
        """
        try:
            return _stack(self.records.__getitems__([int(number) for number in numbers]))
        except RuntimeError as error:
            reason = f"{self.folder} cannot be read ({str(error).splitlines()[0]})"
            raise UsageError(f"{reason}: delete the folder and prepare it again") from error


def source_of(made: Any, split: str) -> Source:
    """Return the examples of a split.

    Args:
        made: From ``open_builder``.
        split: In TFDS's notation: ``"train"``, ``"train[:80%]"``, ``"train+test"``, ``"all"``.

    Raises:
        UsageError: For a split that is missing or empty.
    """
    splits = ", ".join(made.info.splits)
    try:
        if made.info.splits[split].num_examples > 0:
            return Source(made.as_data_source(split=split), Path(made.data_dir))
    except (ValueError, KeyError, AssertionError) as error:
        what = f"cannot read the split {split!r} of {made.name} (it has {splits})"
        raise UsageError(f"{what}: {str(error).splitlines()[0]}") from error
    raise UsageError(f"the split {split!r} of {made.name} is empty; the set has {splits}: take more of one")


def _stack(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name, first in records[0].items():
        values = [record[name] for record in records]
        if isinstance(first, Mapping):
            columns[name] = _stack(values)
        elif len(shapes := {np.shape(value) for value in values}) > 1:
            few = " and ".join(str(shape) for shape in sorted(shapes)[:2])
            raise UsageError(
                f"the feature {name!r} has no fixed shape ({few}): prepare the set with features that are "
                "padded or cut to one"
            )
        else:
            columns[name] = np.stack(values)
    return columns


def _from_folder(path: Path) -> Any:
    """Return the builder of a prepared folder, or of the newest version in it."""
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
