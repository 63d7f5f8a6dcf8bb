"""Check log densities, proposals and starting positions while they are traced."""

from typing import Any

import jax
import jax.numpy as jnp
from numpyro.distributions import Distribution

from jgen.types import LogDensity, PyTree


def check_position(log_density: LogDensity, position: PyTree | None, sampler: str) -> None:
    """Refuses, while tracing, a start or a density that no kernel of this room can use."""
    if position is None:
        raise ValueError(
            f"{sampler} starts from a position and got None; pass sample(..., position=...) "
            "with a leading chain axis on every array"
        )
    for leaf in jax.tree.leaves(position):
        if not jnp.issubdtype(jnp.result_type(leaf), jnp.floating):
            raise TypeError(f"{sampler} moves floats; the position holds {jnp.result_type(leaf)}: convert it")
    check_scalar(log_density, position)


def check_unbatched(source: Any, role: str) -> None:
    """Refuses a batch of distributions: a draw is one event."""
    batch_shape = getattr(source, "batch_shape", ())
    if batch_shape != ():
        raise ValueError(
            f"the {role} must be one distribution; got a batch of shape {batch_shape}: make the batch part "
            "of the event with .to_event(), or vmap over samplers"
        )


def check_proposal(log_density: LogDensity, proposal: Distribution) -> None:
    """Refuses a batched proposal, and a log density that does not take one of its draws to a scalar."""
    check_unbatched(proposal, "proposal")
    draw = jax.eval_shape(proposal.sample, jax.random.key(0))
    check_scalar(log_density, draw)


def check_scalar(log_density: LogDensity, position: PyTree) -> None:
    """Refuses a log density that does not take one position to a scalar."""
    shape = getattr(jax.eval_shape(log_density, position), "shape", None)
    if shape != ():
        raise TypeError(
            f"the log density of ONE position must be a scalar; it returned shape {shape}: sum over the "
            "event axes, and leave chains to the driver"
        )
