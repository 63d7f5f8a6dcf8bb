"""Write a mixture as a directed model: first the component, then x given it."""

from typing import Any

import numpyro.distributions as dist
from jax.tree_util import Partial

from jgen.distributions.parameters import gather
from jgen.types import Array


def directed(mixture: Any) -> dict[str, Partial]:
    r"""Return the two conditionals of a mixture, ``component -> x``.

    .. math:: p(k, x) = w_k \, p_k(x), \qquad \sum_k p(k, x) = p(x).

    Args:
        mixture: A mixture of one family without batch axes, of ``jgen.distributions.mixture`` or NumPyro's.

    Returns:
        ``{"component": () -> p(k), "x": component -> p(x | k)}``, as ``ancestral`` takes it.

    Raises:
        TypeError: For anything else than a mixture of one family.

    Example:
        >>> import jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.distributions.mixture import mixture
        >>> model = directed(mixture([0.25, 0.75], dist.Normal(jnp.array([-4.0, 4.0]), 1.0)))
        >>> model["component"]().probs.tolist(), float(model["x"](1).mean)
        ([0.25, 0.75], 4.0)
    """
    if not isinstance(mixture, dist.MixtureSameFamily) or mixture.batch_shape != ():
        raise TypeError(
            "directed takes one mixture whose components are of one family (MixtureSameFamily), without "
            f"batch axes; got {type(mixture).__name__}"
        )
    return {
        "component": Partial(_component, mixture.mixing_distribution),
        "x": Partial(_given_component, mixture.component_distribution),
    }


def _component(mixing: dist.Distribution) -> dist.Distribution:
    return mixing


def _given_component(components: dist.Distribution, component: Array) -> dist.Distribution:
    return gather(components, component)
