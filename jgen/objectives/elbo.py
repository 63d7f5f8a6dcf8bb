"""Maximise the evidence lower bound, with beta, free bits and a capacity in the loss but not in the bound."""

from collections.abc import Callable

import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen.objectives.input_checks import check_number, require_density
from jgen.objectives.kl_estimates import closed_form_kl
from jgen.objectives.latent_terms import bind_model, encode, log_likelihood, prior_of, sample_and_log_prob
from jgen.objectives.recipe import Recipe, RecipeInputs
from jgen.types import Array, Key, LatentModel, LossAndAux, PyTree


def elbo(
    model: LatentModel,
    *,
    beta: float | Array = 1.0,
    free_bits: float | Array | None = None,
    capacity: float | Array | None = None,
    kl: Callable[..., Array] = closed_form_kl,
) -> Partial:
    r"""Return the negative evidence lower bound of a variational autoencoder, one draw of z for each example.

    .. math:: \log p(x) \ge E_{q(z|x)}[\log p(x | z)] - KL(q(z | x) \| p(z))

    The loss may weight the divergence by :math:`\beta`, ignore it below :math:`\lambda` nats a group, and
    pull it towards C nats. With :math:`K_g` its mean over the batch in group g,

    .. math:: \ell = -\frac1n \sum_i \log p(x_i | z_i) + \beta\, \Bigl|\sum_g \max(K_g, \lambda) - C\Bigr|.

    ``aux["bound"]`` is the bound itself, whatever these are.

    Args:
        model: With an encoder with reparameterised draws.
        beta: Weight of the divergence; 0 or more.
        free_bits: Free nats :math:`\lambda` a group; None for none. ``kl`` defines the groups.
        capacity: Capacity C, nats; None for none (and no absolute value of the divergence).
        kl: Estimator of the divergence: ``closed_form_kl`` (one group; sampled where no form is known),
            ``sampled_kl`` (one group; with an exact posterior, the bound of every draw is log p(x)), or
            ``kl_by_coordinate`` (a group each), usual with free bits.

    Returns:
        ``objective(params, batch, key) -> (loss, aux)`` in nats per example, with ``aux`` of ``bound``,
        ``reconstruction`` (log p(x | z)) and ``kl``, each ``[batch]``.

    Raises:
        ValueError: If a number is below 0; when called, if the parts or the batch do not fit, or
            the posterior is a point or not reparameterised.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.objectives import elbo, sampled_kl
        >>> from jgen.types import LatentModel
        >>> model = LatentModel(  # x | z ~ N(z, 1), so that z | x ~ N(x / 2, 1/2) and x ~ N(0, 2)
        ...     init=lambda key: {"decoder": jnp.ones(()), "encoder": jnp.array(0.5)},
        ...     prior=lambda params: dist.Normal(jnp.zeros(1), 1.0).to_event(1),
        ...     decoder=lambda params, z: dist.Normal(params["decoder"] * z, 1.0).to_event(1),
        ...     encoder=lambda params, x: dist.Normal(params["encoder"] * x, 0.5**0.5).to_event(1),
        ... )
        >>> x = jnp.array([[0.0], [2.0]])
        >>> loss, aux = elbo(model, beta=4.0, kl=sampled_kl)(model.init(None), x, jax.random.key(0))
        >>> exact = dist.Normal(0.0, 2**0.5).log_prob(x[:, 0])
        >>> bool(jnp.allclose(aux["bound"], exact, atol=1e-5))
        True

    Reference:
        Kingma and Welling (2014), Auto-encoding variational Bayes; Higgins et al. (2017), beta-VAE; Kingma et
        al. (2016), Improved variational inference with inverse autoregressive flow (free bits); Burgess et
        al. (2018), Understanding disentangling in beta-VAE (capacity).
    """
    beta = check_number("beta", beta)
    free_bits = None if free_bits is None else check_number("free_bits", free_bits)
    capacity = None if capacity is None else check_number("capacity", capacity)
    return Partial(_elbo, as_partial(kl), bind_model(model), beta, (free_bits, capacity))


def _elbo(
    kl_of: Partial, model: LatentModel, beta: Array, limits: tuple, params: PyTree, batch: PyTree, key: Key
) -> LossAndAux:
    free_bits, capacity = limits
    posterior = require_density(encode(model, params, batch))
    z, log_posterior = sample_and_log_prob(posterior, key)
    groups = kl_of(posterior, prior_of(model, params), z, log_posterior)  # [batch, group]
    reconstruction = log_likelihood(model, params, batch, z[None])[0]  # [batch]

    penalty = groups.mean(0)  # [group]
    if free_bits is not None:
        penalty = jnp.maximum(penalty, free_bits)
    penalty = penalty.sum()
    if capacity is not None:
        penalty = jnp.abs(penalty - capacity)

    kl = groups.sum(1)  # [batch]
    aux = {"bound": reconstruction - kl, "reconstruction": reconstruction, "kl": kl}
    return beta * penalty - reconstruction.mean(), aux


def recipe(inputs: RecipeInputs) -> Recipe:
    """Return the recipe for the checks."""
    return inputs.recipe(lambda scale: elbo(inputs.model, beta=scale, free_bits=0.1 * scale))
