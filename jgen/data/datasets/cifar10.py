"""Define CIFAR-10: 60,000 photographs of 32x32 pixels in ten classes."""

import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from jgen.data.download import Downloaded, File
from jgen.errors import UsageError

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
FILES = {"train": [f"data_batch_{i}.bin" for i in range(1, 6)], "test": ["test_batch.bin"]}
RECORD = 1 + 3 * 32 * 32
"""Bytes of an image: its label, then its red, green and blue pixels, row by row."""


class Builder(Downloaded):
    """Builder of 50,000 images for training and 10,000 for test."""

    name = "cifar10"
    VERSION = tfds.core.Version("1.0.0")
    files = {  # noqa: RUF012
        "archive": File(
            "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            "sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        )
    }
    description = (
        "Small photographs: x holds red, green and blue of 32x32 pixels, 0 to 255; label one of ten classes."
    )
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
        return {
            split: self._generate_examples(
                {
                    "x": records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1),
                    "label": records[:, 0].astype(int),
                }
            )
            for split, names in FILES.items()
            for records in [read_cifar(archive, names)]
        }


def read_cifar(archive: Path, names: list[str]) -> np.ndarray:
    """Read the records of some files of the archive, one after the other, ``[image, 1 + 3072]``.

    Raises:
        UsageError: For an archive that is damaged, or without one of the files.
    """
    found = {}
    try:
        with tarfile.open(archive) as members:
            for member in members:
                name = Path(member.name).name
                content = members.extractfile(member) if name in names else None
                if content is not None:
                    found[name] = np.frombuffer(content.read(), np.uint8)
    except (tarfile.TarError, EOFError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(f"{archive} is damaged ({reason}): delete it and prepare again") from error
    if missing := [name for name in names if name not in found or len(found[name]) % RECORD]:
        raise UsageError(f"{archive} has no whole {', '.join(missing)}: delete it and prepare again")
    return np.concatenate([found[name] for name in names]).reshape(-1, RECORD)
