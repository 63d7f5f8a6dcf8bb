"""Define a multivariate normal whose log-density uses unrolled arithmetic in low dimension."""

import functools
from math import log, pi
from typing import Any

import jax
import jax.numpy as jnp
import numpyro.distributions as dist

from jgen.distributions.validated import ValidatedOnHost

MAX_UNROLLED = 16


class MultivariateNormal(ValidatedOnHost, dist.MultivariateNormal):
    r"""NumPyro's ``MultivariateNormal`` with forward substitution unrolled, up to 16 dimensions.

    .. math:: u_i = \Bigl(x_i - \mu_i - \sum_{j < i} L_{ij} u_j\Bigr) / L_{ii}, \qquad
              \log p(x) = -\tfrac12 |u|^2 - \sum_i \log L_{ii} - \tfrac d2 \log 2\pi

    NumPyro calls LAPACK for it, one small system at a time. That call starts threads, which wait for each
    other where other work uses the cores: 24 ms instead of 0.1 for 256 points in 4 dimensions, measured.
    Arithmetic fuses with the operations around it, and needs no library on any device.

    Example:
        >>> import jax.numpy as jnp
        >>> normal = MultivariateNormal(jnp.zeros(2), scale_tril=jnp.array([[1.0, 0.0], [1.0, 2.0]]))
        >>> round(float(normal.log_prob(jnp.array([1.0, 1.0]))), 4)  # -1/2 - log 2 - log 2 pi
        -3.031
    """

    def log_prob(self, value: Any, intermediates: Any = None) -> jax.Array:
        """Evaluate ``[*sample, *batch, dim] -> [*sample, *batch]``, in nats."""
        del intermediates
        (dim,) = self.event_shape
        if dim > MAX_UNROLLED:
            return super().log_prob(value)
        value = jnp.asarray(value)
        shape = jnp.broadcast_shapes(value.shape, self.batch_shape + self.event_shape)
        return substitute(self.loc, self.scale_tril, value, shape)


@functools.partial(jax.jit, static_argnames="shape", inline=True)
def substitute(loc: jax.Array, scale_tril: jax.Array, value: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Evaluate the log-density by forward substitution, for values ``[*sample, *batch, dim]``."""
    dim = shape[-1]
    rest = jnp.broadcast_to(value, shape) - jnp.broadcast_to(loc, shape)
    factor = jnp.broadcast_to(scale_tril, (*shape, dim))  # [*sample, *batch, dim, dim]
    log_prob = jnp.full(shape[:-1], -dim * log(2 * pi) / 2, rest.dtype)
    for i in range(dim):
        white = rest[..., i] / factor[..., i, i]
        rest = rest - factor[..., i] * white[..., None]
        log_prob = log_prob - white**2 / 2 - jnp.log(factor[..., i, i])
    return log_prob
