"""Small files in the formats that data sets are published in, and builders that take them for their own."""

import gzip
import hashlib
from importlib import import_module

import numpy as np

from jgen.data.download import File


def idx(array):
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return gzip.compress(bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes())


def idx_files(rng, train=7, test=3, levels=256):
    """The files of a small MNIST, and what it should become."""
    files, truth = {}, {}
    for split, size in (("train", train), ("test", test)):
        x, label = rng.integers(0, levels, (size, 28, 28), np.uint8), rng.integers(0, 10, size, np.uint8)
        files |= {f"{split}_images": idx(x), f"{split}_labels": idx(label)}
        truth[split] = {"x": x[..., None], "label": label}
    return files, truth


def aim(monkeypatch, name, contents, folder, address):
    """Points a builder to files of ours, under the names of the published ones."""
    built = import_module(f"jgen.data.datasets.{name}").Builder
    files = {}
    for part, content in contents.items():
        (folder / built.files[part].name).write_bytes(content)
        algorithm = built.files[part].digest.split(":")[0]
        digest = f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"
        files[part] = File(address + built.files[part].name, digest)
    assert files.keys() == built.files.keys()
    monkeypatch.setattr(built, "files", files)
