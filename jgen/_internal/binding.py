"""How functions carry data: bound so that equal code is the same program, whatever the data."""

import functools
from collections.abc import Callable
from typing import Any

from jax.tree_util import Partial


def as_partial(function: Callable[..., Any]) -> Partial:
    """The function as a pytree without data; one that already carries data is handed back."""
    return function if isinstance(function, Partial) else Partial(function)


@functools.cache
def bind_static(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """Binds structural options (a depth, a branch) by keyword.

    Equal options give the same object, so that what is built again with them compiles nothing.

    Example:
        >>> bind_static(sorted, reverse=True) is bind_static(sorted, reverse=True)
        True
    """
    return functools.partial(function, **options)
