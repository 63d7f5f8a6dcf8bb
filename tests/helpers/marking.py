"""Mark all but some rows of a long table, so that the default suite runs one example of each family."""

from collections.abc import Callable, Hashable, Iterable
from typing import Any

import pytest


def first_of_each(
    names: Iterable[Any], family: Callable[[Any], Hashable] = lambda _: None, rest: str = "weekly"
) -> list:
    """Mark all rows but the first of each family (``slow`` or ``weekly``)."""
    seen: set[Hashable] = set()
    rows = []
    for name in names:
        rows.append(pytest.param(name, marks=getattr(pytest.mark, rest)) if family(name) in seen else name)
        seen.add(family(name))
    return rows
