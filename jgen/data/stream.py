"""Read data that do not fit in memory as an endless stream of batches, shuffled and prefetched by grain."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jgen.data.open_builder import open_builder, source_of
from jgen.errors import UsageError
from jgen.types import Key


class Stream(Iterator[dict[str, Any]]):
    """Endless iterator over batches, ``feature -> [batch, ...]``, with its position.

    Attributes:
        epoch_length: Batches of an epoch.
    """

    def __init__(self, batches: Iterator[dict[str, Any]], start: int, epoch_length: int):
        self.epoch_length = epoch_length
        self._batches, self._next = batches, start

    @property
    def position(self) -> dict[str, int]:
        """Return the position of the next batch, ``{"epoch": ..., "index": ...}``, to resume from.

        Batches that were read ahead and not taken do not count.
        """
        epoch, index = divmod(self._next, self.epoch_length)
        return {"epoch": epoch, "index": index}

    def __next__(self) -> dict[str, Any]:
        batch = next(self._batches)
        self._next += 1
        return batch


def stream(
    key: Key,
    name_or_path: str | Path,
    split: str = "train",
    *,
    batch_size: int,
    position: int | Mapping[str, int] = 0,
    directory: str | Path | None = None,
    num_threads: int = 4,
    num_ahead: int = 8,
) -> Stream:
    """Stream batches in random order, each a pure function of the key and its position.

    Each epoch contains every example once, except for those left over from whole batches, in a different
    order. grain computes the order from 32 random bits of the key and the epoch, so another version of grain
    may give another order.

    Args:
        key: Random key of the order.
        name_or_path: As in ``load``, but no ``.csv`` file.
        split: As in ``load``.
        batch_size: Examples of a batch.
        position: Where to begin: a ``Stream.position``, or the number of batches to skip, so that
            ``lambda step: stream(..., position=step)`` is the argument of ``train_stream``.
        directory: As in ``load``.
        num_threads: Number of batches read at the same time.
        num_ahead: Number of batches kept ready.

    Returns:
        The stream; ``next`` takes a batch.

    Raises:
        UsageError: Without grain; for a data set or split as in ``load``; for a batch that is larger than
            the split; for invalid counts or an invalid position.

    Example:
        >>> import jax, tempfile
        >>> from jgen.data import stream
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     digits = stream(jax.random.key(0), "digits", batch_size=128, directory=directory)
        ...     shapes = [next(digits)["x"].shape for _ in range(10)]
        >>> shapes[0], digits.epoch_length, digits.position
        ((128, 8, 8, 1), 9, {'epoch': 1, 'index': 1})
    """
    try:
        import grain
    except ImportError as error:
        missing = "streams are read by grain, which is not installed"
        raise UsageError(f'{missing}: pip install "jgen[stream]"') from error
    if min(batch_size, num_threads, num_ahead) < 1:
        raise UsageError(
            f"batch_size, num_threads and num_ahead must be at least 1; "
            f"got {batch_size}, {num_threads} and {num_ahead}"
        )
    source = source_of(open_builder(name_or_path, directory), split)
    if batch_size > len(source):
        raise UsageError(
            f"a batch of {batch_size} is larger than the split {split!r} of {name_or_path}, "
            f"which has {len(source)} examples: take fewer"
        )
    epoch_length = len(source) // batch_size
    start = _start(position, epoch_length)
    indices = grain.MapDataset.range(len(source)).shuffle(int(jax.random.bits(key, (), np.uint32)))
    batches = indices.batch(batch_size, drop_remainder=True).repeat().map(source.read)[start:]
    options = grain.ReadOptions(num_threads=num_threads, prefetch_buffer_size=num_ahead)
    return Stream(iter(batches.to_iter_dataset(options)), start, epoch_length)


def _start(position: int | Mapping[str, int], epoch_length: int) -> int:
    """Return the number of the batch at a position."""
    if isinstance(position, Mapping):
        epoch, index = position.get("epoch"), position.get("index")
        if not (
            isinstance(epoch, int) and isinstance(index, int) and epoch >= 0 and 0 <= index < epoch_length
        ):
            raise UsageError(
                f"position must be of this stream, {{'epoch': 0 or more, 'index': 0 to {epoch_length - 1}}}; "
                f"got {dict(position)}: was it that of another batch_size or split?"
            )
        return epoch * epoch_length + index
    if position < 0:
        raise UsageError(f"position counts batches from the start, 0 or more; got {position}")
    return int(position)
