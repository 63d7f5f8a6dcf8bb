"""Transform a Gaussian by a bijection."""

from collections.abc import Mapping
from math import log, pi
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Distribution, constraints

from jgen.distributions.parameters import log_prob_of
from jgen.distributions.validated import ValidatedOnHost
from jgen.targets.parts import coordinate_powers, covering_scale, make_target, module_name, sample_from
from jgen.types import Array, Key, Target, Trait


class Pushforward(ValidatedOnHost, Distribution):
    r"""Gaussian transformed by a bijection: x = T(s u), u ~ N(0, I).

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

    def sample(self, key: Key, sample_shape: tuple[int, ...] = ()) -> Array:
        """Draw ``[*sample_shape, dim]``."""
        u = self.scale * jax.random.normal(key, (*sample_shape, *self.event_shape))
        return jnp.vectorize(self.forward, signature="(d)->(d)")(u)  # [*sample, dim]

    def log_prob(self, value: Any, intermediates: Any = None) -> Array:
        """Evaluate ``[*sample, dim] -> [*sample]``, in nats."""
        del intermediates
        u, log_det = jnp.vectorize(self.inverse, signature="(d)->(d),()")(jnp.asarray(value))
        dim = self.event_shape[0]
        quadratic = jnp.square(u / self.scale).sum(-1)  # [*sample]
        return log_det - quadratic / 2 - dim * (jnp.log(self.scale) + log(2 * pi) / 2)


def make_pushforward(
    *traits: Trait,
    forward: Partial,
    inverse: Partial,
    mean: np.ndarray,
    expectations: Mapping[str, tuple[Partial, Any]],
    **fields: Any,
) -> Target:
    """Make the image of N(0, I) under a bijection, with that of a wider Gaussian as proposal.

    The expectation of ``u^2``, the squares of the coordinates in which the target is N(0, I), is 1.

    Args:
        *traits: What makes the target hard.
        forward: ``forward(u [dim]) -> x [dim]``.
        inverse: ``inverse(x [dim]) -> (u [dim], log |det du/dx| [])``.
        mean: ``[dim]``.
        expectations: As in ``Target``.
        **fields: Variance and source of the target.
    """
    dim = len(mean)
    target = Pushforward(dim, 1.0, forward, inverse)
    return make_target(
        *traits,
        log_density=Partial(log_prob_of, target),
        start=np.ones(dim),
        sample=Partial(sample_from, target),
        mean=mean,
        log_evidence=0.0,
        name=module_name(forward),
        expectations={**expectations, "u^2": (Partial(base_squares, inverse), np.ones(dim))},
        proposal=Pushforward(dim, covering_scale(dim), forward, inverse),
        log_bound=1.0,
        **fields,
    )


def base_squares(inverse: Partial, x: Array) -> Array:
    """Return the squares of the coordinates in which the target is N(0, I), ``[dim]``."""
    return coordinate_powers(2, inverse(x)[0])
