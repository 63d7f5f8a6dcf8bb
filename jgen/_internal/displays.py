"""Describe numbers, functions and pytrees for the core types' displays; this file imports nothing of jgen."""

import math
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp


def name_of(function: Any) -> str:
    """Return the name of the Flax module or of the function inside a partial."""
    modules = list(_modules(function))
    while hasattr(function, "func"):
        # A step of a sampler may be a state machine that is run to completion.
        is_machine = bool(function.args) and hasattr(function.args[0], "finalize")
        function = function.args[0].step if is_machine else function.func
    package, _, file = getattr(function, "__module__", "").rpartition(".")
    if package.startswith("jgen.samplers"):
        return file
    return modules[0] if modules else getattr(function, "__name__", type(function).__name__)


def _modules(function: Any) -> Iterator[str]:
    """Find the Flax modules bound anywhere in a partial, by the names of their classes."""
    if hasattr(function, "func"):
        if "module" in function.keywords:
            yield type(function.keywords["module"]).__name__
        for inner in (function.func, *function.args):
            yield from _modules(inner)


def sizes_of(tree: Any) -> str:
    """Count the arrays of a pytree and the numbers in them."""
    leaves = jax.tree.leaves(tree)
    return f"{len(leaves)} arrays, {sum(map(jnp.size, leaves)):,} numbers"


def style_of(value: float, low: float, high: float) -> str:
    """Return the format of a value and its interval that shows two digits of the error.

    Example:
        >>> [style_of(value, value - half, value + half) for value, half in ((0.5, 0.0312), (1e4, 250.0))]
        ['.3f', '.0f']
    """
    half = max(abs(high - value), abs(value - low))
    return f".{max(0, 1 - math.floor(math.log10(half)))}f" if 1e-4 < half < 1e6 else ".6g"
