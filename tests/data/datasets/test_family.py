"""Check every data set: sizes, fixed content, distinct splits, published file formats."""

import gzip
import hashlib

import numpy as np
import pytest

from jgen.data import factors, known, load, prepare
from jgen.data.__main__ import main
from jgen.data.catalogue import builder
from jgen.errors import UsageError
from tests.helpers.published_files import MAKERS, aim, assert_holds, place_by_hand

BUNDLED = {
    "iris": ({"x": ((4,), "float64"), "label": ((), "int64")}, {"train": 150}),
    "digits": (
        {"x": ((8, 8, 1), "uint8"), "label": ((), "int64"), "row": ((), "int64")},
        {"train": 1257, "validation": 180, "test": 360},
    ),
    "shapes2d": (
        {"x": ((16, 16, 1), "uint8"), "factors": ((5,), "int64")},
        {"train": 1844, "validation": 230, "test": 230},
    ),
    "shapes3d": (
        {"x": ((16, 16, 16, 1), "uint8"), "factors": ((6,), "int64")},
        {"train": 1844, "validation": 230, "test": 230},
    ),
    "graphs": (
        {
            **{"nodes": ((16,), "int32"), "adjacency": ((16, 16), "int32")},
            **{"mask": ((16,), "bool"), "label": ((), "int64")},
        },
        {"train": 896, "validation": 112, "test": 112},
    ),
    "topics": ({"x": ((128,), "int32")}, dict.fromkeys(("train", "validation", "test"))),
    "topics_bpe": ({"x": ((64,), "int32")}, dict.fromkeys(("train", "validation", "test"))),
    "markov": ({"x": ((64,), "int32")}, {"train": 4096, "validation": 512, "test": 512}),
    "ring": (
        {"x": ((2,), "float32"), "label": ((), "int64")},
        {"train": 4096, "validation": 1024, "test": 1024},
    ),
}
"""Name -> (feature -> (shape, type), split -> size); no size where it depends on the version of Python."""
DIGESTS = {
    "iris": "d9df988015f591ba149c15f1b99a0e00736c7b3fb1174be48e4dcd4fedcdb934",
    "digits": "77e67c725149f61a40f1f163bca1ee1fe92a12c8c31a61057340b85c8701b859",
    "shapes2d": "96f1da2a9e6ef0aad081d2749b7d83ed9106d07f9a7360874250434a48e3dd1b",
    "shapes3d": "4a67bf91500b023000adbf0025c73ee00303991bfdc65727062512eca2fc2070",
    "graphs": "013fd24c98d473b7f2a536516e537b18e10963596423e6801e4c2ce5c0279f0e",
    "markov": "b6ba8d1a55d8b33ba4e424e102dc2f22f6e1739182b8422e648559eaf6fecbba",
    "ring": "c002ac991fab60712e5bf0a09119d800883991e17bfac8b25f2362ddfeefec15",
}
"""SHA-256 of all splits of the sets that are the same in every version of Python."""


def rows(arrays):
    """Return each example as bytes."""
    return [
        b"".join(np.ascontiguousarray(arrays[k][i]).tobytes() for k in sorted(arrays))
        for i in range(len(arrays[min(arrays)]))
    ]


def digest_of(splits):
    """Hash split names and arrays, in the order of rows that ``load`` returns."""
    digest = hashlib.sha256()
    for name, arrays in splits.items():
        digest.update(name.encode())
        for feature in sorted(arrays):
            digest.update(np.ascontiguousarray(arrays[feature]).tobytes())
    return digest.hexdigest()


def test_the_tables_list_every_data_set(prepared):
    assert set(BUNDLED) == {name for name in known() if builder(name, prepared).bundled}
    assert set(MAKERS) == set(known()) - set(BUNDLED)
    assert set(DIGESTS) == set(BUNDLED) - {"topics", "topics_bpe"}


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_data_set_never_changes(name, prepared):
    features, sizes = BUNDLED[name]
    splits = {split: load(name, split, directory=prepared) for split in sizes}
    assert set(builder(name, prepared).info.splits) == set(sizes)
    for split, arrays in splits.items():
        assert {k: (v.shape[1:], str(v.dtype)) for k, v in arrays.items()} == features
        assert {len(v) for v in arrays.values()} == {sizes[split] or len(arrays[min(arrays)])}
        assert all(np.isfinite(v).all() for v in arrays.values() if v.dtype.kind in "fiu")
    assert digest_of(splits) == DIGESTS.get(name, digest_of(splits))


