"""Bind data and static options to functions so that equal code compiles once."""

import functools
from collections.abc import Callable
from typing import Any

from jax.tree_util import Partial


def as_partial(function: Callable[..., Any]) -> Partial:
    """Return the function as a ``Partial``, a pytree; a ``Partial`` is returned as it is.

    Example:
        >>> bound = as_partial(max)
        >>> bound(1, 2), as_partial(bound) is bound
        (2, True)
    """
    return function if isinstance(function, Partial) else Partial(function)


@functools.cache
def bind_static(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """Bind options that change the structure of the program, such as a depth, by keyword.

    Equal options give the same object, so that ``jit`` does not compile it again.

    Example:
        >>> bind_static(sorted, reverse=True) is bind_static(sorted, reverse=True)
        True
    """
    return functools.partial(function, **options)
