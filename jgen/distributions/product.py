"""Multiply two Gaussian densities, or mixtures of them, and integrate the product."""

from functools import singledispatch
from typing import Any

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.scipy.linalg import solve_triangular

from jgen.distributions import gaussian_algebra as algebra
from jgen.distributions.gaussian_algebra import Gaussian, gaussian_parameters
from jgen.distributions.input_checks import no_closed_form
from jgen.distributions.parameters import gather_members, map_parameters, split_components
from jgen.types import Array


def product(p: Any, q: Any) -> tuple[dist.Distribution, Array]:
    r"""Return the normalised product of two densities, and the log of its integral.

    $N(x; m, S)\, N(x; n, R) = N(m; n, S + R)\, N(x; c, C)$ with $C^{-1} = S^{-1} + R^{-1}$ and
    $C^{-1} c = S^{-1} m + R^{-1} n$. Mixtures multiply term by term: J times K components.

    Args:
        p: A Gaussian, or a batch-one-axis mixture (``MixtureSameFamily``) of Gaussians.
        q: Another, on the same space.

    Returns:
        ``(distribution, log_normaliser)``, so that ``p.log_prob(x) + q.log_prob(x)`` is
        ``distribution.log_prob(x) + log_normaliser`` at every x.

    Raises:
        TypeError: No closed form for this pair.
        ValueError: Events of different shapes.

    Example:
        >>> import numpyro.distributions as dist
        >>> posterior, log_evidence = product(dist.Normal(0.0, 1.0), dist.Normal(2.0, 1.0))
        >>> float(posterior.loc), round(float(log_evidence), 4)
        (1.0, -2.2655)
    """
    if isinstance(q, dist.MixtureSameFamily) and not isinstance(p, dist.MixtureSameFamily):
        return product(q, p)
    return _product(p, q)


@singledispatch
def _product(p: Any, q: Any) -> tuple[dist.Distribution, Array]:
    raise no_closed_form("product", _product, p, q)


@_product.register(Gaussian)
def _(p: Any, q: Any):
    p, q = algebra.same_form(p, q)
    (m, s), (n, r) = gaussian_parameters(p), gaussian_parameters(q)
    one = jnp.ones((), m.dtype)
    if algebra.is_dense(p):
        factor = algebra.lower_factor(jnp.concatenate([s, r], axis=-1))
        white = solve_triangular(factor, (m - n)[..., None], lower=True)[..., 0]
        spread = jnp.diagonal(factor, axis1=-2, axis2=-1)
    else:
        spread = jnp.hypot(s, r)
        white = (m - n) / spread
    terms = dist.Normal(0.0, 1.0).log_prob(white) - jnp.log(spread)
    return algebra.combine_gaussians(p, q, one, one), terms.sum(tuple(range(-p.event_dim, 0)))


@_product.register
def _(p: dist.MixtureSameFamily, q: Any):
    p_weights, (p_components,), rebuild = split_components(p)
    if isinstance(q, dist.MixtureSameFamily):
        q_weights, (q_components,), _ = split_components(q)
    else:
        q_weights = jnp.zeros(1, p_weights.dtype)
        gaussian_parameters(q)  # raises unless Gaussian
        q_components = map_parameters(q, lambda x: x[None])
    if len(p_components.batch_shape) != 1 or len(q_components.batch_shape) != 1:
        raise ValueError("product: mixtures with batch axes are not supported; map over them with jax.vmap.")
    i, j = (x.ravel() for x in jnp.indices((p_weights.size, q_weights.size)))
    both, log_overlap = _product(gather_members(p_components, (i,)), gather_members(q_components, (j,)))
    joint = p_weights[i] + q_weights[j] + log_overlap
    total = jax.nn.logsumexp(joint)
    return rebuild(joint - total, [both]), total
