"""Convert user's functions to programs whose outside values are arguments: the values of now, as data.

JAX compiles what a function reads from outside (closures, globals, attributes) into the program, and finds
the program again by the function's identity: after ``y = other`` the same call runs for the old ``y``. Here
such a function is traced again at each public call, which takes about a millisecond; the arrays that it read
become arguments of its program, and the program is found by its text. So new values of the same shapes
compile nothing, and are used.
"""

import contextlib
import functools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import flax
import jax
import numpy as np
import numpyro
import optax
from jax.extend import core

import jgen
from jgen._internal.function_reads import is_fixed
from jgen.types import Array

ADDRESS = re.compile(r" at 0x[0-9a-f]+")
LIBRARIES = tuple(str(Path(str(module.__file__)).parent) for module in (flax, jax, jgen, np, numpyro, optax))
"""Folders of functions that read nothing from outside."""
MAX_PROGRAMS = 4096
"""Programs that are kept, the last used of them; each is a few kilobytes, without its data."""

_fresh = jax.make_user_context()


class Signature(NamedTuple):
    """What a call looks like: the tree of its arguments, types of its arrays, and its other leaves.

    Attributes:
        tree: Structure of ``(args, kwargs)``.
        leaves: Of an array its shape, type and weakness; of anything else the value and its class.
    """

    tree: Any
    leaves: tuple[Any, ...]


class Trace(NamedTuple):
    """A user's function as it is now, for one signature.

    Attributes:
        jaxpr: Its program; what it read are the constants.
        read: The arrays that it read, the first constants.
        numbers: The numbers that stand in it, the other constants; some were read, and some are its own.
        tree: Structure of the results.
        fixed: Results that are not arrays, with their positions.
        text: What identifies the program, apart from ``numbers``.
    """

    jaxpr: core.Jaxpr
    read: tuple[Array, ...]
    numbers: tuple[np.generic, ...]
    tree: Any
    fixed: tuple[tuple[int, Any], ...]
    text: tuple[Any, ...]


class Read(NamedTuple):
    """Values that a user's function read, for each of its programs; they keep their types."""

    values: tuple[tuple[Any, ...], ...]


class UnknownCallError(Exception):
    """Error for a call with a signature for which the function was not traced."""


class ClosedFunction:
    """Function of the values that a user's function read and of its arguments, one object a program.

    Attributes:
        traces: Programs by signature, without the arrays read; ``numbers`` are those of the first trace.
        changed: Positions of numbers that are arguments, by program: those that have changed since the first
            trace.
    """

    def __init__(self, traces: dict[Signature, Trace], changed: tuple[tuple[int, ...], ...]):
        self.traces = {
            signature: (i, trace._replace(read=())) for i, (signature, trace) in enumerate(traces.items())
        }
        self.changed = changed

    def __call__(self, read: Read, *args: Any, **kwargs: Any) -> Any:
        signature, arrays = signature_of(args, kwargs)
        if signature not in self.traces:
            raise UnknownCallError
        index, trace = self.traces[signature]
        values = read.values[index]
        num_arrays = len(values) - len(self.changed[index])
        numbers: list[Any] = list(trace.numbers)
        for position, number in zip(self.changed[index], values[num_arrays:], strict=True):
            numbers[position] = number
        results = jax.core.eval_jaxpr(trace.jaxpr, [*values[:num_arrays], *numbers], *arrays)
        for position, value in trace.fixed:
            results.insert(position, value)
        return jax.tree.unflatten(trace.tree, results)


class Recorder:
    """Function that calls a user's function and keeps the signatures of the calls."""

    def __init__(self, function: Callable[..., Any]):
        self.function = function
        self.signatures: dict[Signature, None] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.signatures[signature_of(args, kwargs)[0]] = None
        return self.function(*args, **kwargs)


def signature_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Signature, list[Array]]:
    """Return the signature of a call and its arrays."""
    leaves, tree = jax.tree.flatten((args, kwargs))
    arrays = [leaf for leaf in leaves if is_array(leaf)]
    return Signature(tree, tuple(map(leaf_type, leaves))), arrays


def is_array(leaf: Any) -> bool:
    """Return whether a leaf is an array, traced or not, of JAX or NumPy."""
    return isinstance(leaf, jax.Array | np.ndarray | np.generic)


def leaf_type(leaf: Any) -> Any:
    """Return what a program depends on: an array's shape and type, and of anything else the value."""
    if is_array(leaf):
        aval = jax.typeof(leaf)
        return jax.ShapeDtypeStruct(aval.shape, aval.dtype, weak_type=getattr(aval, "weak_type", False))
    return type(leaf), leaf


