"""Files as ``torch.save`` writes them, made without torch, and as an enemy might write them."""

import io
import pickle
import struct
import zipfile
from typing import Any, NamedTuple

MAGIC, SYSTEM = 0x1950A86A20F9469CFC6C, {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}


class Name(NamedTuple):
    module: str
    name: str


class Call(NamedTuple):
    function: Any
    arguments: tuple


class New(NamedTuple):
    kind: Any
    arguments: tuple


class Built(NamedTuple):
    value: Any
    state: Any


class CheckResult(NamedTuple):
    saved_id: Any


class Items(NamedTuple):
    """An ordered dict, filled after it was made."""

    items: tuple


ORDERED_DICT = Name("collections", "OrderedDict")
REBUILD = Name("torch._utils", "_rebuild_tensor_v2")
REBUILD_OLD = Name("torch._utils", "_rebuild_tensor")


def program(value):
    """The opcodes of pickle's protocol 2 that leave a value on the stack."""
    match value:
        case Name(module, name):
            return f"c{module}\n{name}\n".encode()
        case Call(function, arguments):
            return program(function) + program(arguments) + b"R"
        case New(kind, arguments):
            return program(kind) + program(arguments) + b"\x81"
        case Built(inner, state):
            return program(inner) + program(state) + b"b"
        case CheckResult(saved_id):
            return program(saved_id) + b"Q"
        case Items(items):
            pairs = b"".join(program(name) + program(item) for name, item in items)
            return program(Call(ORDERED_DICT, ())) + b"(" + pairs + b"u"
        case tuple():
            return b"(" + b"".join(map(program, value)) + b"t"
        case bytes():  # a string of Python 2
            return b"U" + bytes([len(value)]) + value
        case _:
            return pickle.dumps(value, protocol=2)[2:-1]


def dumps(value):
    return b"\x80\x02" + program(value) + b"."


def tensor(key, array, *, stream, made=None, **changed):
    """One array as torch tells of it; ``changed`` is what is told wrongly."""
    storage = ("storage", Name("torch", changed.get("kind", "FloatStorage")), key, "cpu")
    storage += (changed.get("size", array.size),)
    strides = tuple(step // array.itemsize for step in array.strides)
    where = (CheckResult(storage + ((None,) if stream else ())), changed.get("offset", 0))
    where += (changed.get("shape", array.shape), changed.get("strides", strides))
    return made(where) if made else Call(REBUILD, (*where, False, Call(ORDERED_DICT, ())))


def old_tensor(where):
    return Call(REBUILD_OLD, where)


def oldest_tensor(where):
    return Built(New(Name("torch", "FloatTensor"), ()), where)


def parameter(where):
    return Call(
        Name("torch._utils", "_rebuild_parameter"), (Call(REBUILD_OLD, where), True, Call(ORDERED_DICT, ()))
    )


def old_parameter(where):
    state = (Call(REBUILD_OLD, where), True, None, None, None)
    return Built(New(Name("torch.nn.parameter", "Parameter"), ()), state)


MADE = (None, old_tensor, oldest_tensor, parameter, old_parameter)


def state_dict(told):
    return dumps(Built(Items(tuple(told)), {"_metadata": {"": {"version": 1}}}))


def zip_bytes(arrays, *, head=None, made=None, compression=zipfile.ZIP_STORED, extra=None, **changed):
    """The form since torch 1.6; ``head`` stands for the pickle, ``extra`` for further members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        told = [
            (name, tensor(str(i), array, stream=False, made=made, **changed))
            for i, (name, array) in enumerate(arrays.items())
        ]
        archive.writestr("archive/data.pkl", head or state_dict(told))
        for i, array in enumerate(arrays.values()):
            archive.writestr(f"archive/data/{i}", array.tobytes())
        for name, content in ({"archive/version": b"3\n"} | (extra or {})).items():
            archive.writestr(name, content)
    return file.getvalue()


def stream_bytes(
    arrays, *, head=None, made=None, system=SYSTEM, key_of="94064775135{:03d}".format, **changed
):
    """The form before torch 1.6; ``head`` stands for the pickle of the state dict."""
    keys = [key_of(i) for i in range(len(arrays))]
    told = [
        (name, tensor(key, array, stream=True, made=made, **changed))
        for key, (name, array) in zip(keys, arrays.items(), strict=True)
    ]
    start = b"".join(pickle.dumps(value, protocol=2) for value in (MAGIC, 1001, system))
    start += (head or state_dict(told)) + dumps(sorted(keys))
    numbers = sorted(zip(keys, arrays.values(), strict=True))
    return start + b"".join(struct.pack("<q", array.size) + array.tobytes() for _, array in numbers)
