"""Check the options, batches and distributions that objectives are given."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from flax.errors import ScopeParamShapeError

from jgen._internal.validation import innermost, is_traced
from jgen.types import Array, Conditional, PyTree


def require_density(posterior: dist.Distribution) -> dist.Distribution:
    """Return the posterior if it has a density and reparameterised draws; raise otherwise."""
    if is_point(posterior):
        raise ValueError(
            "the encoder returns a point (Delta), which has no density: its divergence from the prior is "
            "infinite. Use reconstruction, or an encoder that returns e.g. a Normal"
        )
    return require_reparameterised("encoder", posterior)


def is_point(distribution: dist.Distribution) -> bool:
    """Return whether a distribution is a ``Delta``, wrapped or not, which has no density."""
    return isinstance(innermost(distribution), dist.Delta)


def require_reparameterised(part: str, distribution: dist.Distribution) -> dist.Distribution:
    """Return the distribution if its draws are reparameterised; raise otherwise."""
    if not distribution.has_rsample:
        raise ValueError(
            f"the {part}'s draws must carry a gradient, and those of {type(distribution).__name__} do not: "
            f"use a reparameterised distribution, such as a Normal or a flow"
        )
    return distribution


def require_event(part: str, distribution: dist.Distribution, x: PyTree) -> None:
    """Check that examples have the shape of a distribution's."""
    if isinstance(x, jax.Array | np.ndarray) and x.shape[1:] != distribution.event_shape:
        raise ValueError(
            f"the {part}'s examples have shape {distribution.event_shape}: the batch must be "
            f"[batch, *{distribution.event_shape}], got {x.shape}"
        )


def require_unbatched(part: str, distribution: dist.Distribution, unit: str) -> dist.Distribution:
    """Return the distribution if it has no batch axes; raise otherwise."""
    if shape := distribution.batch_shape:
        raise ValueError(
            f"{part} must be one distribution without batch axes, got batch_shape {shape}; "
            f"use .to_event({len(shape)}) if they are one {unit}"
        )
    return distribution


def check_number(name: str, value: Any, *, least: float = 0.0) -> Array:
    """Return a finite float ``[]``, so that 1 and 1.0 are one program; ``least=-inf`` allows all."""
    if not is_traced(value) and not (np.isfinite(value) and value >= least):
        raise ValueError(f"{name} must be finite and at least {least:g}; got {value}")
    return jnp.asarray(value, float)


def check_size(name: str, value: Any) -> int:
    """Return an integer, 1 or more, that shapes depend on."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be an int, since shapes depend on it; got {value!r}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1; got {value}")
    return int(value)


def num_examples(batch: PyTree) -> int:
    """Return the length of the leading axis."""
    return jax.tree.leaves(batch)[0].shape[0]


def distribution_given(
    part: str, conditional: Conditional, params: PyTree, condition: PyTree
) -> dist.Distribution:
    """Return the distribution ``[batch]`` of a conditional; raise a ValueError if shapes do not fit."""
    shapes = jax.tree.map(lambda leaf: leaf.shape, condition)
    try:
        distribution = conditional(params, condition)
    except (TypeError, ValueError, ScopeParamShapeError) as error:
        raise ValueError(
            f"the {part} does not take an input of shape {shapes}; was it made, or were its parameters, for "
            f"another size? The error was: {error}"
        ) from error
    wanted = (num_examples(condition),)
    if distribution.batch_shape != wanted:
        raise ValueError(
            f"the {part} must return one distribution per example, batch_shape {wanted}; got "
            f"batch_shape {distribution.batch_shape} and event_shape {distribution.event_shape} for an input "
            f"of shape {shapes}; use .to_event(n) for the axes of one example"
        )
    return distribution
