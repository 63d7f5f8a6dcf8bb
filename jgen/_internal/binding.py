"""Bind data and static options to functions so that equal code compiles once."""

import functools
from collections.abc import Callable
from types import FunctionType
from typing import Any

import flax.linen as nn
from jax.tree_util import Partial

from jgen._internal.function_reads import is_fixed


def as_partial(function: Callable[..., Any]) -> Partial:
    """Return the function as a ``Partial``, a pytree; a ``Partial`` is returned as it is.

    Example:
        >>> bound = as_partial(max)
        >>> bound(1, 2), as_partial(bound) is bound
        (2, True)
    """
    return function if isinstance(function, Partial) else Partial(function)


def bind_static(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """Bind options that change the structure of the program, such as a depth, by keyword.

    Equal options give the same object, so that ``jit`` does not compile it again. Options that are closures,
    methods or objects are not kept, nor the data that they hold.

    Example:
        >>> bind_static(sorted, reverse=True) is bind_static(sorted, reverse=True)
        True
    """
    bind = functools.partial if any(map(_holds_data, options.values())) else _bind_once
    return bind(function, **options)


def _holds_data(value: Any) -> bool:
    if not callable(value) or isinstance(value, type | nn.Module) or is_fixed(value):
        return False
    return not isinstance(value, FunctionType) or value.__closure__ is not None


@functools.cache
def _bind_once(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    return functools.partial(function, **options)