def trace(function: Callable[..., Any], signature: Signature) -> Trace:
    """Trace a function as it is now."""
    fixed: list[tuple[int, Any]] = []
    tree = None

    def flat(*arrays: Array) -> list[Array]:
        nonlocal tree
        given = iter(arrays)
        leaves = [
            next(given) if isinstance(kind, jax.ShapeDtypeStruct) else kind[1] for kind in signature.leaves
        ]
        args, kwargs = jax.tree.unflatten(signature.tree, leaves)
        results, tree = jax.tree.flatten(function(*args, **kwargs))
        fixed[:] = [(i, result) for i, result in enumerate(results) if not is_array(result)]
        return [result for result in results if is_array(result)]

    types = [kind for kind in signature.leaves if isinstance(kind, jax.ShapeDtypeStruct)]
    with contextlib.ExitStack() as contexts:
        closed = jax.make_jaxpr(flat)(*types)
        if not all(file.startswith(LIBRARIES) for file in _files_of_inner_programs(closed.jaxpr)):
            # JAX keeps the traces of functions that it is handed (the body of a scan, a user's own jit) by
            # their identity as well; in another context it traces them again.
            contexts.enter_context(_fresh(object()))
            closed = jax.make_jaxpr(flat)(*types)
        if any(map(_holds_arrays, closed.eqns)):
            closed = jax.make_jaxpr(functools.partial(_inline, closed))(*types)
        rules = _text_of_rules(closed, flat, types)
    jaxpr, numbers = _lift_numbers(closed.jaxpr)
    read = tuple(closed.consts)
    text = (
        _text(jaxpr),
        tuple(map(leaf_type, read)),
        tree,
        tuple((i, type(value), value) for i, value in fixed),
        tuple(hidden_values(closed.jaxpr)),
        tuple(_inner_functions(closed.jaxpr, "callback")),
        rules,
    )
    return Trace(jaxpr, read, numbers, tree, tuple(fixed), text)


def _holds_arrays(equation: core.JaxprEqn) -> bool:
    """Return whether an equation is a compiled function that holds arrays of its own: a user's ``jit``."""
    return equation.primitive.name == "jit" and bool(equation.params["jaxpr"].consts)


