"""Files of torch.save: read without torch, in every form it has had, and nothing in them is run."""

import hashlib
import pickle
import zipfile

import numpy as np
import pytest

from jgen.errors import UsageError
from jgen.features.torch_file_base import read_state_dict
from tests.helpers import torch_files as files

RNG = np.random.default_rng(0)
ARRAYS = {
    "features.0.weight": RNG.normal(size=(2, 3, 3, 3)).astype(np.float32),
    "features.0.bias": RNG.normal(size=2).astype(np.float32),
    "scale": np.float32(RNG.normal()).reshape(()),
}
ONE = {"a": ARRAYS["features.0.bias"]}
WRITERS = {"zip": files.zip_bytes, "stream": files.stream_bytes}


def put(tmp_path, content, name="weights.pth"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


def assert_read(path, arrays):
    found = read_state_dict(path)
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].shape == array.shape
        assert found[name].read().dtype == np.float32
        np.testing.assert_array_equal(found[name].read(), array)


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("made", files.MADE)
def test_every_form_comes_back_bit_for_bit(tmp_path, write, made):
    assert_read(put(tmp_path, write(ARRAYS, made=made)), ARRAYS)


def test_pickles_of_python_2_are_read(tmp_path):
    """Strings are bytes there, and an ordered dict is called with its items."""
    storage = (b"storage", files.Name("torch", "FloatStorage"), b"7", b"cpu", 2, None)
    array = files.Call(files.REBUILD_OLD, (files.CheckResult(storage), 0, (2,), (1,)))
    head = files.dumps(files.Call(files.ORDERED_DICT, (((b"a", array),),)))
    assert_read(put(tmp_path, files.stream_bytes(ONE, head=head, key_of=lambda _: "7")), ONE)


@pytest.mark.parametrize(("kind", "dtype"), [("HalfStorage", np.float16), ("DoubleStorage", np.float64)])
def test_other_precisions_are_read_as_float32(tmp_path, kind, dtype):
    arrays = {"a": np.array([0.1, -2.5e-3, 7.0], dtype)}
    for write in WRITERS.values():
        path = put(tmp_path, write(arrays, kind=kind))
        np.testing.assert_array_equal(read_state_dict(path)["a"].read(), arrays["a"].astype(np.float32))


def test_two_arrays_may_share_their_numbers(tmp_path):
    numbers = np.arange(6, dtype=np.float32)
    head = files.Items(
        tuple(
            (str(offset), files.tensor("0", numbers, stream=False, offset=offset, shape=(2,), strides=(1,)))
            for offset in (0, 3)
        )
    )
    found = read_state_dict(put(tmp_path, files.zip_bytes({"a": numbers}, head=files.dumps(head))))
    assert {name: array.read().tolist() for name, array in found.items()} == {"0": [0, 1], "3": [3, 4]}


@pytest.mark.parametrize("zipped", [True, False])
def test_files_made_by_torch_are_read(tmp_path, zipped):
    torch = pytest.importorskip("torch")
    module = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.Linear(5, 6).half(), torch.nn.Linear(2, 2)
    )
    saved = module.state_dict()
    saved["parameter"] = torch.nn.Parameter(torch.arange(3.0))
    torch.save(saved, tmp_path / "made.pth", _use_new_zipfile_serialization=zipped)
    assert_read(
        tmp_path / "made.pth", {name: array.float().detach().numpy() for name, array in saved.items()}
    )


