"""Sets that are downloaded: files of the published formats, small, from a host of the test's own."""

import gzip
import hashlib
import io
import re
import tarfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module

import numpy as np
import pytest
import requests

from jgen.data import factors, known, load, prepare, splits
from jgen.data.__main__ import main
from jgen.data.catalogue import builder
from jgen.data.download import File
from jgen.errors import UsageError
from tests.helpers.published_files import aim, idx_files

DOWNLOADED = ["binarized_mnist", "cifar10", "dsprites", "fashion_mnist", "mnist"]


def amat_files(rng):
    files, truth = {}, {}
    for split, size in (("train", 5), ("validation", 2), ("test", 3)):
        x = rng.integers(0, 2, (size, 784), np.uint8)
        files[split] = "".join(" ".join(map(str, row)) + " \n" for row in x.tolist()).encode()
        truth[split] = {"x": x.reshape(-1, 28, 28, 1)}
    return files, truth


def cifar_files(rng):
    truth = {split: {"x": [], "label": []} for split in ("train", "test")}
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
                split = truth["test" if name.startswith("test") else "train"]
                split["x"].append(x)
                split["label"].append(label)
    return {"archive": out.getvalue()}, {
        split: {name: np.concatenate(part) for name, part in parts.items()} for split, parts in truth.items()
    }


def npz_files(rng):
    x = rng.integers(0, 2, (20, 64, 64), np.uint8)
    classes = np.concatenate([np.zeros((20, 1), int), rng.integers(0, 3, (20, 5))], 1)
    out = io.BytesIO()
    metadata = np.array({"title": "a pickled object, as in the published file"}, object)
    np.savez_compressed(out, imgs=x, latents_classes=classes, metadata=metadata)
    return {"archive": out.getvalue()}, {"train": {"x": x[..., None], "factors": classes[:, 1:]}}


MAKERS = {
    "binarized_mnist": amat_files,
    "cifar10": cifar_files,
    "dsprites": npz_files,
    "fashion_mnist": idx_files,
    "mnist": idx_files,
}


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A folder and the address it is served under."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder = tmp_path / "host"
    folder.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def assert_holds(found, truth):
    """The same examples, in whatever order TFDS wrote them."""

    def rows(arrays):
        names = sorted(truth)
        return sorted(
            b"".join(np.asarray(arrays[k][i], int).tobytes() for k in names) for i in range(len(arrays["x"]))
        )

    assert set(found) == set(truth)
    assert found["x"].shape == truth["x"].shape
    assert found["x"].dtype == truth["x"].dtype == np.uint8
    assert rows(found) == rows(truth)


def test_every_set_that_is_not_bundled_is_here():
    assert [name for name in known() if not builder(name).bundled] == DOWNLOADED == sorted(MAKERS)


@pytest.mark.parametrize("name", DOWNLOADED)
def test_files_of_its_format_become_the_set(name, host, tmp_path, monkeypatch, rng):
    contents, truth = MAKERS[name](rng)
    aim(monkeypatch, name, contents, *host)
    main(["prepare", name, "--directory", str(tmp_path / "data")])
    for split, arrays in truth.items():
        assert_holds(load(name, split, directory=tmp_path / "data"), arrays)
        assert_holds(load(tmp_path / "data" / name, split), arrays)
    assert set(builder(name, tmp_path / "data").info.splits) == set(truth)


@pytest.mark.parametrize("name", ["mnist", "dsprites", "binarized_mnist"])
def test_splits_that_a_set_lacks_are_parts_of_train_that_do_not_overlap(name, tmp_path, monkeypatch, rng):
    contents, truth = MAKERS[name](rng)
    manual = tmp_path / "downloads" / "manual"
    manual.mkdir(parents=True)
    aim(monkeypatch, name, contents, manual, "http://127.0.0.1:9/")
    prepare(name, tmp_path)
    parts = splits(name, directory=tmp_path)
    assert list(parts) == ["train", "validation", "test"]
    found = {role: load(name, split, directory=tmp_path) for role, split in parts.items()}
    for role in set(parts) & set(truth) - {"train"}:
        assert_holds(found.pop(role), truth[role])
    assert_holds(
        {k: np.concatenate([part[k] for part in found.values()]) for k in found["train"]}, truth["train"]
    )
    assert len(found["train"]["x"]) > 2 * sum(len(found[role]["x"]) for role in found if role != "train")


