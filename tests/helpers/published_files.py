"""Make small files in the formats that data sets are published in, and let builders use them."""

import gzip
import hashlib
import io
import tarfile
from importlib import import_module

import numpy as np

from jgen.data.download import File


def idx(array):
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return gzip.compress(bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes())


def idx_files(rng, train=7, test=3, levels=256):
    """Return the files of a small MNIST, and its expected content."""
    files, truth = {}, {}
    for split, size in (("train", train), ("test", test)):
        x, label = rng.integers(0, levels, (size, 28, 28), np.uint8), rng.integers(0, 10, size, np.uint8)
        files |= {f"{split}_images": idx(x), f"{split}_labels": idx(label)}
        truth[split] = {"x": x[..., None], "label": label}
    return files, truth


def aim(monkeypatch, name, contents, folder, address):
    """Replace the files of a builder by these contents, under the published names."""
    built = import_module(f"jgen.data.datasets.{name}").Builder
    files = {}
    for part, content in contents.items():
        (folder / built.files[part].name).write_bytes(content)
        algorithm = built.files[part].digest.split(":")[0]
        digest = f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"
        files[part] = File(address + built.files[part].name, digest)
    assert files.keys() == built.files.keys()
    monkeypatch.setattr(built, "files", files)


def amat_files(rng):
    files, truth = {}, {}
    for split, size in (("train", 5), ("validation", 2), ("test", 3)):
        x = rng.integers(0, 2, (size, 784), np.uint8)
        files[split] = "".join(" ".join(map(str, row)) + " \n" for row in x.tolist()).encode()
        truth[split] = {"x": x.reshape(-1, 28, 28, 1)}
    return files, truth


def cifar_files(rng):
    pairs = {"train": [], "test": []}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name in ("test_batch", "batches.meta.txt", *(f"data_batch_{i}" for i in (3, 1, 2, 5, 4))):
            x, label = rng.integers(0, 256, (2, 32, 32, 3), np.uint8), rng.integers(0, 10, 2, np.uint8)
            rows = [[label[i], *x[i, :, :, 0].flat, *x[i, :, :, 1].flat, *x[i, :, :, 2].flat] for i in (0, 1)]
            content = b"frog\n" if name.endswith("txt") else np.array(rows, np.uint8).tobytes()
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}{'' if name.endswith('txt') else '.bin'}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
            if not name.endswith("txt"):
                pairs["test" if name.startswith("test") else "train"].append((x, label))
    joined = {split: map(np.concatenate, zip(*parts, strict=True)) for split, parts in pairs.items()}
    return {"archive": out.getvalue()}, {
        split: {"x": x, "label": label} for split, (x, label) in joined.items()
    }


def npz_files(rng):
    x = rng.integers(0, 2, (20, 64, 64), np.uint8)
    classes = np.concatenate([np.zeros((20, 1), int), rng.integers(0, 3, (20, 5))], 1)
    out = io.BytesIO()
    metadata = np.array({"title": "a pickled object, as in the published file"}, object)
    np.savez_compressed(out, imgs=x, latents_classes=classes, metadata=metadata)
    return {"archive": out.getvalue()}, {"train": {"x": x[..., None], "factors": classes[:, 1:]}}


MAKERS = {"binarized_mnist": amat_files, "cifar10": cifar_files, "dsprites": npz_files}
MAKERS |= dict.fromkeys(("fashion_mnist", "mnist"), idx_files)
"""Name of a downloaded data set -> ``rng -> (files, expected content of each split)``."""


def assert_holds(found, truth):
    """Assert equal examples, in any order."""

    def rows(arrays):
        parts = zip(*(arrays[name] for name in sorted(truth)), strict=True)
        return sorted(b"".join(np.asarray(part, int).tobytes() for part in row) for row in parts)

    assert set(found) == set(truth)
    assert (found["x"].shape, found["x"].dtype) == (truth["x"].shape, np.uint8)
    assert truth["x"].dtype == np.uint8
    assert rows(found) == rows(truth)


def place_by_hand(monkeypatch, name, contents, folder):
    """Put these contents where a user places files by hand, with no host to ask."""
    manual = folder / "downloads" / "manual"
    manual.mkdir(parents=True)
    aim(monkeypatch, name, contents, manual, "http://127.0.0.1:9/")
