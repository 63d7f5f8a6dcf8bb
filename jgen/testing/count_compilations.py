"""Count the programs that JAX compiles."""

import contextlib
from collections.abc import Iterator

import jax
import jax.monitoring

COMPILATION = "/jax/core/compile/backend_compile_duration"


@contextlib.contextmanager
def count_compilations() -> Iterator[list[str]]:
    """Count the programs compiled inside the context; the list holds one entry for each.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> twice = jax.jit(lambda x: 2 * x)
        >>> with count_compilations() as first:
        ...     _ = twice(jnp.ones(17))
        >>> with count_compilations() as second:
        ...     _ = twice(jnp.ones(17))
        >>> len(first) > 0, len(second)
        (True, 0)
    """
    compiled: list[str] = []

    def listen(event: str, duration_secs: float, **_: str | int) -> None:
        if event == COMPILATION:
            compiled.append(f"{duration_secs:.3f} s")

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        yield compiled
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
