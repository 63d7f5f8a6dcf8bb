"""Define a learned Gaussian mixture prior."""

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.tree_util import Partial

from jgen._internal.binding import bind_static
from jgen.distributions.mixture import FamilyMixture
from jgen.models.priors import Prior
from jgen.types import Array, Key, PyTree


def mixture_prior(latent_dim: int, num_components: int) -> Prior:
    r"""Define a mixture of diagonal Gaussians with learned weights, means and scales.

    .. math:: p(z) = \sum_k \pi_k \prod_j N(z_j; \mu_{kj}, s_{kj}^2)

    Initial weights are equal, scales are 1 and means are drawn from N(0, I).

    Args:
        latent_dim: Size of the latent.
        num_components: K, the number of components.

    Returns:
        The prior; its parameters are ``logits [component]``, ``means`` and ``log_scales``, both
        ``[component, latent]``.

    Raises:
        ValueError: For fewer than one component, or a latent without size.

    Example:
        >>> import jax
        >>> prior = mixture_prior(2, 5)
        >>> params = prior.init(jax.random.key(0))
        >>> prior.distribution(params, None).sample(jax.random.key(1), (3,)).shape
        (3, 2)

    Reference:
        Dilokthanakul et al. (2016), "Deep unsupervised clustering with Gaussian mixture variational
        autoencoders"; Tomczak and Welling (2018), "VAE with a VampPrior", AISTATS, its baseline.
    """
    if num_components < 1 or latent_dim < 1:
        raise ValueError(
            f"num_components and latent_dim must be at least 1, got {num_components} and {latent_dim}"
        )
    init = bind_static(_init, latent_dim=latent_dim, num_components=num_components)
    return Prior(Partial(init), Partial(_distribution))


def _init(key: Key, *, latent_dim: int, num_components: int) -> dict[str, Array]:
    shape = (num_components, latent_dim)
    means, log_scales = jax.random.normal(key, shape), jnp.zeros(shape)
    return {"logits": jnp.zeros(num_components), "means": means, "log_scales": log_scales}


def _distribution(params: PyTree, encode: Partial | None) -> dist.Distribution:  # noqa: ARG001
    components = dist.Normal(params["means"], jnp.exp(params["log_scales"])).to_event(1)
    return FamilyMixture(dist.CategoricalLogits(params["logits"]), components)
