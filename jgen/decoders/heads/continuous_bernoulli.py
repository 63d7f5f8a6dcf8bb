"""Model numbers between 0 and 1 by the continuous Bernoulli distribution, normalised."""

from collections.abc import Callable
from typing import ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from numpyro.distributions import constraints

from jgen._internal.dtypes import at_least_float32
from jgen.distributions.validated import ValidatedOnHost
from jgen.types import Array, Key

NEAR, VERY_NEAR = 0.5, 0.05
"""Log-odds below which series replace formulas that subtract near numbers: of log Z, of quantiles."""


class ContinuousBernoulliLogits(ValidatedOnHost, dist.Distribution):
    r"""Distribution on [0, 1] with density proportional to :math:`\lambda^x (1 - \lambda)^{1 - x}`.

    With log-odds :math:`\eta = \log \lambda / (1 - \lambda)` it is :math:`p(x) = e^{\eta x} / Z(\eta)`,
    :math:`Z = (e^\eta - 1) / \eta`, which is 1 at :math:`\lambda = 1/2`. The mean and the variance are the
    first two derivatives of :math:`\log Z`. Draws are made by inverting
    :math:`F(x) = (e^{\eta x} - 1) / (e^\eta - 1)`, so gradients pass through them.

    Args:
        logits: Log-odds ``[*batch]``.

    Example:
        >>> import jax.numpy as jnp
        >>> p = ContinuousBernoulliLogits(jnp.array([0.0, 3.0]))
        >>> bool(p.mean[0] == 0.5), bool(p.mean[1] > 0.7)
        (True, True)
        >>> bool(p.log_prob(0.2)[0] == 0), float(p.log_prob(1.5)[1])
        (True, -inf)

    Reference:
        Loaiza-Ganem and Cunningham (2019), "The continuous Bernoulli: fixing a pervasive error in variational
        autoencoders".
    """

    arg_constraints: ClassVar = {"logits": constraints.real}
    support = constraints.unit_interval
    reparametrized_params: ClassVar = ["logits"]

    def __init__(self, logits: Array, *, validate_args: bool | None = None):
        self.logits = jnp.asarray(logits)
        super().__init__(batch_shape=self.logits.shape, validate_args=validate_args)

    def log_prob(self, value: Array) -> Array:
        """Compute the log-density ``[*sample, *batch]`` in nats; -inf outside [0, 1]."""
        value, logits = jnp.broadcast_arrays(jnp.asarray(value, self.logits.dtype), self.logits)
        outside = jnp.where(jnp.isnan(value), jnp.nan, -jnp.inf)
        return jnp.where((value >= 0) & (value <= 1), log_density(logits, value), outside)

    def sample(self, key: Key, sample_shape: tuple[int, ...] = ()) -> Array:
        """Draw ``[*sample, *batch]``."""
        uniform = jax.random.uniform(key, (*sample_shape, *self.batch_shape), self.logits.dtype)
        logits = jnp.broadcast_to(self.logits, uniform.shape)
        x = falling_quantile(uniform, -jnp.abs(logits))
        return jnp.where(logits < 0, x, 1 - x)

    @property
    def mean(self) -> Array:
        """Return the mean ``[*batch]``."""
        return derivative(log_normaliser)(self.logits)

    @property
    def variance(self) -> Array:
        """Return the variance ``[*batch]``."""
        return derivative(derivative(log_normaliser))(self.logits)


def log_density(logits: Array, value: Array) -> Array:
    r"""Compute :math:`\eta x - \log Z(\eta)`; value and two derivatives are exact to rounding.

    :math:`\log Z = \eta/2 + \log(\sinh(\eta/2) / (\eta/2))`, a series about 0. Elsewhere the density is
    :math:`|\eta| e^{-|\eta| t} / (1 - e^{-|\eta|})` with t the distance from the end where it is highest.
    """
    near = jnp.abs(logits) < NEAR
    square = jnp.where(near, logits, 0) ** 2
    series = square * (1 / 24 - square * (1 / 2880 - square * (1 / 181440 - square / 9676800)))
    size = jnp.where(near, 1, jnp.abs(logits))
    far = jnp.log(size) - jnp.log(-jnp.expm1(-size)) - size * jnp.where(logits < 0, value, 1 - value)
    return jnp.where(near, logits * (value - 0.5) - series, far)


def log_normaliser(logits: Array) -> Array:
    """Compute log Z, which is minus the log-density at 0."""
    return -log_density(logits, jnp.zeros_like(logits))


def falling_quantile(uniform: Array, logits: Array) -> Array:
    r"""Compute the quantile at u for log-odds of 0 or less: :math:`\log(1 + u (e^\eta - 1)) / \eta`.

    About 0 it is a series: the cumulant generating function of a Bernoulli(u) variable over its argument.
    """
    near = logits > -VERY_NEAR
    eta, v = jnp.where(near, logits, 0), uniform * (1 - uniform)
    series = uniform + eta / 2 * (v + eta / 3 * (v * (1 - 2 * uniform) + eta / 4 * v * (1 - 6 * v)))
    away = jnp.where(near, -1, logits)
    return jnp.where(near, series, jnp.log1p(uniform * jnp.expm1(away)) / away)


def derivative(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """Return the derivative of an elementwise function."""
    return lambda x: jax.jvp(function, (x,), (jnp.ones_like(x),))[1]


class ContinuousBernoulli(nn.Module):
    """Continuous Bernoulli head: each element lies in [0, 1], its raw number is the log-odds.

    Example:
        >>> import jax.numpy as jnp
        >>> grey = ContinuousBernoulli().apply({}, jnp.zeros((2, 8, 8, 1, 1)))
        >>> grey.event_shape, grey.log_prob(jnp.full((2, 8, 8, 1), 0.3)).tolist()
        ((8, 8, 1), [0.0, 0.0])
    """

    width = 1
    takes = "numbers between 0 and 1"
    remedy = "Scale the data into [0, 1], or take a Normal head for values without bounds."

    @property
    def support(self) -> constraints.Constraint:
        """Return the support of one element."""
        return constraints.unit_interval

    def __call__(self, raw: Array) -> dist.Distribution:
        """Map ``raw [batch, *shape, 1]``, log-odds to a distribution (batch,) over x of this shape."""
        return ContinuousBernoulliLogits(at_least_float32(raw)[..., 0]).to_event(raw.ndim - 2)


def recipe() -> list[nn.Module]:
    """Return examples for the checks of heads."""
    return [ContinuousBernoulli()]