SYSTEM_CALLS = {
    "called": lambda flag: files.Call(files.Name("posix", "system"), (f"touch {flag}",)),
    "under another name": lambda flag: files.Call(files.Name("os", "system"), (f"touch {flag}",)),
    "evaluated": lambda flag: files.Call(files.Name("builtins", "eval"), (f"open({str(flag)!r}, 'w')",)),
    "of Python 2": lambda flag: files.Call(files.Name("__builtin__", "eval"), (f"open({str(flag)!r}, 'w')",)),
    "reached by a dotted name": lambda flag: files.Call(
        files.Name("torch._utils", "_rebuild_tensor_v2.__globals__"), (str(flag),)
    ),
    "as a value": lambda flag: files.Items(
        (("a", files.Call(files.Name("posix", "system"), (f"touch {flag}",))),)
    ),
    "in a storage": lambda _: files.CheckResult(("storage", files.Name("posix", "system"), "0", "cpu", 2)),
    "as a hook": lambda flag: files.Call(
        files.REBUILD, (1, 2, 3, 4, False, files.Call(files.Name("subprocess", "Popen"), (f"touch {flag}",)))
    ),
    "by its state": lambda flag: files.Built(files.New(files.Name("os", "_wrap_close"), ()), (str(flag),)),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("attack", SYSTEM_CALLS.values(), ids=SYSTEM_CALLS)
def test_a_file_that_names_anything_else_is_refused_and_not_run(tmp_path, write, attack):
    flag = tmp_path / "flag"
    path = put(tmp_path, write(ONE, head=files.dumps(attack(flag))))
    with pytest.raises(UsageError, match=r"is refused: it names \S+, and a file of arrays may name only"):
        read_state_dict(path)
    assert not flag.exists()


def test_the_attacks_are_attacks(tmp_path):
    """Python's own reader, handed the same bytes, does what they say."""
    flag = tmp_path / "flag"
    assert pickle.loads(files.dumps(SYSTEM_CALLS["called"](flag))) == 0
    assert flag.exists()


TENSOR = files.Name("torch", "FloatTensor")
MISFITS = {
    "no dict": (1, "holds no state dict"),
    "an empty dict": (files.Items(()), "holds no state dict"),
    "a number": (files.Items((("a", 1),)), "is no array"),
    "a name for an array": (files.Items((("a", TENSOR),)), "is no array"),
    "an array of nothing": (files.Items((("a", files.Call(TENSOR, ())),)), "is no array"),
    "an array of arrays": (
        files.Items((("a", files.Call(TENSOR, (files.Call(TENSOR, (1,)), 2))),)),
        "is no array",
    ),
    "a number for a name": (files.Items(((1, files.tensor("0", ONE["a"], stream=False)),)), "holds no state"),
    "a class given a state": (files.Built(TENSOR, ({}, {"state": 1})), "does not read, TypeError"),
    "a function given defaults": (
        files.Built(files.REBUILD, (None, {"__defaults__": (1,)})),
        "does not read",
    ),
    "a type called": (files.Call(files.Name("torch", "FloatStorage"), (3,)), "does not read, TypeError"),
    "an unknown keeping": (files.CheckResult(("module", "m", "0")), "is not known here"),
    "a storage of a type of its own": (
        files.Items((("a", files.tensor("0", ONE["a"], stream=False, kind="FloatTensor")),)),
        "is not known here",
    ),
}


@pytest.mark.parametrize(("head", "message"), MISFITS.values(), ids=MISFITS)
def test_what_is_no_state_dict_is_refused(tmp_path, head, message):
    with pytest.raises(UsageError, match=message):
        read_state_dict(put(tmp_path, files.zip_bytes(ONE, head=files.dumps(head))))
    assert_read(put(tmp_path, files.zip_bytes(ONE)), ONE)  # and has left nothing behind


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"shape": (3,)}, "a has no place for its shape"),
        ({"offset": 1}, "a has no place for its shape"),
        ({"offset": -1}, "a has no place for its shape"),
        ({"shape": (-1, -2)}, "a has no place for its shape"),
        ({"shape": (10**12,), "strides": (0,)}, "a has no place for its shape"),
        ({"shape": (2.0,)}, "a has no place for its shape"),
        ({"strides": (1, 1)}, "a has no place for its shape"),
        ({"strides": (2,)}, "a is not row-major"),
        ({"size": 3}, "numbers .* are not"),
        ({"kind": "LongStorage"}, "names torch.LongStorage"),
    ],
)
def test_arrays_that_do_not_fit_their_numbers_are_refused(tmp_path, write, changed, message):
    with pytest.raises(UsageError, match=message):
        read_state_dict(put(tmp_path, write(ONE, **changed)))


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_file_cut_short_anywhere_is_refused(tmp_path, write):
    whole = write(ARRAYS)
    for length in range(0, len(whole), 7):
        with pytest.raises(UsageError, match=r"cut short or damaged|was not written by torch\.save"):
            read_state_dict(put(tmp_path, whole[:length]))


def test_a_changed_number_in_a_zip_is_seen(tmp_path):
    content = bytearray(files.zip_bytes(ONE))
    at = content.index(ONE["a"].tobytes())
    content[at] ^= 1
    with pytest.raises(UsageError, match=r"damaged .*CRC"):
        read_state_dict(put(tmp_path, bytes(content)))["a"].read()


def test_a_file_must_be_what_its_name_says(tmp_path):
    content = files.stream_bytes(ONE)
    digest = hashlib.sha256(content).hexdigest()
    assert_read(put(tmp_path, content, f"tiny-{digest[:8]}.pth"), ONE)
    assert_read(put(tmp_path, content, f"tiny-{digest}.pth"), ONE)
    other = put(tmp_path, content, "tiny-397923af.pth")
    with pytest.raises(UsageError, match=f"begins with {digest[:8]}, not 397923af"):
        read_state_dict(other)
    assert list(read_state_dict(other, check_digest=False)) == ["a"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "was not written by torch.save"),
        (b"PK", "was not written by torch.save"),
        (b"\x89HDF\r\n", "was not written by torch.save"),
        (pickle.dumps({"a": 1}), "was not written by torch.save"),
        (files.zip_bytes(ONE, compression=zipfile.ZIP_DEFLATED), "a zip, but none that torch.save wrote"),
        (files.zip_bytes(ONE, extra={"other/data.pkl": b""}), "a zip, but none that torch.save wrote"),
        (files.zip_bytes(ONE, extra={"archive/byteorder": b"big"}), "was written big-endian"),
        (files.stream_bytes(ONE, system={"little_endian": False}), "not version 1001, little-endian"),
        (files.stream_bytes(ONE) + b"x", "bytes should be"),
        (files.stream_bytes(ONE, head=files.dumps(files.Items(()))), "no state dict"),
    ],
)
def test_foreign_files_are_named(tmp_path, content, message):
    with pytest.raises(UsageError, match=message):
        read_state_dict(put(tmp_path, content))


def test_no_file_and_a_folder_are_named(tmp_path):
    for path in (tmp_path / "none.pth", tmp_path):
        with pytest.raises(UsageError, match="cannot read"):
            read_state_dict(path)
