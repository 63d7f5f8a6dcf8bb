"""Every data set that comes with jgen: stated shapes, splits that never change, and the truth of each."""

import hashlib

import numpy as np
import pytest

from jgen.data import known, load
from jgen.data.catalogue import builder

# name: feature -> (shape, dtype), split -> size, and the first digits of a hash of all that it holds;
# neither of these two where the data differ from one Python to the next: test_text.py has their laws
BUNDLED = {
    "iris": ({"x": ((4,), "float64"), "label": ((), "int64")}, {"train": 150}, "d08a89fa83483b43"),
    "digits": (
        {"x": ((8, 8, 1), "uint8"), "label": ((), "int64"), "row": ((), "int64")},
        {"train": 1257, "validation": 180, "test": 360},
        "caf27defd682440c",
    ),
    "shapes2d": (
        {"x": ((16, 16, 1), "uint8"), "factors": ((5,), "int64")},
        {"train": 1844, "validation": 230, "test": 230},
        "991a8f8551a2b38b",
    ),
    "shapes3d": (
        {"x": ((16, 16, 16, 1), "uint8"), "factors": ((6,), "int64")},
        {"train": 1844, "validation": 230, "test": 230},
        "5fd98cc8d698c2b2",
    ),
    "graphs": (
        {
            "nodes": ((16,), "int32"),
            "adjacency": ((16, 16), "int32"),
            "mask": ((16,), "bool"),
            "label": ((), "int64"),
        },
        {"train": 896, "validation": 112, "test": 112},
        "51e122ae13417591",
    ),
    "topics": ({"x": ((128,), "int32")}, {"train": 0, "validation": 0, "test": 0}, ""),
    "topics_bpe": ({"x": ((64,), "int32")}, {"train": 0, "validation": 0, "test": 0}, ""),
    "markov": ({"x": ((64,), "int32")}, {"train": 4096, "validation": 512, "test": 512}, "3eb2480c96af597a"),
    "ring": (
        {"x": ((2,), "float32"), "label": ((), "int64")},
        {"train": 4096, "validation": 1024, "test": 1024},
        "546bfecde37bd129",
    ),
}


def rows(arrays):
    """Each example as bytes."""
    return [
        b"".join(np.ascontiguousarray(arrays[k][i]).tobytes() for k in sorted(arrays))
        for i in range(len(arrays[min(arrays)]))
    ]


def content(splits):
    """A hash of what splits hold, whatever the order of their rows."""
    digest = hashlib.sha256()
    for name in sorted(splits):
        digest.update(name.encode())
        for row in sorted(rows(splits[name])):
            digest.update(row)
    return digest.hexdigest()[:16]


def test_no_bundled_data_set_is_without_a_row(prepared):
    assert set(BUNDLED) == {name for name in known() if builder(name, prepared).bundled}


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_data_set_is_what_it_was(name, prepared):
    features, sizes, digest = BUNDLED[name]
    splits = {split: load(name, split, directory=prepared) for split in sizes}
    assert set(builder(name, prepared).info.splits) == set(sizes)
    for split, arrays in splits.items():
        assert {k: (v.shape[1:], str(v.dtype)) for k, v in arrays.items()} == features
        assert {len(v) for v in arrays.values()} == {sizes[split] or len(arrays[min(arrays)])}
        assert all(np.isfinite(v).all() for v in arrays.values() if v.dtype.kind in "fiu")
    assert digest in ("", content(splits))


@pytest.mark.parametrize("name", BUNDLED)
def test_splits_share_nothing(name, prepared):
    splits = [set(rows(load(name, split, directory=prepared))) for split in BUNDLED[name][1]]
    assert len(set().union(*splits)) == sum(map(len, splits))


def test_digits_are_scikit_learns_every_row_once(prepared):
    from sklearn.datasets import load_digits

    truth, whole = load_digits(), load("digits", "train+validation+test", directory=prepared)
    np.testing.assert_array_equal(np.sort(whole["row"]), np.arange(1797))
    np.testing.assert_array_equal(whole["x"][..., 0], truth.images[whole["row"]])
    np.testing.assert_array_equal(whole["label"], truth.target[whole["row"]])
    assert whole["x"].max() == 16