@pytest.mark.parametrize("name", BUNDLED)
def test_splits_are_disjoint(name, prepared):
    splits = [set(rows(load(name, split, directory=prepared))) for split in BUNDLED[name][1]]
    assert len(set().union(*splits)) == sum(map(len, splits))


@pytest.fixture(scope="module", params=["shapes2d", "shapes3d"])
def grid(request, prepared):
    whole = load(request.param, "all", directory=prepared)
    order = np.lexsort(whole["factors"].T[::-1])
    return request.param, whole["x"][order], whole["factors"][order]


def test_every_combination_of_factors_occurs_once(grid):
    name, _, found = grid
    sizes = [len(values) for values in factors(name).values()]
    np.testing.assert_array_equal(found, np.indices(sizes).reshape(len(sizes), -1).T)


def test_no_two_examples_of_a_grid_are_equal(grid):
    _, x, _ = grid
    assert len({example.tobytes() for example in x}) == len(x)


def test_every_split_has_every_value_of_every_factor(prepared):
    for name in ("shapes2d", "shapes3d"):
        for split in ("train", "validation", "test"):
            found = load(name, split, directory=prepared)["factors"]
            assert [len(set(column)) for column in found.T] == [len(v) for v in factors(name).values()]


@pytest.mark.parametrize("name", MAKERS)
def test_files_of_the_published_format_are_read(name, host, tmp_path, monkeypatch, rng):
    contents, truth = MAKERS[name](rng)
    aim(monkeypatch, name, contents, *host)
    main(["prepare", name, "--directory", str(tmp_path / "data")])
    for split, arrays in truth.items():
        assert_holds(load(name, split, directory=tmp_path / "data"), arrays)
        assert_holds(load(tmp_path / "data" / name, split), arrays)
    assert set(builder(name, tmp_path / "data").info.splits) == set(truth)


@pytest.mark.parametrize(
    ("name", "part", "content"),
    [
        ("mnist", "train_images", b"not idx at all"),
        ("mnist", "train_images", gzip.compress(b"\0\0\x08\x01\0\0\0\x05abcd")),  # one byte is missing
        ("mnist", "train_images", gzip.compress(b"\0\0\x0d\x01\0\0\0\x01abcd")),  # floats
        ("mnist", "train_images", gzip.compress(b"\0\0\x08\x01\0\0\0\x04abcd")[:-9]),
        ("mnist", "train_images", gzip.compress(b"\0\0\x08\x01\0\0\0\x03abcd")),  # one too many
        ("mnist", "train_images", b""),
        ("binarized_mnist", "train", b"0 1 2 " * 784),
        ("binarized_mnist", "train", b"0 1 " * 783),
        ("binarized_mnist", "train", b""),
        ("cifar10", "archive", b"not a tar"),
        ("cifar10", "archive", gzip.compress(b"\0" * 10240)),  # an empty one
        ("dsprites", "archive", b"not a zip"),
    ],
    # gzip's output contains the time, and all workers must agree on the names
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
)
def test_a_damaged_file_is_reported(name, part, content, tmp_path, monkeypatch, rng):
    contents, _ = MAKERS[name](rng)
    place_by_hand(monkeypatch, name, contents | {part: content}, tmp_path)
    with pytest.raises(UsageError, match=r"delete it and prepare again") as caught:
        prepare(name, tmp_path)
    assert "\n" not in str(caught.value)


def test_digests_are_those_of_tfds():
    from tensorflow_datasets.core.download.checksums import get_all_url_infos, load_url_infos
    from tensorflow_datasets.core.utils import tfds_path

    registered = get_all_url_infos() | load_url_infos(tfds_path() / "datasets/binarized_mnist/checksums.tsv")
    for name in MAKERS:
        for file in builder(name).files.values():
            algorithm, digest = file.digest.split(":")
            assert len(bytes.fromhex(digest)) == hashlib.new(algorithm).digest_size
            if name != "dsprites":  # TFDS reads another file of it
                assert registered[file.url].checksum == digest
