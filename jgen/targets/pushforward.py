"""Transform a Gaussian by a bijection."""

from math import log, pi
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jax.tree_util import Partial
from numpyro.distributions import Distribution, constraints

from jgen.distributions.validated import ValidatedOnHost
from jgen.types import Array, Key


class Pushforward(ValidatedOnHost, Distribution):
    r"""A Gaussian carried through a bijection: x = T(s u), u ~ N(0, I).

    .. math:: \log p(x) = \log N(T^{-1}(x); 0, s^2 I) + \log |\det dT^{-1}/dx|

    With s = 1 it is the target itself; with s > 1 it is a proposal that covers that target, since
    the ratio of the two is s^dim exp(-|u|^2 (1 - 1/s^2) / 2), at most s^dim.

    Args:
        dim: Length of x.
        scale: The scale s.
        forward: ``forward(u [dim]) -> x [dim]``.
        inverse: ``inverse(x [dim]) -> (u [dim], log |det du/dx| [])``.
        validate_args: As in NumPyro.
    """

    arg_constraints: ClassVar = {"scale": constraints.positive}
    support = constraints.real_vector
    pytree_data_fields = ("scale", "forward", "inverse")

    def __init__(
        self,
        dim: int,
        scale: float | Array,
        forward: Partial,
        inverse: Partial,
        *,
        validate_args: bool | None = None,
    ):
        self.scale, self.forward, self.inverse = scale, forward, inverse
        super().__init__((), (dim,), validate_args=validate_args)

    def sample(self, key: Key | None, sample_shape: tuple[int, ...] = ()) -> Array:
        """Draws ``[*sample_shape, dim]``."""
        if key is None:
            raise ValueError("Pushforward.sample needs a key.")
        u = self.scale * jax.random.normal(key, (*sample_shape, *self.event_shape))
        return jnp.vectorize(self.forward, signature="(d)->(d)")(u)  # [*sample, dim]

    def log_prob(self, value: Any, intermediates: Any = None) -> Array:
        """Evaluates ``[*sample, dim] -> [*sample]``, in nats."""
        del intermediates
        u, log_det = jnp.vectorize(self.inverse, signature="(d)->(d),()")(jnp.asarray(value))
        dim = self.event_shape[0]
        quadratic = jnp.square(u / self.scale).sum(-1)  # [*sample]
        return log_det - quadratic / 2 - dim * (jnp.log(self.scale) + log(2 * pi) / 2)
