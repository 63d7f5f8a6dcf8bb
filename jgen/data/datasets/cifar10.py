"""Define CIFAR-10: 60,000 photographs of 32x32 pixels in ten classes."""

import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from jgen.data.download import Downloaded, File
from jgen.errors import UsageError

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
SHA256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
FILES = {"train": [f"data_batch_{i}.bin" for i in range(1, 6)], "test": ["test_batch.bin"]}
RECORD = 1 + 3 * 32 * 32
"""Bytes of an image: its label, then its red, green and blue pixels, row by row."""


class Builder(Downloaded):
    """Builder of 50,000 images for training and 10,000 for test.

    Small photographs: x holds red, green and blue of 32x32 pixels, 0 to 255; label one of ten classes.
    """

    files = {"archive": File(URL, f"sha256:{SHA256}")}  # noqa: RUF012
    homepage = "https://www.cs.toronto.edu/~kriz/cifar.html"
    citation = "A. Krizhevsky, Learning multiple layers of features from tiny images, 2009."

    def features(self) -> Mapping[str, Any]:
        """Return ``x`` ``[32, 32, 3]``, 0 to 255, and ``label``."""
        return {
            "x": tfds.features.Tensor(shape=(32, 32, 3), dtype=np.uint8, doc="0 to 255"),
            "label": tfds.features.ClassLabel(names=CLASSES),
        }

    def _split_generators(self, dl_manager: Any) -> Mapping[str, Any]:
        archive = self.fetch(dl_manager)["archive"]
        return {split: self._generate_examples(read_cifar(archive, names)) for split, names in FILES.items()}


def read_cifar(archive: Path, names: list[str]) -> dict[str, np.ndarray]:
    """Read the images ``x`` and the ``label`` of some files of the archive, one after the other.

    Raises:
        UsageError: For an archive that is damaged, or without one of the files.
    """
    found = {}
    try:
        with tarfile.open(archive) as members:
            for member in members:
                if (name := Path(member.name).name) in names and (content := members.extractfile(member)):
                    found[name] = np.frombuffer(content.read(), np.uint8)
    except (tarfile.TarError, EOFError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(f"{archive} is damaged ({reason}): delete it and prepare again") from error
    if missing := [name for name in names if name not in found or len(found[name]) % RECORD]:
        raise UsageError(f"{archive} has no whole {', '.join(missing)}: delete it and prepare again")
    records = np.concatenate([found[name] for name in names]).reshape(-1, RECORD)
    x = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return {"x": x, "label": records[:, 0].astype(int)}
