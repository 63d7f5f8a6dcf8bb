"""Check every data set: sizes, fixed content, distinct splits, published file formats."""

import gzip
import hashlib
import io

import numpy as np
import pytest

from jgen.data import factors, known, load, prepare
from jgen.data.__main__ import main
from jgen.data.catalogue import builder
from jgen.errors import UsageError
from tests.helpers.published_files import MAKERS, aim, assert_holds, place_by_hand

THREE = ("train", "validation", "test")
BUNDLED = {
    "iris": {"train": 150},
    "digits": {"train": 1257, "validation": 180, "test": 360},
    "shapes2d": {"train": 1844, "validation": 230, "test": 230},
    "shapes3d": {"train": 1844, "validation": 230, "test": 230},
    "graphs": {"train": 896, "validation": 112, "test": 112},
    "topics": dict.fromkeys(THREE),
    "topics_bpe": dict.fromkeys(THREE),
    "markov": {"train": 4096, "validation": 512, "test": 512},
    "ring": {"train": 4096, "validation": 1024, "test": 1024},
}
"""Name -> split -> size; none where it depends on the version of Python."""
DIGESTS = {
    "iris": "b1c5a6750944d406a08db8a5867c1cbeeb7791748dc681f699533c86f685f36b",
    "digits": "f663373b5025b295527c45e3737f812e5ce569f4f6856ce927a837e424cd27a2",
    "shapes2d": "4015063ad584093a7ceb8c39d3b55a041c5fb53338e17b91ffe2e75c483c47bd",
    "shapes3d": "a50f98fdb6e02cfd9f8fcdb4a64b2f86586a3cd30492cc9d00a131fe5d3a6ecd",
    "graphs": "7f921c6e9e7e37af85eff4993a0e96a949283658a3e6719e9a26eb336d26a4ae",
    "markov": "6c11da3fc26135d98e8f24b97421e9c0f025544a515434c781809a11e1c7c7a0",
    "ring": "61e33e30a25c34f255fad29f1d82e13a45321e3f277b7f9a6504836e038cb57c",
}
"""SHA-256 of all splits of the sets that are the same in every version of Python."""


def rows(arrays):
    """Return each example as bytes."""
    columns = [arrays[name] for name in sorted(arrays)]
    return [b"".join(value.tobytes() for value in row) for row in zip(*columns, strict=True)]


def digest_of(splits):
    """Hash names of splits and arrays, with types and shapes, in the order of rows that ``load`` returns."""
    digest = hashlib.sha256()
    for name, arrays in splits.items():
        digest.update(name.encode())
        for feature, array in sorted(arrays.items()):
            digest.update(f"{feature} {array.dtype} {array.shape}".encode() + array.tobytes())
    return digest.hexdigest()


def test_the_tables_list_every_data_set(prepared):
    assert set(BUNDLED) == {name for name in known() if builder(name, prepared).bundled}
    assert set(MAKERS) == set(known()) - set(BUNDLED)
    assert set(DIGESTS) == set(BUNDLED) - {"topics", "topics_bpe"}


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_data_set_never_changes(name, prepared):
    splits = {split: load(name, split, directory=prepared) for split in BUNDLED[name]}
    info = builder(name, prepared).info
    assert set(info.splits) == set(splits)
    declared = {k: (*feature.shape, feature.np_dtype) for k, feature in info.features.items()}
    for split, arrays in splits.items():
        assert {k: (*v.shape[1:], v.dtype) for k, v in arrays.items()} == declared
        assert {len(v) for v in arrays.values()} == {BUNDLED[name][split] or len(arrays["x"])}
        assert all(np.isfinite(v).all() for v in arrays.values())
    assert digest_of(splits) == DIGESTS.get(name, digest_of(splits))


@pytest.mark.parametrize("name", BUNDLED)
def test_splits_are_disjoint(name, prepared):
    splits = [set(rows(load(name, split, directory=prepared))) for split in BUNDLED[name]]
    assert len(set().union(*splits)) == sum(map(len, splits))


def test_iris_and_digits_are_those_of_scikit_learn(prepared):
    from sklearn.datasets import load_digits, load_iris

    truth, iris = load_iris(), load("iris", directory=prepared)
    found, expected = np.c_[iris["x"], iris["label"]], np.c_[truth.data, truth.target]
    np.testing.assert_array_equal(found[np.lexsort(found.T)], expected[np.lexsort(expected.T)])
    truth, digits = load_digits(), load("digits", "all", directory=prepared)
    np.testing.assert_array_equal(np.sort(digits["row"]), np.arange(1797))
    np.testing.assert_array_equal(digits["x"][..., 0], truth.images[digits["row"]])
    np.testing.assert_array_equal(digits["label"], truth.target[digits["row"]])


def test_factors_of_dsprites_are_a_full_factorial():
    assert np.prod([len(values) for values in factors("dsprites").values()]) == 737_280


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


OBJECTS = io.BytesIO()  # whose images would have to be unpickled
np.savez(OBJECTS, imgs=np.full((1, 64, 64), None), latents_classes=np.zeros((1, 6), int))


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
        ("dsprites", "archive", OBJECTS.getvalue()),
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
