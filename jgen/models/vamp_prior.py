"""Define the VampPrior, a mixture of posteriors of learned pseudo-inputs."""

from math import log

import jax.numpy as jnp
import numpyro.distributions as dist
from jax.tree_util import Partial
from jax.typing import ArrayLike

from jgen.distributions.mixture import FamilyMixture
from jgen.models.priors import Prior
from jgen.types import Array, Key, PyTree


def vamp_prior(inputs: ArrayLike) -> Prior:
    r"""Define the mixture of the encoder's posteriors of K learned pseudo-inputs.

    .. math:: p(z) = \frac1K \sum_{k=1}^K q_\phi(z \mid u_k)

    The prior that maximises the bound is the mean posterior over the data; the pseudo-inputs
    :math:`u_k` approximate it at a cost that does not grow with the data. Gradients reach the encoder through
    the prior too.

    Args:
        inputs: Initial pseudo-inputs ``[pseudo-input, *event]``: some rows of the data, or noise about them.
            They are learned without bounds.

    Returns:
        The prior; its parameters are ``inputs [pseudo-input, *event]``.

    Raises:
        ValueError: For no pseudo-input; and, when the model is built, for a model without an encoder.
        TypeError: For inputs that are not floating-point, such as tokens.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> def encode(x):
        ...     return dist.Normal(x[:, :2], jnp.ones((len(x), 2))).to_event(1)
        >>> prior = vamp_prior(jnp.eye(4))
        >>> prior.distribution(prior.init(jax.random.key(0)), encode).mean.tolist()
        [0.25, 0.25]

    Reference:
        Tomczak and Welling (2018), "VAE with a VampPrior", AISTATS.
    """
    inputs = jnp.asarray(inputs)
    if inputs.ndim < 2 or len(inputs) == 0:
        raise ValueError(f"inputs must be examples [pseudo-input, *event], at least one; got {inputs.shape}")
    if not jnp.issubdtype(inputs.dtype, jnp.floating):
        raise TypeError(f"pseudo-inputs are learned, so they must be floating-point; got {inputs.dtype}")
    return Prior(Partial(_init, inputs), Partial(_distribution))


def _init(inputs: Array, key: Key) -> dict[str, Array]:  # noqa: ARG001
    return {"inputs": inputs}


def _distribution(params: PyTree, encode: Partial | None) -> dist.Distribution:
    if encode is None:
        raise ValueError("a mixture of posteriors needs an encoder, and this model has none")
    num_inputs = len(params["inputs"])
    return Posteriors(dist.CategoricalLogits(jnp.zeros(num_inputs)), encode(params["inputs"]))


class Posteriors(FamilyMixture):
    """Mixture of posteriors of any family, each evaluated at its own row, as a flow requires."""

    def component_log_probs(self, value: Array) -> Array:
        """Compute log weight plus log density of ``value [*sample, latent]``, ``[*sample, component]``."""
        rows = jnp.repeat(value[..., None, :], self.mixture_size, axis=-2)  # [*sample, component, latent]
        return self.component_distribution.log_prob(rows) - log(self.mixture_size)