def test_what_was_downloaded_is_not_asked_for_again(host, tmp_path, monkeypatch, rng):
    contents, truth = idx_files(rng)
    aim(monkeypatch, "mnist", contents, *host)
    prepare("mnist", tmp_path / "data")
    (tmp_path / "data" / "mnist").rename(tmp_path / "away")
    for file in host[0].iterdir():
        file.unlink()
    monkeypatch.setattr(requests, "head", None)  # it would raise
    prepare("mnist", tmp_path / "data")
    assert_holds(load("mnist", "test", directory=tmp_path / "data"), truth["test"])


def test_what_was_put_there_by_hand_is_taken(tmp_path, monkeypatch, rng):
    contents, truth = idx_files(rng)
    manual = tmp_path / "downloads" / "manual"
    manual.mkdir(parents=True)
    aim(monkeypatch, "fashion_mnist", contents, manual, "http://127.0.0.1:9/")
    prepare("fashion_mnist", tmp_path)
    assert_holds(load("fashion_mnist", "test", directory=tmp_path), truth["test"])


def test_a_host_that_does_not_answer_is_one_line_at_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    built = import_module("jgen.data.datasets.dsprites").Builder
    monkeypatch.setattr(built, "files", {"archive": File("http://127.0.0.1:9/sprites.npz", "md5:0")})
    with pytest.raises(SystemExit):
        main(["prepare", "dsprites", "--directory", str(tmp_path)])
    out, error = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(
        r"error: cannot download dsprites: 127.0.0.1:9 does not answer \(.*\); prepare it where there is a "
        r"network, or put sprites.npz into .*manual\n",
        error,
    )
    with pytest.raises(UsageError, match=r"not prepared: run `python -m jgen.data prepare dsprites`"):
        load("dsprites", directory=tmp_path)


def test_a_file_that_is_missing_or_another_is_refused(host, tmp_path, monkeypatch, rng):
    contents, _ = npz_files(rng)
    aim(monkeypatch, "dsprites", contents, *host)
    file = builder("dsprites").files["archive"]
    (host[0] / file.name).write_bytes(b"a page that says please log in")
    with pytest.raises(UsageError, match=r"its md5 is .* and should be .*; delete it"):
        prepare("dsprites", tmp_path / "data")
    (host[0] / file.name).unlink()
    with pytest.raises(UsageError, match=r"cannot download dsprites: .*404"):
        prepare("dsprites", tmp_path / "more")
    assert not list(tmp_path.rglob("dataset_info.json"))


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
    # What gzip makes holds the hour, and all workers must agree on the names.
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
)
def test_damage_is_told(name, part, content, tmp_path, monkeypatch, rng):
    contents, _ = MAKERS[name](rng)
    manual = tmp_path / "downloads" / "manual"
    manual.mkdir(parents=True)
    aim(monkeypatch, name, contents | {part: content}, manual, "http://127.0.0.1:9/")
    with pytest.raises(UsageError, match=r"delete it and prepare again") as caught:
        prepare(name, tmp_path)
    assert "\n" not in str(caught.value)


def test_an_array_of_objects_is_never_unpickled(tmp_path, monkeypatch):
    out = io.BytesIO()
    np.savez(out, imgs=np.array([[{}]], object), latents_classes=np.zeros((1, 6), int))
    manual = tmp_path / "downloads" / "manual"
    manual.mkdir(parents=True)
    aim(monkeypatch, "dsprites", {"archive": out.getvalue()}, manual, "http://127.0.0.1:9/")
    with pytest.raises(UsageError, match="object"):
        prepare("dsprites", tmp_path)


def test_checksums_are_those_that_tfds_knows():
    from tensorflow_datasets.core.download.checksums import get_all_url_infos, load_url_infos
    from tensorflow_datasets.core.utils import tfds_path

    registered = get_all_url_infos() | load_url_infos(tfds_path() / "datasets/binarized_mnist/checksums.tsv")
    for name in DOWNLOADED:
        for file in builder(name).files.values():
            algorithm, digest = file.digest.split(":")
            assert len(bytes.fromhex(digest)) == hashlib.new(algorithm).digest_size
            if name != "dsprites":  # TFDS takes another file of it
                assert registered[file.url].checksum == digest


def test_factors_of_dsprites_are_a_full_factorial():
    assert np.prod([len(values) for values in factors("dsprites").values()]) == 737_280
