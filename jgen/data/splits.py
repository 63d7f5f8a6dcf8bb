"""Choose splits to train, validate and test on."""

from pathlib import Path

from jgen.data.catalogue import is_table
from jgen.data.open_builder import open_builder
from jgen.errors import UsageError

PERCENT = 10
"""Per cent of ``train`` for each missing split."""


def splits(name_or_path: str | Path, *, directory: str | Path | None = None) -> dict[str, str]:
    """Return the three splits of a set; missing ones are taken from the end of its ``train``.

    The parts do not overlap and are always the same. TFDS orders the rows of a set that it prepares by a
    hash, so a part is a random sample; a ``.csv`` file keeps its order: shuffle its rows first.

    Args:
        name_or_path: As in ``load``.
        directory: As in ``load``.

    Returns:
        ``{"train": ..., "validation": ..., "test": ...}``, each an argument of ``load``.

    Raises:
        UsageError: For a set that is unknown, not prepared or not readable, or has no ``train``.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     splits("iris", directory=directory)
        {'train': 'train[:80%]', 'validation': 'train[80%:90%]', 'test': 'train[90%:]'}
    """
    table = is_table(name_or_path)
    available = {"train"} if table else set(open_builder(name_or_path, directory).info.splits)
    missing = [split for split in ("validation", "test") if split not in available]
    if "train" not in available:
        raise UsageError(
            f"{name_or_path} has the splits {', '.join(sorted(available))} and no train: name one so"
        )
    whole = {split: split for split in ("train", "validation", "test")}
    edges = ["", *(f"{100 - PERCENT * count}%" for count in range(len(missing), 0, -1)), ""]
    parts = {name: f"train[{edges[i]}:{edges[i + 1]}]" for i, name in enumerate(["train", *missing])}
    return whole | parts if missing else whole
