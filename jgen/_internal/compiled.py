"""Compile functions of jgen that call a user's functions, so that these run as they are now."""

import contextvars
import functools
import inspect
from collections.abc import Callable, Hashable
from typing import Any

import jax
from jax.tree_util import Partial

from jgen._internal.closure_conversion import (
    ClosedFunction,
    Recorder,
    Signature,
    Trace,
    UnknownCallError,
    close,
    leaf_type,
    trace,
)
from jgen._internal.function_reads import code_of, has_changeable_nodes, is_fixed
from jgen.types import PyTree

Functions = dict[int, Callable[..., Any]]

_read_once: contextvars.ContextVar[dict[Any, Any] | None] = contextvars.ContextVar("_read_once", default=None)


def reads_once(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a public function trace each user's function once a call, for all the programs that it runs."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        token = _read_once.set({})
        try:
            return function(*args, **kwargs)
        finally:
            _read_once.reset(token)

    return call


def jit(function: Callable[..., Any], *, static_argnames: str | tuple[str, ...] = (), **options: Any) -> Any:
    """Compile a function; what the functions among its arguments read from outside are its arguments too.

    ``jax.jit`` finds a program by the identity of the functions among its arguments (those of ``Partial``),
    and so runs for what they read when it was compiled. Here each that may have changed (``is_fixed``) is
    traced again, for the kinds of arguments that it was called with when the program was first traced.
    Programs are compiled again only where the text of such a trace differs.

    Args:
        function: Function without variable arguments.
        static_argnames: As in ``jax.jit``.
        **options: Passed on to ``jax.jit``.

    Returns:
        The compiled function. Its ``shapes(...)`` takes the same arguments and returns the types of its
        results, and ``lower(...)`` is that of ``jax.jit``.
    """
    jitted = jax.jit(function, static_argnames=static_argnames, **options)
    static = {static_argnames} if isinstance(static_argnames, str) else set(static_argnames)
    parameters = inspect.signature(function)
    signatures: dict[Hashable, list[list[Signature]]] = {}

    def record(arguments: dict[str, Any], functions: Functions) -> list[list[Signature]]:
        recorders = {key: Recorder(user_function) for key, user_function in functions.items()}
        recorded = replace(arguments, {key: Partial(recorder) for key, recorder in recorders.items()})
        fixed = {name: recorded.pop(name) for name in static & recorded.keys()}
        jax.eval_shape(lambda recorded: apply(function, recorded | fixed), recorded)
        return [list(recorder.signatures) for recorder in recorders.values()]

    def apply(program: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        bound = parameters.bind(**arguments)
        return program(*bound.args, **bound.kwargs)  # vmapped functions take no keywords

    def run(program: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if any(map(_is_plain_function, jax.tree.leaves((args, kwargs), is_leaf=_is_partial))):
            given = parameters.bind(*args, **kwargs).arguments
            bound = {name: value if name in static else as_partials(value) for name, value in given.items()}
            args, kwargs = parameters.bind(**bound).args, parameters.bind(**bound).kwargs
        functions = changeable_functions((args, kwargs))
        if not functions:
            return program(*args, **kwargs)
        if any(isinstance(user_function, Recorder) for user_function in functions.values()):
            return function(*args, **kwargs)
        arguments = dict(parameters.bind(*args, **kwargs).arguments)
        key = _key(arguments)
        for is_last in (False, True):
            if is_last or key not in signatures:
                signatures[key] = record(arguments, functions)
            closed = {
                name: _close(user_function, found)
                for (name, user_function), found in zip(functions.items(), signatures[key], strict=True)
            }
            try:
                return apply(program, replace(arguments, closed))
            except UnknownCallError:
                if is_last:
                    raise
        raise AssertionError

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return run(jitted, args, kwargs)

    def shapes(*args: Any, **kwargs: Any) -> Any:
        return run(lambda *args, **kwargs: jitted.trace(*args, **kwargs).out_info, args, kwargs)

    def lower(*args: Any, **kwargs: Any) -> Any:
        return run(jitted.lower, args, kwargs)

    call.shapes, call.lower = shapes, lower  # type: ignore[attr-defined]
    return call


def as_partials(tree: PyTree) -> PyTree:
    """Return a tree whose plain functions, such as those of a user's ``LatentModel``, are ``Partial``s."""
    return jax.tree.map(
        lambda leaf: Partial(leaf) if _is_plain_function(leaf) else leaf, tree, is_leaf=_is_partial
    )


def _is_plain_function(leaf: Any) -> bool:
    return callable(leaf) and not _is_partial(leaf)


def changeable_functions(tree: PyTree) -> Functions:
    """Return the functions bound in ``Partial``s of a tree that may have changed, by identity."""
    leaves, treedef = jax.tree.flatten(tree, is_leaf=_is_partial)
    return _changeable(leaves, has_changeable_nodes(treedef))


def _changeable(leaves: list[Any], are_arguments_changeable: bool) -> Functions:
    found: Functions = {}
    for leaf in filter(_is_partial, leaves):
        bound, treedef = jax.tree.flatten((leaf.args, leaf.keywords), is_leaf=_is_partial)
        changeable = are_arguments_changeable or has_changeable_nodes(treedef)
        if isinstance(leaf.func, ClosedFunction):
            continue
        if isinstance(leaf.func, Recorder) or changeable or not is_fixed(leaf.func):
            found[id(leaf.func)] = leaf.func  # it is traced with those that are bound to it
        else:
            found |= _changeable(bound, changeable)
    return found


def replace(tree: PyTree, new: dict[int, Partial]) -> PyTree:
    """Return a tree with functions of its ``Partial``s replaced, found by their identity."""

    def visit(leaf: Any) -> Any:
        if not _is_partial(leaf):
            return leaf
        if other := new.get(id(leaf.func)):
            return Partial(other.func, *other.args, *leaf.args, **leaf.keywords)
        args, keywords = replace((leaf.args, leaf.keywords), new)
        return Partial(leaf.func, *args, **keywords)

    return jax.tree.map(visit, tree, is_leaf=_is_partial)


def _close(function: Callable[..., Any], signatures: list[Signature]) -> Partial:
    memory = _read_once.get()
    traces: dict[Signature, Trace] = {}
    for signature in signatures:
        known = None if memory is None else memory.get((id(function), signature))
        traces[signature] = known[1] if known else trace(function, signature)
        if memory is not None:
            memory[id(function), signature] = function, traces[signature]
    return Partial(*close(traces))


def _key(tree: PyTree) -> Hashable:
    """Return what the signatures of calls depend on: types of arrays, and the code of functions."""
    leaves, treedef = jax.tree.flatten(tree, is_leaf=_is_partial)
    return treedef, tuple(
        (code_of(leaf.func), _key((leaf.args, leaf.keywords))) if _is_partial(leaf) else leaf_type(leaf)
        for leaf in leaves
    )


def _is_partial(value: Any) -> bool:
    return isinstance(value, Partial)
