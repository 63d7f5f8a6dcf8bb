"""Check log densities, proposals, starting positions and options."""

from typing import Any

import jax
import jax.numpy as jnp
from numpyro.distributions import Distribution

from jgen._internal.validation import check_count, is_traced
from jgen.types import Array, LogDensity, PyTree


def check_position(log_density: LogDensity, position: PyTree | None, sampler: str) -> None:
    """Check while tracing that a starting position holds floats and has a scalar log density."""
    if position is None:
        raise ValueError(
            f"{sampler} starts from a position and got None; pass sample(..., position=...) "
            "with a leading chain axis on every array"
        )
    for leaf in jax.tree.leaves(position):
        if not jnp.issubdtype(jnp.result_type(leaf), jnp.floating):
            raise TypeError(f"{sampler} moves floats; the position holds {jnp.result_type(leaf)}: convert it")
        if jnp.finfo(jnp.result_type(leaf)).bits < 32:
            raise TypeError(
                f"{sampler} computes in float32 or float64; the position holds {jnp.result_type(leaf)}: give "
                "position.astype(jnp.float32)"
            )
    check_scalar(log_density, position)


def check_unbatched(source: Any, role: str) -> None:
    """Check that a distribution has no batch axes, so that a draw is one event."""
    batch_shape = getattr(source, "batch_shape", ())
    if batch_shape != ():
        raise ValueError(
            f"the {role} must be one distribution; got a batch of shape {batch_shape}: make the batch part "
            "of the event with .to_event(), or vmap over samplers"
        )


def check_proposal(log_density: LogDensity, proposal: Distribution) -> None:
    """Check that a proposal has no batch axes and that the log density of one of its draws is a scalar."""
    check_unbatched(proposal, "proposal")
    draw = jax.eval_shape(proposal.sample, jax.random.key(0))
    check_scalar(log_density, draw)


def check_scalar(log_density: LogDensity, position: PyTree) -> None:
    """Check that the log density of one position is a scalar."""
    shape = getattr(jax.eval_shape(log_density, position), "shape", None)
    if shape != ():
        raise TypeError(
            f"the log density of ONE position must be a scalar; it returned shape {shape}: sum over the "
            "event axes, and leave chains to the driver"
        )


def static_counts(least: int = 1, **counts: Any) -> dict[str, int]:
    """Check whole numbers that are structural, as ``check_count`` does, and return them as Python's."""
    return {name: int(check_count(name, count, least=least)) for name, count in counts.items()}


def check_fraction(name: str, value: float | Array, of: str) -> Array:
    """Check that a concrete number is in [0, 1], and return it as a float ``[]``.

    Raises:
        ValueError: If it is not.
    """
    if not is_traced(value) and not 0 <= float(value) <= 1:
        raise ValueError(f"{name} is a fraction of {of}, in [0, 1]; got {value}")
    return jnp.asarray(value, float)