def _inline(closed: core.ClosedJaxpr, *arrays: Array) -> list[Array]:
    """Evaluate a program without these ``jit``s, so that their arrays become its own constants."""
    jaxpr = closed.jaxpr
    values = dict(zip((*jaxpr.constvars, *jaxpr.invars), (*closed.consts, *arrays), strict=True))

    def read(atom: Any) -> Any:
        return atom.val if isinstance(atom, core.Literal) else values[atom]

    for equation in jaxpr.eqns:
        inputs = [read(atom) for atom in equation.invars]
        if _holds_arrays(equation):
            results = _inline(equation.params["jaxpr"], *inputs)
        else:
            variables = [core.Var(jax.typeof(value)) for value in inputs]
            alone = jaxpr.replace(
                constvars=variables,
                invars=[],
                outvars=equation.outvars,
                eqns=[equation.replace(invars=variables)],
                debug_info=jaxpr.debug_info.with_unknown_names(),
            )
            results = jax.core.eval_jaxpr(alone, inputs)
        values.update(zip(equation.outvars, results, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _files_of_inner_programs(jaxpr: core.Jaxpr) -> Iterator[str]:
    """Yield the source files of the functions that a program calls by name, and of those that they call."""
    for equation in jaxpr.eqns:
        for value in jax.tree.leaves(list(equation.params.values()), is_leaf=_is_program):
            if _is_program(value):
                program = _program_of(value)
                yield program.debug_info.func_filename or ""
                yield from _files_of_inner_programs(program)


def _text(jaxpr: core.Jaxpr) -> str:
    return ADDRESS.sub("", str(jaxpr))


def _lift_numbers(jaxpr: core.Jaxpr) -> tuple[core.Jaxpr, tuple[np.generic, ...]]:
    """Turn the numbers that stand in a program, outside of inner ones, into constants."""
    constants: list[Any] = list(jaxpr.constvars)
    numbers: list[Any] = []
    equations = []
    for equation in jaxpr.eqns:
        inputs: list[Any] = list(equation.invars)
        for i, atom in enumerate(inputs):
            if isinstance(atom, core.Literal) and not np.ndim(atom.val):
                inputs[i] = core.Var(atom.aval)
                constants.append(inputs[i])
                numbers.append(np.asarray(atom.val, inputs[i].aval.dtype)[()])
        equations.append(equation.replace(invars=inputs))
    return jaxpr.replace(constvars=constants, eqns=equations), tuple(numbers)


def _text_of_rules(closed: core.ClosedJaxpr, flat: Callable[..., Any], types: list[Any]) -> Any:
    """Return what identifies a user's own rules of differentiation; None without any. The text hides them."""
    if all(isinstance(part, str) or is_fixed(part) for part in _inner_functions(closed.jaxpr, "custom")):
        return None

    def derivative(*arrays: Array) -> Any:
        results, transpose = jax.vjp(flat, *arrays)
        return transpose(jax.tree.map(_cotangent, results))

    try:
        rules = jax.make_jaxpr(derivative)(*types)
    except (TypeError, ValueError):  # it has no derivative backwards: the program is kept for this call only
        return object()
    values = list(map(np.asarray, rules.consts))
    inner = tuple(hidden_values(rules.jaxpr))
    return _text(rules.jaxpr), tuple((value.dtype.name, value.tobytes()) for value in values), inner


def _cotangent(result: Array) -> Any:
    if np.issubdtype(result.dtype, np.inexact):
        return jax.numpy.ones_like(result)
    return np.zeros(result.shape, jax.dtypes.float0)


def _inner_functions(jaxpr: core.Jaxpr, kind: str) -> Iterator[Any]:
    """Yield the functions, with what is bound to them, that equations of a kind hold: rules or callbacks."""
    for equation in jaxpr.eqns:
        for value in jax.tree.leaves(list(equation.params.values()), is_leaf=_is_program):
            if _is_program(value):
                yield from _inner_functions(_program_of(value), kind)
            elif kind in equation.primitive.name:
                yield from _parts_of(value)


def _parts_of(value: Any) -> Iterator[Any]:
    """Yield a function, or those and the texts that a wrapper of JAX holds."""
    value = getattr(value, "f", value)  # of a wrapped function
    module = getattr(value, "__module__", None) or ""
    if isinstance(value, functools.partial):
        for part in (value.func, *value.args, *value.keywords.values()):
            yield from _parts_of(part)
    elif module.startswith("jax._src") and getattr(value, "__closure__", None):
        for cell in value.__closure__:
            yield from _parts_of(cell.cell_contents)
    elif callable(value) or isinstance(value, str):
        yield value


def hidden_values(jaxpr: core.Jaxpr) -> Iterator[tuple[Any, ...]]:
    """Yield the arrays that stand inside a program, whose values its text does not show."""
    for equation in jaxpr.eqns:
        inside = [
            atom.val for atom in equation.invars if isinstance(atom, core.Literal) and np.ndim(atom.val)
        ]
        for value in jax.tree.leaves(list(equation.params.values()), is_leaf=_is_program):
            if isinstance(value, core.ClosedJaxpr):
                inside += value.consts
            if _is_program(value):
                yield from hidden_values(_program_of(value))
        for value in map(np.asarray, inside):
            yield value.shape, value.dtype.name, value.tobytes()


def _program_of(value: Any) -> Any:
    return getattr(value, "jaxpr", value)


def _is_program(value: Any) -> bool:
    return isinstance(value, core.ClosedJaxpr | core.Jaxpr)


_closed: dict[Any, ClosedFunction] = {}


def close(traces: dict[Signature, Trace]) -> tuple[ClosedFunction, Read]:
    """Return the function of these programs, the same object for equal ones, and the values that they read.

    The numbers of the first such program are part of it. One that differs later is an argument from then on.
    """
    key = tuple((signature, trace.text) for signature, trace in traces.items())
    function = _closed.pop(key, None) or ClosedFunction(traces, ((),) * len(traces))
    changed = tuple(
        tuple(
            i
            for i, pair in enumerate(zip(first.numbers, trace.numbers, strict=True))
            if i in old or not _same(*pair)
        )
        for (_, first), old, trace in zip(
            function.traces.values(), function.changed, traces.values(), strict=True
        )
    )
    if changed != function.changed:
        first = {signature: trace for signature, (_, trace) in function.traces.items()}
        function = ClosedFunction(first, changed)
    _closed[key] = function  # the last used one is last
    if len(_closed) > MAX_PROGRAMS:
        del _closed[next(iter(_closed))]
    return function, Read(
        tuple(
            (*trace.read, *(trace.numbers[i] for i in positions))
            for trace, positions in zip(traces.values(), changed, strict=True)
        )
    )


def _same(first: np.generic, second: np.generic) -> bool:
    return first.tobytes() == second.tobytes()
