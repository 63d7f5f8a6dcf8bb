"""Batches of a data set that is too large to load, read ahead of whoever takes them."""

import functools
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jgen.data.fixed_hash import mixed
from jgen.data.open_builder import Source, opened, source_of
from jgen.errors import UsageError
from jgen.types import Key


class Stream(Iterator[dict[str, Any]]):
    """An endless iterator over batches, ``feature -> [batch, ...]``, that knows where it stands.

    Attributes:
        epoch_length: Batches of an epoch.
    """

    def __init__(self, batches: "_Batches", start: int, batches_ahead: Iterator[dict[str, Any]]):
        self.epoch_length = batches.epoch_length
        self._next = start
        self._ahead = batches_ahead

    @property
    def position(self) -> dict[str, int]:
        """Where the next batch stands, ``{"epoch": ..., "index": ...}``: write it down, and go on from it.

        What was read ahead and not taken does not count.
        """
        epoch, index = divmod(self._next, self.epoch_length)
        return {"epoch": epoch, "index": index}

    def __next__(self) -> dict[str, Any]:
        batch = next(self._ahead)
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
    """Batches in a random order, each a pure function of the key and its position; grain reads them ahead.

    In an epoch every row comes once, but for those that are left over from whole batches; each epoch has an
    order of its own. The order of epoch e is that of the rows by SplitMix64's numbers of a stream that the
    key and e choose, so it hangs on no library's version. It costs 16 bytes a row.

    Args:
        key: What the order is drawn from.
        name_or_path: As in ``load``, but no ``.csv`` file.
        split: As in ``load``.
        batch_size: Rows of a batch.
        position: Where to begin: a ``Stream.position``, or how many batches to pass over, so that
            ``lambda step: stream(..., position=step)`` is what ``train_stream`` asks for.
        directory: As in ``load``.
        num_threads: How many batches are read at a time.
        num_ahead: How many batches are kept ready.

    Returns:
        The stream; ``next`` takes a batch.

    Raises:
        UsageError: Without grain; for a set or a split as in ``load``; for a batch that is larger than the
            split; for counts or a position that make no sense.

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
        raise UsageError(
            'streams are read by grain, which is not installed: pip install "jgen[stream]"'
        ) from error
    if min(batch_size, num_threads, num_ahead) < 1:
        raise UsageError(
            f"batch_size, num_threads and num_ahead must be at least 1; "
            f"got {batch_size}, {num_threads} and {num_ahead}"
        )
    source = source_of(opened(name_or_path, directory), split)
    if batch_size > len(source):
        raise UsageError(
            f"a batch of {batch_size} is larger than the split {split!r} of {name_or_path}, "
            f"which has {len(source)} rows: take fewer"
        )
    start = _start(position, len(source) // batch_size)
    batches = _Batches(source, key, batch_size, start)
    options = grain.ReadOptions(num_threads=num_threads, prefetch_buffer_size=num_ahead)
    ahead = iter(grain.MapDataset.source(batches).to_iter_dataset(options))
    return Stream(batches, start, ahead)


class _Batches:
    """The batches from a start on, by number, as grain asks for them, from any of its threads."""

    def __init__(self, source: Source, key: Key, batch_size: int, start: int):
        self.source, self.batch_size, self.start = source, batch_size, start
        high, low = np.asarray(jax.random.bits(key, (2,), np.uint32)).tolist()
        self.seed = high << 32 | low
        self.epoch_length = len(source) // batch_size
        self.order = functools.lru_cache(2)(self._order)  # threads may be at the end of one and in the next

    def __len__(self) -> int:
        return sys.maxsize

    def __getitem__(self, number: int) -> dict[str, Any]:
        epoch, index = divmod(self.start + number, self.epoch_length)
        rows = self.order(epoch)[index * self.batch_size : (index + 1) * self.batch_size]
        return self.source.rows(rows.tolist())

    def _order(self, epoch: int) -> np.ndarray:
        return np.argsort(
            mixed(np.arange(len(self.source)), int(mixed(np.array(epoch), self.seed))), kind="stable"
        )


def _start(position: int | Mapping[str, int], epoch_length: int) -> int:
    """The number of the batch at a position."""
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
