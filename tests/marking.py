"""Which rows of a table CI runs, where all of them take too long."""

from collections.abc import Iterable

import pytest


def first_in_ci(names: Iterable[str]) -> list:
    """The first example of each module, ``name-0``, is slow; the others are weekly."""
    return [
        pytest.param(name, marks=pytest.mark.slow if name.endswith("-0") else pytest.mark.weekly)
        for name in names
    ]
