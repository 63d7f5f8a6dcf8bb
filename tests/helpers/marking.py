"""Which rows of a table CI runs, where all of them take too long."""

from collections.abc import Callable, Collection, Hashable, Iterable

import pytest


def first_of_each(
    names: Iterable[str], family: Callable[[str], Hashable] = lambda _: None, rest: str = "weekly"
) -> list:
    """The first row of each family has no mark, the others have this one (``slow`` or ``weekly``)."""
    seen: set[Hashable] = set()
    rows = []
    for name in names:
        rows.append(pytest.param(name, marks=getattr(pytest.mark, rest)) if family(name) in seen else name)
        seen.add(family(name))
    return rows


def in_ci(name: str, when: bool):
    """A row that is slow then, and else weekly."""
    return pytest.param(name, marks=pytest.mark.slow if when else pytest.mark.weekly)


def first_in_ci(names: Iterable[str]) -> list:
    """The first example of each module, ``name-0``, is slow; the others are weekly."""
    return [in_ci(name, name.endswith("-0")) for name in names]


def some_in_ci(names: Iterable[str], one_in: int, quick: Collection[str] = ()) -> list:
    """One row in so many is slow, the others are weekly; those that are quick have no mark."""
    return [name if name in quick else in_ci(name, i % one_in == 0) for i, name in enumerate(names)]


def one_of_each(bugs: Iterable[str], quick: Collection[str] = ()) -> list:
    """Of planted bugs, ``"7 MALA, what is wrong"``, the first of each kernel and known number is slow.

    The others are weekly; those that are quick have no mark, and speak for their kernel and number.
    """
    seen: set[str] = set()
    rows = []
    for name in sorted(bugs, key=lambda name: name not in quick):
        kernel = name.partition(",")[0]
        number, _, rest = kernel.partition(" ")
        what = {number, rest} if number.isdigit() else {kernel}
        rows.append(name if name in quick else in_ci(name, not what <= seen))
        seen |= what
    return rows
