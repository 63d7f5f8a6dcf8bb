"""Define latent priors, and those without parameters."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpyro.distributions as dist
from jax.tree_util import Partial

from jgen.types import Key, PyTree


class Prior(NamedTuple):
    """Latent prior, as two functions.

    Attributes:
        init: ``init(key) -> params`` of the prior; ``{}`` if it has none.
        distribution: ``distribution(params of the prior, encode) -> p(z)``, without batch axes, over
            ``[latent]``. ``encode(x [batch, *event]) -> q(z | x)`` is the model's encoder at its current
            parameters (None if there is none), for priors built from posteriors.
    """

    init: Callable[[Key], PyTree]
    distribution: Callable[[PyTree, Partial | None], dist.Distribution]


def fixed_prior(distribution: dist.Distribution) -> Prior:
    """Define a prior without parameters, such as the usual one, or one fitted to codes after training.

    Args:
        distribution: Distribution over ``[latent]``, without batch axes.

    Returns:
        The prior.

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
    """Define the standard normal prior over ``[latent]``.

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
    """Return the value for any arguments."""
    return value
