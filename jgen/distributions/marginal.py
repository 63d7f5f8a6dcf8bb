"""Marginalise a Gaussian vector, or a mixture of them, to some coordinates."""

from collections.abc import Sequence
from functools import singledispatch
from typing import Any

import jax.numpy as jnp
import numpyro.distributions as dist

from jgen.distributions.gaussian_algebra import gaussian_parameters, is_dense, like, lower_factor
from jgen.distributions.input_checks import check_indices, no_closed_form
from jgen.distributions.parameters import Mixture, map_components


def marginal(distribution: Any, indices: Sequence[int]) -> dist.Distribution:
    r"""Return the distribution of $x_I$: $N(\mu_I, \Sigma_{II})$, and for a mixture the mixture of those.

    Args:
        distribution: A Gaussian on vectors, or a mixture of them.
        indices: Coordinates to select, in order; negative ones count from the end.

    Returns:
        A distribution on vectors of length ``len(indices)``, in the same NumPyro classes.

    Raises:
        TypeError: No closed form for this family, or indices that are not known integers.
        ValueError: Events that are not vectors; indices out of range, repeated or missing.

    Example:
        >>> import jax.numpy as jnp, numpyro.distributions as dist
        >>> full = dist.MultivariateNormal(jnp.arange(3.0), scale_tril=jnp.diag(jnp.arange(1.0, 4.0)))
        >>> marginal(full, [2, 0]).loc.tolist()
        [2.0, 0.0]
    """
    return _marginal(distribution, jnp.array(check_indices("marginal", distribution, indices)))


@singledispatch
def _marginal(distribution: Any, _selected: Any) -> dist.Distribution:
    raise no_closed_form("marginal", _marginal, distribution)


@_marginal.register(dist.MultivariateNormal | dist.Independent)
def _(distribution: Any, selected: Any):
    mean, scale = gaussian_parameters(distribution)
    chosen = lower_factor(scale[..., selected, :]) if is_dense(distribution) else scale[..., selected]
    return like(distribution, mean[..., selected], chosen)


@_marginal.register(Mixture)
def _(distribution: Any, selected: Any):
    return map_components(distribution, lambda c: _marginal(c, selected))
