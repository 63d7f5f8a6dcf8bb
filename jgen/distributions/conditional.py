"""Condition a Gaussian vector, or a mixture of them, on some coordinates."""

from collections.abc import Sequence
from functools import singledispatch
from typing import Any

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.scipy.linalg import solve_triangular

from jgen.distributions.gaussian_algebra import (
    full_gaussian,
    gaussian_parameters,
    is_dense,
    like,
    lower_factor,
)
from jgen.distributions.input_checks import check_finite, check_indices, no_closed_form, to_float
from jgen.distributions.parameters import Mixture, split_components
from jgen.types import Array


def conditional(distribution: Any, indices: Sequence[int], values: Any) -> dist.Distribution:
    r"""Return the distribution of the other coordinates given $x_I = v$.

    With the covariance's Cholesky factor in the order (I, R), $L = [[L_{II}, 0], [L_{RI}, L_{RR}]]$,

    $$x_R \mid x_I = v \sim N(\mu_R + L_{RI} L_{II}^{-1} (v - \mu_I),\; L_{RR} L_{RR}^T),$$

    so nothing is subtracted that could lose positive definiteness. A mixture's weights become
    $w_k N(v; \mu_{k,I}, \Sigma_{k,II})$, normalised in logs.

    Args:
        distribution: A Gaussian on vectors, or a mixture of them.
        indices: Which coordinates are observed; negative ones count from the end.
        values: Their values, ``[len(indices)]``.

    Returns:
        A distribution on the other coordinates, in their order, in the same NumPyro classes.

    Raises:
        TypeError: No closed form for this family, or indices that are not known integers.
        ValueError: Events that are not vectors; indices out of range, repeated, missing or all of them;
            values of another shape, or not finite.

    Example:
        >>> import jax.numpy as jnp, numpyro.distributions as dist
        >>> pair = dist.MultivariateNormal(jnp.zeros(2), jnp.array([[1.0, 0.8], [0.8, 1.0]]))
        >>> given = conditional(pair, [0], [2.0])
        >>> round(float(given.loc[0]), 4), round(float(given.scale_tril[0, 0]), 4)
        (1.6, 0.6)
    """
    observed = check_indices("conditional", distribution, indices)
    rest = [i for i in range(distribution.event_shape[0]) if i not in observed]
    if not rest:
        raise ValueError("conditional: every coordinate is observed, so nothing is left to describe.")
    values = to_float(values)
    if values.shape != (len(observed),):
        raise ValueError(f"conditional: values has shape {values.shape}; expected ({len(observed)},).")
    check_finite("conditional", values=values)
    return _conditional(distribution, jnp.array(observed), jnp.array(rest), values)[0]


@singledispatch
def _conditional(distribution: Any, *_: Any) -> tuple[dist.Distribution, Array]:
    """Return the conditional distribution, and the log-density of the values, ``[*batch]``."""
    raise no_closed_form("conditional", _conditional, distribution)


@_conditional.register(dist.MultivariateNormal | dist.Independent)
def _(distribution: Any, observed: Any, rest: Any, values: Array):
    mean, scale = gaussian_parameters(distribution)
    residual = jnp.broadcast_to(values, mean[..., observed].shape) - mean[..., observed]
    if not is_dense(distribution):
        left = like(distribution, mean[..., rest], scale[..., rest])
        return left, dist.Normal(0.0, scale[..., observed]).log_prob(residual).sum(-1)
    factor = lower_factor(scale[..., jnp.concatenate([observed, rest]), :])
    m = observed.shape[0]
    white = solve_triangular(factor[..., :m, :m], residual[..., None], lower=True)
    moved = mean[..., rest] + (factor[..., m:, :m] @ white)[..., 0]
    diagonal = jnp.diagonal(factor[..., :m, :m], axis1=-2, axis2=-1)
    evidence = dist.Normal(0.0, 1.0).log_prob(white[..., 0]).sum(-1) - jnp.log(diagonal).sum(-1)
    return full_gaussian(moved, factor[..., m:, m:]), evidence


@_conditional.register(Mixture)
def _(distribution: Any, observed: Any, rest: Any, values: Array):
    log_weights, components, rebuild = split_components(distribution)
    made, evidences = zip(*(_conditional(c, observed, rest, values) for c in components), strict=True)
    one_family = isinstance(distribution, dist.MixtureSameFamily)
    joint = log_weights + (evidences[0] if one_family else jnp.stack(evidences, -1))
    total = jax.nn.logsumexp(joint, axis=-1, keepdims=True)
    return rebuild(joint - total, list(made)), total[..., 0]
