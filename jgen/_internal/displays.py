"""Describe functions and pytrees for the displays of the core types; this file imports nothing of jgen."""

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
