"""Arrays out of a file that ``torch.save`` wrote, with no torch and nothing in the file run.

Both containers are read: the zip that torch writes since version 1.6 (2020), and the stream of before, in
which the older published weights still lie.
"""

import functools
import hashlib
import io
import math
import pickle
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jgen.errors import UsageError
from jgen.features.torch_pickle_base import Place, damaged, places, unpickle

ZIP_START = b"PK\x03\x04"
STREAM_START = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)
STREAM_VERSION = 1001


class Stored(NamedTuple):
    """An array still in its file.

    Attributes:
        shape: Its shape.
        read: ``read() -> array``, float32.
    """

    shape: tuple[int, ...]
    read: Callable[[], np.ndarray]


def read_state_dict(path: str | Path, *, check_digest: bool = True) -> dict[str, Stored]:
    """The arrays of a state dict that ``torch.save`` wrote, by name; each is read when it is asked for.

    Args:
        path: The file.
        check_digest: Whether the file's SHA-256 must begin as its name says, where that ends in a dash and
            eight or more hexadecimal digits (``vgg16-397923af.pth``), as torch's published files do.

    Returns:
        Name -> shape, and a function that reads the array.

    Raises:
        UsageError: For a file that is not there, is of another kind, is cut short or altered, names anything
            that is not an array, or holds arrays that are not floating-point and row-major.
    """
    path = Path(path)
    try:
        if check_digest:
            _check_digest(path)
        with path.open("rb") as file:
            start = file.read(len(STREAM_START))
        if start == STREAM_START:
            return _read_stream(path)
        if start.startswith(ZIP_START):
            return _read_zip(path)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    raise UsageError(f"{path} was not written by torch.save: it is neither its zip nor its stream")


def _check_digest(path: Path) -> None:
    told = re.search(r"-([0-9a-f]{8,64})\.[^.]*$", path.name)
    if told is None:
        return
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()[: len(told[1])]
    if found != told[1]:
        raise UsageError(
            f"{path} is not the file its name says: its SHA-256 begins with {found}, not {told[1]}. "
            "Download it again, or pass check_digest=False if it is your own"
        )


def _read_zip(path: Path) -> dict[str, Stored]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename: info for info in archive.infolist()}
            heads = [name for name in members if re.fullmatch(r"[^/]+/data\.pkl", name)]
            stored = all(info.compress_type == zipfile.ZIP_STORED for info in members.values())
            if len(heads) != 1 or not stored:
                raise UsageError(f"{path} is a zip, but none that torch.save wrote")
            folder = heads[0].removesuffix("data.pkl")
            if f"{folder}byteorder" in members and archive.read(f"{folder}byteorder") != b"little":
                raise UsageError(f"{path} was written big-endian: save it again on a little-endian machine")
            found = places(path, io.BytesIO(archive.read(heads[0])))
    except zipfile.BadZipFile as error:
        raise damaged(path, str(error)) from error
    for storage in {place.storage for place in found.values()}:
        member = members.get(f"{folder}data/{storage.key}")
        if member is None or member.file_size != storage.size * np.dtype(storage.dtype).itemsize:
            raise damaged(path, f"the numbers {folder}data/{storage.key} are not all there")
    return {
        name: _stored(functools.partial(_of_member, path, f"{folder}data/{place.storage.key}"), place)
        for name, place in found.items()
    }


def _of_member(path: Path, name: str, start: int, count: int) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(name)[start : start + count]  # the whole member, so that its checksum is met
    except zipfile.BadZipFile as error:
        raise damaged(path, str(error)) from error


def _read_stream(path: Path) -> dict[str, Stored]:
    with path.open("rb") as file:
        file.seek(len(STREAM_START))
        version, system = unpickle(path, file), unpickle(path, file)
        if (
            version != STREAM_VERSION
            or not isinstance(system, dict)
            or system.get("little_endian") is not True
        ):
            raise UsageError(f"{path} is a stream of torch.save, but not version 1001, little-endian")
        found = places(path, file)
        storages = {place.storage.key: place.storage for place in found.values()}
        if (keys := unpickle(path, file)) != sorted(storages):
            raise damaged(path, "the numbers in it are not those of its arrays")
        starts = {}
        for key in keys:
            size, width = storages[key].size, np.dtype(storages[key].dtype).itemsize
            if int.from_bytes(file.read(8), "little") != size:
                raise damaged(path, f"the numbers {key} are not as many as was said")
            starts[key] = file.tell()
            file.seek(size * width, io.SEEK_CUR)
        if file.tell() != path.stat().st_size:
            raise damaged(path, f"its {path.stat().st_size} bytes should be {file.tell()}")
    return {
        name: _stored(functools.partial(_of_file, path, starts[place.storage.key]), place)
        for name, place in found.items()
    }


def _of_file(path: Path, origin: int, start: int, count: int) -> bytes:
    with path.open("rb") as file:
        file.seek(origin + start)
        return file.read(count)


def _stored(read: Callable[[int, int], bytes], place: Place) -> Stored:
    return Stored(place.shape, functools.partial(_array, read, place))


def _array(read: Callable[[int, int], bytes], place: Place) -> np.ndarray:
    dtype = np.dtype(place.storage.dtype)
    raw = read(place.offset * dtype.itemsize, math.prod(place.shape) * dtype.itemsize)
    return np.frombuffer(raw, dtype).reshape(place.shape).astype(np.float32)
