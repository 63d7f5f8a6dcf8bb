"""A latent prior as a value, and those that learn nothing."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpyro.distributions as dist
from jax.tree_util import Partial

from jgen.types import Key, PyTree


class Prior(NamedTuple):
    """The prior of a model, as two functions.

    Attributes:
        init: ``init(key) -> params`` of the prior; ``{}`` where nothing is learned.
        distribution: ``distribution(params of the prior, encode) -> p(z)``, without batch axes, over
            ``[latent]``. ``encode(x [batch, *event]) -> q(z | x)`` is the model's encoder at its present
            parameters (None where there is none), for priors made of posteriors.
    """

    init: Callable[[Key], PyTree]
    distribution: Callable[[PyTree, Partial | None], dist.Distribution]


def fixed_prior(distribution: dist.Distribution) -> Prior:
    """A distribution that stays as it is: the usual prior, or one that was fitted to codes afterwards.

    Args:
        distribution: Over ``[latent]``, without batch axes.

    Returns:
        The prior, which has no parameters.

    Raises:
        ValueError: If it has batch axes.

    Example:
        >>> import jax.numpy as jnp, numpyro.distributions as dist
        >>> prior = fixed_prior(dist.Laplace(jnp.zeros(2), 1.0).to_event(1))
        >>> prior.distribution({}, None).event_shape
        (2,)

    Reference:
        Ghosh et al. (2020), "From variational to deterministic autoencoders", ICLR: the prior of an
        autoencoder, fitted after training.
    """
    if distribution.batch_shape or len(distribution.event_shape) != 1:
        raise ValueError(
            f"a prior is over one latent vector, so batch_shape () and event_shape (latent_dim,); got "
            f"{distribution.batch_shape} and {distribution.event_shape}: use .to_event(1) or another size"
        )
    return Prior(Partial(constant, {}), Partial(constant, distribution))


def standard_prior(latent_dim: int) -> Prior:
    """The standard normal distribution over ``[latent]``.

    Raises:
        ValueError: For a negative size.

    Example:
        >>> standard_prior(3).distribution({}, None).event_shape
        (3,)
    """
    if latent_dim < 0:
        raise ValueError(f"latent_dim must not be negative, got {latent_dim}")
    return fixed_prior(dist.Normal(jnp.zeros(latent_dim), jnp.ones(latent_dim)).to_event(1))


def constant(value: Any, *_: Any) -> Any:
    """The value, whatever it is asked for."""
    return value
