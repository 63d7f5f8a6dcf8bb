"""Find what a function reads from outside, to tell whether a compiled program of it can go out of date."""

import builtins
import dataclasses
import dis
import functools
import types
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import flax.linen as nn
import jax
from jax.tree_util import Partial

SHIM: Any = type(Partial(functools.partial(abs)).func)
"""Class that ``Partial`` wraps a ``functools.partial`` in."""
TRUSTED = frozenset(
    (
        "blackjax",
        "builtins",
        "cmath",
        "collections",
        "dataclasses",
        "enum",
        "flax",
        "functools",
        "itertools",
        "jax",
        "jaxlib",
        "jgen",
        "math",
        "numpy",
        "operator",
        "optax",
        "scipy",
        "typing",
    )
)
"""Packages whose functions and modules are taken as constant."""
REFLECTION = frozenset(
    map(id, (builtins.globals, builtins.locals, builtins.vars, builtins.eval, builtins.exec))
)
CONSTANTS = (int, float, complex, bool, str, bytes, type(None), type(Ellipsis))
Reads = tuple[Any, ...]

_first: "weakref.WeakKeyDictionary[Any, Reads]" = weakref.WeakKeyDictionary()


def is_fixed(function: Callable[..., Any]) -> bool:
    """Return whether a function reads nothing from outside that can have changed since it was first seen.

    It holds for functions of the libraries in ``TRUSTED``, and for a user's function without closure whose
    global names are such libraries, their functions, or user's functions of the same kind, and none of which
    was bound to another object in between. Everything else (closures, global arrays and numbers, bound
    methods, callable objects, default arguments that can be changed) may have changed: False.

    Args:
        function: Any callable.

    Example:
        >>> is_fixed(abs)
        True
        >>> is_fixed({"mean": 0.0}.get)
        False
    """
    found = _reads(function, set())
    if found is None:
        return False
    if not found:
        return True
    try:
        first = _first.setdefault(unwrap(function), found)
    except TypeError:  # an object that cannot be kept as a key
        return False
    return len(first) == len(found) and all(a is b for a, b in zip(first, found, strict=True))


def unwrap(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function that ``Partial`` may have wrapped."""
    return getattr(function, "fun", function) if isinstance(function, SHIM) else function


def _reads(value: Any, seen: set[int]) -> Reads | None:
    """Return the objects that a value depends on by name; None if it may depend on others."""
    if isinstance(value, CONSTANTS) or id(value) in seen:
        return ()
    seen.add(id(value))
    if isinstance(value, SHIM):
        return _reads(unwrap(value), seen)
    if isinstance(value, tuple | frozenset):
        return _all_reads(value, seen)
    if isinstance(value, functools.partial):  # a Partial's arguments are data of the program
        bound = () if isinstance(value, Partial) else (*value.args, *value.keywords.values())
        return _all_reads((value.func, *bound), seen)
    if isinstance(value, types.ModuleType | type):
        return () if _is_trusted(value) or _is_kernel(value) else None
    if isinstance(value, types.FunctionType):
        return _reads_of_function(value, seen)
    owner = getattr(value, "__self__", None)
    if isinstance(value, types.BuiltinMethodType) and not isinstance(owner, types.ModuleType | type(None)):
        return None
    if isinstance(value, types.MethodType) or not _is_trusted(type(value)) or type(value).__hash__ is None:
        return None  # an object that can be changed, such as an array, a list or a model
    if not isinstance(value, nn.Module) and callable(value) and _is_trusted(value):
        return ()
    if dataclasses.is_dataclass(value):
        own: list[Any] = [getattr(value, field.name) for field in dataclasses.fields(value)]
    else:
        own = [
            item
            for name, item in getattr(value, "__dict__", {}).items()
            if name[:2] != "__" or name == "__wrapped__"
        ]
    return _all_reads(own, seen)


def _reads_of_function(function: types.FunctionType, seen: set[int]) -> Reads | None:
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    if _is_trusted(function):  # what it holds is not changed; but that may be a user's function
        return _all_reads(list(_functions_in(cells)), seen)
    names = _global_names(function.__code__)
    defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
    if cells or names is None or not all(isinstance(value, CONSTANTS) for value in defaults):
        return None
    missing = object()
    scope = function.__globals__
    values = [scope.get(name, getattr(builtins, name, missing)) for name in names]
    if any(value is missing or id(value) in REFLECTION or isinstance(value, CONSTANTS) for value in values):
        return None
    inner = _all_reads(values, seen)
    return None if inner is None else (function.__code__, *defaults, *values, *inner)


def _functions_in(value: Any) -> Iterator[Any]:
    """Yield the functions that a tree holds; keys of its mappings need no order, as types have none."""
    if callable(value):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _functions_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _functions_in(item)
    else:
        yield from filter(callable, jax.tree.leaves(value, is_leaf=callable))


def _all_reads(values: Iterable[Any], seen: set[int]) -> Reads | None:
    found: Reads = ()
    for value in values:
        inner = _reads(value, seen)
        if inner is None:
            return None
        found += inner
    return found


@functools.lru_cache(4096)
def _global_names(code: types.CodeType) -> tuple[str, ...] | None:
    """Return the global names that code reads, that of functions inside included; None if it imports."""
    names: dict[str, None] = {}
    for instruction in dis.get_instructions(code):
        if instruction.opname == "IMPORT_NAME":
            return None
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            names[instruction.argval] = None
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            inner = _global_names(constant)
            if inner is None:
                return None
            names |= dict.fromkeys(inner)
    return tuple(names)


def _is_kernel(value: Any) -> bool:
    return isinstance(value, type) and value.__module__.startswith("numpyro.infer")


def _is_trusted(value: Any) -> bool:
    name = getattr(value, "__module__", None) or getattr(value, "__name__", "")
    if isinstance(value, types.ModuleType):
        name = value.__name__
    return isinstance(name, str) and (
        name.partition(".")[0] in TRUSTED or name.startswith("numpyro.distributions")
    )


def code_of(function: Callable[..., Any]) -> Any:
    """Return what identifies a function apart from the values that it holds."""
    function = unwrap(function)
    if isinstance(function, functools.partial):
        bound = (*function.args, *function.keywords.values())
        return code_of(function.func), *(code_of(value) for value in bound)
    function = getattr(function, "__func__", function)
    return getattr(function, "__code__", type(function))


@functools.lru_cache(4096)
def has_changeable_nodes(treedef: Any) -> bool:
    """Return whether a tree has nodes of a user's class with data of their own, which can be changed."""
    node = treedef.node_data()
    if node is None:
        return False
    kind, data = node
    if not (_is_trusted(kind) or hasattr(kind, "_fields") or _reads(data, set()) == ()):
        return True
    return any(map(has_changeable_nodes, treedef.children()))
