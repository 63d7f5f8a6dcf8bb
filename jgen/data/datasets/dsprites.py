"""Define dSprites: 737,280 images of 64x64 pixels from 5 factors, every combination once."""

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from numpy.lib import format as npy

from jgen.data.download import Downloaded, File
from jgen.errors import UsageError

COMMIT = "fa310c66517cfc1939d77fe17c725154efc97127"
NAME = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
URL = f"https://github.com/google-deepmind/dsprites-dataset/raw/{COMMIT}/{NAME}"


class Builder(Downloaded):
    """Builder of one split in the order of the factors, read image by image (3 GB in memory otherwise).

    737,280 images of a square, an ellipse or a heart: x is 1 inside and 0 outside, at 64x64 pixels; factors
    the shape, its scale, its orientation and its position: every combination once.
    """

    files = {"archive": File(URL, "md5:7da33b31b13a06f4b04a70402ce90c2e")}  # noqa: RUF012
    factors = {  # noqa: RUF012
        "shape": ("square", "ellipse", "heart"),
        "scale": tuple(np.linspace(0.5, 1, 6).tolist()),
        "orientation": tuple(np.linspace(0, 2 * np.pi, 40).tolist()),
        **dict.fromkeys(("x_position", "y_position"), tuple(np.linspace(0, 1, 32).tolist())),
    }
    homepage = "https://github.com/google-deepmind/dsprites-dataset"
    citation = "L. Matthey et al., dSprites: Disentanglement testing Sprites dataset, 2017."

    def features(self) -> Mapping[str, Any]:
        """Return ``x`` ``[64, 64, 1]``, 0 or 1, and ``factors`` ``[5]``, each counted from 0."""
        packed = tfds.features.Encoding.ZLIB
        x = tfds.features.Tensor(shape=(64, 64, 1), dtype=np.uint8, encoding=packed, doc="0 or 1")
        return {"x": x, "factors": self.factor_indices()}

    def _split_generators(self, dl_manager: Any) -> Mapping[str, Any]:
        return {"train": self._read_examples(self.fetch(dl_manager)["archive"])}

    def _read_examples(self, path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
        classes = read_rows(path, "latents_classes", (6,))  # the first is the colour, always white
        for i, (image, factors) in enumerate(zip(read_rows(path, "imgs", (64, 64)), classes, strict=True)):
            yield i, {"x": image[..., None].astype(np.uint8), "factors": factors[1:].astype(np.int64)}


def read_rows(path: Path, name: str, shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """Read the rows of an array of an npz file, one by one and without pickle.

    Args:
        path: Path of the file.
        name: Name of the array.
        shape: Expected shape of a row.

    Raises:
        UsageError: For a file that is damaged, or has no such array.
    """
    try:
        with zipfile.ZipFile(path) as members, members.open(f"{name}.npy") as content:
            readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
            full, by_column, dtype = readers[npy.read_magic(content)](content)
            if full[1:] != shape or by_column or dtype.hasobject:
                raise ValueError(f"{name} is {dtype} {full}, where rows of {shape} are expected")
            for _ in range(full[0]):
                yield np.frombuffer(content.read(int(np.prod(shape)) * dtype.itemsize), dtype).reshape(shape)
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError, OSError) as error:
        raise UsageError(f"{path} is damaged ({error}): delete it and prepare again") from error
