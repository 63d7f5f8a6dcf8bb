"""Return normalizing-flow posteriors: a Gaussian transformed by couplings conditioned on x."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from numpyro.distributions import constraints
from numpyro.distributions.transforms import Transform

from jgen._internal.dtypes import at_least_float32
from jgen.encoders.posteriors.diagonal_normal import DiagonalNormal
from jgen.types import Array

ARRAYS = ("mask", "into", "context", "out", "offset")


class Coupling(Transform):
    r"""Affine coupling: half of the coordinates scale and shift the others, conditioned on x.

    .. math:: y = m z + (1 - m) \left( z\, e^{s(m z, c)} + t(m z, c) \right), \qquad
        \log |\partial y / \partial z| = \sum_i (1 - m_i)\, s_i

    s and t are a network of one hidden layer, to which a projection of x is added. The masked coordinates are
    the same in y and z, so the inverse costs the same. :math:`|s|` is bounded softly.

    Args:
        mask: Mask m of zeros and ones ``[latent]``.
        into: Weights from the masked coordinates to the hidden layer ``[latent, hidden]``.
        context: Projection of x, added to the hidden layer ``[batch, hidden]``.
        out: Weights to the raw shifts and log-scales ``[hidden, 2 latent]``.
        offset: Bias of those ``[2 latent]``.
        bound: Bound of :math:`|s|`, in nats.
    """

    domain = constraints.real_vector
    codomain = constraints.real_vector

    def __init__(self, mask: Array, into: Array, context: Array, out: Array, offset: Array, *, bound: float):
        self.mask, self.into, self.context, self.out, self.offset = mask, into, context, out, offset
        self.bound = bound

    def _shift_and_log_scale(self, z: Array) -> tuple[Array, Array]:
        def like(x: Array, size: int) -> Array:
            return jnp.broadcast_to(x, (*z.shape[:-1], size))

        mask = like(self.mask, z.shape[-1])
        hidden = jnp.matmul(z * mask, self.into, precision="highest")
        hidden = jax.nn.silu(hidden + like(self.context, hidden.shape[-1]))
        raw = jnp.matmul(hidden, self.out, precision="highest") + like(self.offset, 2 * z.shape[-1])
        shift, unbounded = jnp.split(raw, 2, axis=-1)
        return (1 - mask) * shift, (1 - mask) * self.bound * jnp.tanh(unbounded / self.bound)

    def __call__(self, x: Array) -> Array:
        """Transform ``x [*sample, batch, latent]``."""
        return self.call_with_intermediates(x)[0]

    def call_with_intermediates(self, x: Array) -> tuple[Array, Array]:
        """Transform x; return the log-scales of its Jacobian too."""
        shift, log_scale = self._shift_and_log_scale(x)
        return x * jnp.exp(log_scale) + shift, log_scale

    def _inverse(self, y: Array) -> Array:
        shift, log_scale = self._shift_and_log_scale(y)
        return (y - shift) * jnp.exp(-log_scale)

    def log_abs_det_jacobian(self, x: Array, y: Array, intermediates: Array | None = None) -> Array:
        """Compute the log-determinant ``[*sample, batch]``, in nats."""
        del y
        return (self._shift_and_log_scale(x)[1] if intermediates is None else intermediates).sum(-1)

    def tree_flatten(self) -> tuple[Any, Any]:
        """Flatten to arrays as data and the bound as structure."""
        return tuple(getattr(self, name) for name in ARRAYS), (ARRAYS, {"bound": self.bound})


class Flow(nn.Module):
    """Normalizing-flow posterior: a Gaussian through couplings conditioned on x, with an exact density.

    At initialisation it is the Gaussian ``DiagonalNormal``. Couplings leave alternate halves of the latents
    unchanged. A single latent has nothing to be coupled to and stays Gaussian. Sampling and ``log_prob``, of
    its draws or of any z, cost the same.

    Attributes:
        num_layers: Number of couplings; 2 transform each latent once.
        hidden: Size of the hidden layer of each.
        bound: Bound of each log-scale, in nats.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> q, _ = Flow().init_with_output(jax.random.key(0), jnp.ones((5, 4)), 2)
        >>> z = q.sample(jax.random.key(1))
        >>> z.shape, q.log_prob(z).shape
        ((5, 2), (5,))

    Reference:
        Rezende and Mohamed (2015), "Variational inference with normalizing flows"; Dinh, Sohl-Dickstein and
        Bengio (2017), "Density estimation using Real NVP".
    """

    num_layers: int = 4
    hidden: int = 64
    bound: float = 2.0

    @nn.compact
    def __call__(self, features: Array, latent_dim: int) -> dist.Distribution:
        """Map ``features [batch, feature]`` to q(z | x), a distribution (batch,) over ``[latent_dim]``."""
        base = DiagonalNormal()(features, latent_dim)
        couplings = [self._coupling(layer, features, latent_dim) for layer in range(self.num_layers)]
        return dist.TransformedDistribution(base, couplings)

    def _coupling(self, layer: int, features: Array, latent_dim: int) -> Coupling:
        arrays = (
            (jnp.arange(latent_dim) + layer) % 2,
            self.param(f"into_{layer}", nn.initializers.lecun_normal(), (latent_dim, self.hidden)),
            nn.Dense(self.hidden, name=f"context_{layer}")(features),
            self.param(f"out_{layer}", nn.initializers.zeros, (self.hidden, 2 * latent_dim)),
            self.param(f"offset_{layer}", nn.initializers.zeros, (2 * latent_dim,)),
        )
        return Coupling(*map(at_least_float32, arrays), bound=self.bound)


def recipe() -> list[nn.Module]:
    """Return examples for the checks of posteriors."""
    return [Flow(num_layers=2, hidden=5)]
