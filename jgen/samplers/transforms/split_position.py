"""Split a position into the variables that move and the rest."""

from collections.abc import Mapping
from typing import Any

from jgen.types import PyTree


def check_names(caller: str, names: tuple[str, ...]) -> None:
    """Check that names are given, each once."""
    if not names or len(set(names)) < len(names):
        raise ValueError(f"{caller} takes the names of the variables it moves, each once; got {names}")


def split_position(
    caller: str, position: PyTree, names: tuple[str, ...]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split a position into the named variables and the others.

    Raises:
        TypeError: If the position is no dict.
        ValueError: If it lacks one of these.
    """
    if not isinstance(position, Mapping):
        raise TypeError(
            f"{caller} moves named variables, so the position must be a dict, e.g. {{{names[0]!r}: ...}}; "
            f"it is a {type(position).__name__}"
        )
    if unknown := [name for name in names if name not in position]:
        raise ValueError(f"{caller}: the position has no {', '.join(unknown)}; it has {', '.join(position)}")
    moved = {name: position[name] for name in names}
    return moved, {name: value for name, value in position.items() if name not in names}
