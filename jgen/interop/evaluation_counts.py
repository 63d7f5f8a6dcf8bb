"""Count evaluations of a log density by kernels of other libraries: as a step is traced, or as it runs."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental.pallas import run_state

from jgen.types import Array, LogDensity, PyTree

STEP_COUNTS = ("num_integration_steps", "num_steps")
"""Names that other libraries give to the number of integration steps of a transition."""


class TracedCount:
    """Number of evaluations of a log density in a program, counted while it is traced."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start counting from zero."""
        self.num_grads, self.num_log_densities = 0, 0

    def counted(self, log_density: LogDensity) -> LogDensity:
        """Return the same density, counted; a value that comes with its gradient counts as a gradient."""

        @jax.custom_jvp
        def count(value: Array) -> Array:
            self.num_log_densities += 1
            return value

        @count.defjvp
        def _(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
            self.num_grads += 1
            return primals[0], tangents[0]

        return lambda position: count(log_density(position))

    def cost(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``num_grads`` and ``num_log_densities`` of a step that reports these facts.

        A step evaluates the density as often as its program does, times the number of integration steps
        where it reports one; elliptical slice sampling once for each angle that it tries (``subiter``).
        """
        if "subiter" in facts:
            return {"num_grads": 0, "num_log_densities": facts["subiter"]}
        times = next((facts[name] for name in STEP_COUNTS if name in facts), 1)
        return {"num_grads": times * self.num_grads, "num_log_densities": times * self.num_log_densities}


def count_running(
    run: Callable[[LogDensity], PyTree], log_density: LogDensity
) -> tuple[PyTree, Array, Array]:
    """Run a function of a log density, and count the evaluations that its loops and branches make.

    The counters are mutable arrays, which JAX itself carries through loops and branches. It does not do so
    in loops under ``jax.vmap``: map this function by ``jax.custom_batching.sequential_vmap``. Evaluations
    that the function makes side by side, in a ``vmap`` of its own, count one each. If a loop evaluates the
    density in its condition, JAX does not keep what the last evaluation adds; no kernel of BlackJAX does.

    Args:
        run: Traced twice. It may differentiate the density in reverse mode only.
        log_density: Position -> log density ``[]``.

    Returns:
        The result, in which Python integers remain what they are, ``num_grads []`` and
        ``num_log_densities []``, int32.

    Example:
        >>> def climb(density):
        ...     return jax.lax.fori_loop(0, 7, lambda _, x: x + 0.1 * jax.grad(density)(x), 1.0)
        >>> _, num_grads, num_log_densities = count_running(climb, lambda x: -0.5 * x**2)
        >>> int(num_grads), int(num_log_densities)
        (7, 0)
    """
    leaves, tree = jax.tree.flatten(jax.eval_shape(lambda: run(log_density)))
    integers: list[int | None] = []

    def program(refs: tuple[Any, Any, list[Any]]) -> None:
        num_grads, num_log_densities, outputs = refs
        result = run(counted_density(log_density, num_grads, num_log_densities))
        for output, leaf in zip(outputs, jax.tree.leaves(result), strict=True):
            integers.append(leaf if isinstance(leaf, int) else None)
            output[...] = leaf

    zero = jnp.int32(0)
    *counts, outputs = run_state(program)((zero, zero, [jnp.zeros_like(leaf) for leaf in leaves]))
    pairs = zip(outputs, integers, strict=True)
    result = jax.tree.unflatten(tree, [leaf if integer is None else integer for leaf, integer in pairs])
    return result, *counts


def counted_density(log_density: LogDensity, num_grads: Any, num_log_densities: Any) -> LogDensity:
    """Return the same density, which adds to two mutable arrays ``[]`` as it is evaluated."""

    @jax.custom_vjp
    def density(position: PyTree) -> Array:
        value = log_density(position)
        add(num_log_densities, value)
        return value

    def forward(position: PyTree) -> tuple[Array, PyTree]:
        value, pullback = jax.vjp(log_density, position)
        add(num_grads, value)
        return value, pullback

    density.defvjp(forward, lambda pullback, cotangent: pullback(cotangent))
    return density


def add(counter: Any, value: Array, times: int = 1) -> None:
    """Add to a mutable array ``[]`` the number of values: under ``jax.vmap``, one for each of the batch.

    A mutable array from outside a ``vmap`` cannot be written inside it. So the write is left to the rule by
    which ``vmap`` transforms ``probe``, since the rule runs outside.
    """
    is_batched = False

    @jax.custom_batching.custom_vmap
    def probe(value: Array) -> Array:
        return jnp.zeros_like(value)

    @probe.def_vmap
    def _(size: int, batched: list[bool], values: Array) -> tuple[Array, bool]:
        nonlocal is_batched
        is_batched = True
        add(counter, values[0], times * size)
        return jnp.zeros_like(values), batched[0]

    probe(value)
    if not is_batched:
        counter[...] += times
