"""The pickle of a torch state dict as a description of its arrays, without running what it says.

A pickle is a program: it names functions and has them called. Here it may name only what describes an array
(``ADMITTED``), and each of those names is bound to plain data of our own, whatever torch would do.

Reference:
    Python documentation, module ``pickle``, "Restricting globals".
"""

import math
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import IO, Any, NamedTuple

from jgen.errors import UsageError

ITEMS = {"HalfStorage": "<f2", "FloatStorage": "<f4", "DoubleStorage": "<f8"}


class Storage(NamedTuple):
    """A run of numbers in the file: their type, the key they lie under, how many they are."""

    dtype: str
    key: str
    size: int


class Place(NamedTuple):
    """Where the numbers of a row-major array lie: from ``offset`` on in a storage."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]


class _Tensor:
    """What a tensor, or a parameter around one, was saved with: whatever the file hands to its maker."""

    __slots__ = ("state",)

    def __new__(cls, *state: Any) -> "_Tensor":
        self = super().__new__(cls)
        self.state = state
        return self

    def __setstate__(self, state: Any) -> None:
        self.state = state


ADMITTED: dict[str, Any] = {
    "collections.OrderedDict": OrderedDict,
    "torch.Size": tuple,
    "torch._utils._rebuild_tensor": _Tensor,
    "torch._utils._rebuild_tensor_v2": _Tensor,
    "torch._utils._rebuild_parameter": _Tensor,
    "torch.nn.parameter.Parameter": _Tensor,
    **{f"torch.{name}": dtype for name, dtype in ITEMS.items()},
    **{f"torch.{name.replace('Storage', 'Tensor')}": _Tensor for name in ITEMS},
}


class _Unpickler(pickle.Unpickler):
    """Hands out what is admitted and refuses the rest."""

    def find_class(self, module: str, name: str) -> Any:
        if (full := f"{module}.{name}") not in ADMITTED:
            raise UsageError(f"it names {full}, and a file of arrays may name only {', '.join(ADMITTED)}")
        return ADMITTED[full]

    def persistent_load(self, saved: Any) -> Storage:
        match saved:
            case ("storage", str(dtype), str(key), str(), int(size), *view) if view in ([], [None]):
                return Storage(dtype, key, size)
        raise UsageError("it keeps numbers in a way that is not known here")


def unpickle(path: Path, file: IO[bytes]) -> Any:
    """One pickle from a file that stands at its start, of plain data and of what describes arrays.

    Raises:
        UsageError: Where it names anything else, or does not read.
    """
    try:
        return _Unpickler(file, encoding="utf-8").load()
    except UsageError as error:
        raise UsageError(f"{path} is refused: {error}") from None
    except Exception as error:  # whatever a broken or hostile pickle makes the reader raise
        raise damaged(path, f"a pickle in it does not read, {type(error).__name__}") from error


def damaged(path: Path, what: str) -> UsageError:
    """The error for a file that is not whole."""
    return UsageError(f"{path} is cut short or damaged ({what}): download it, or save it, again")


def places(path: Path, file: IO[bytes]) -> dict[str, Place]:
    """Where each array of a pickled state dict lies, by name.

    Args:
        path: For messages.
        file: Stands where the pickle starts.

    Raises:
        UsageError: For a pickle that is refused or broken, and for anything but named, floating-point,
            row-major arrays that lie within their storages.
    """
    saved = unpickle(path, file)
    if type(saved) not in (dict, OrderedDict) or not saved or {*map(type, dict.keys(saved))} != {str}:
        raise UsageError(f"{path} holds no state dict: save module.state_dict()")
    found = {name: _place(path, name, tensor) for name, tensor in dict.items(saved)}
    storages = {place.storage for place in found.values()}
    if len(storages) != len({storage.key for storage in storages}):
        raise damaged(path, "one run of numbers is said to be two")
    return found


def _place(path: Path, name: str, tensor: Any) -> Place:
    state = tensor.state if isinstance(tensor, _Tensor) else None
    match state:
        case (_Tensor() as inner, *_):  # a parameter around a tensor
            state = inner.state
    match state:
        case (Storage() as storage, offset, tuple(shape), tuple(stride), *_):
            whole = all(type(n) is int and n >= 0 for n in (storage.size, offset, *shape))
            if not whole or len(shape) != len(stride) or offset + math.prod(shape) > storage.size:
                raise damaged(path, f"{name} has no place for its shape")
            steps = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
            if any(n > 1 and step != given for n, step, given in zip(shape, steps, stride, strict=True)):
                raise UsageError(f"{path}: {name} is not row-major: save tensor.contiguous()")
            if storage.dtype in ITEMS.values():
                return Place(storage, offset, shape)
    raise UsageError(f"{path}: {name} is no array of floating-point numbers: save module.state_dict()")
