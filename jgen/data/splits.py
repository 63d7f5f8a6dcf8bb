"""What to train, validate and test on, of sets that are split in different ways."""

from pathlib import Path

from jgen.data.catalogue import is_table
from jgen.data.open_builder import opened
from jgen.errors import UsageError

HELD_OUT = 10
"""Per cent of ``train`` for each split that a set lacks."""


def splits(name_or_path: str | Path, *, directory: str | Path | None = None) -> dict[str, str]:
    """The three splits of a set; for those that it lacks, parts from the end of its ``train``.

    The parts do not overlap, and are the same every time. TFDS orders the rows of a set that it prepares by a
    hash, so a part is a sample; the rows of a ``.csv`` file are in its own order: shuffle them first.

    Args:
        name_or_path: As in ``load``.
        directory: As in ``load``.

    Returns:
        ``{"train": ..., "validation": ..., "test": ...}``, each as ``load`` takes it.

    Raises:
        UsageError: For a set that is unknown, not prepared or not readable, or has no ``train`` to part.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     splits("iris", directory=directory)
        {'train': 'train[:80%]', 'validation': 'train[80%:90%]', 'test': 'train[90%:]'}
    """
    has = {"train"} if is_table(name_or_path) else set(opened(name_or_path, directory).info.splits)
    lacking = [split for split in ("validation", "test") if split not in has]
    if "train" not in has:
        raise UsageError(f"{name_or_path} has the splits {', '.join(sorted(has))} and no train: name one so")
    whole = {split: split for split in ("train", "validation", "test")}
    edges = ["", *(f"{100 - HELD_OUT * count}%" for count in range(len(lacking), 0, -1)), ""]
    parts = {name: f"train[{edges[i]}:{edges[i + 1]}]" for i, name in enumerate(["train", *lacking])}
    return whole | parts if lacking else whole
