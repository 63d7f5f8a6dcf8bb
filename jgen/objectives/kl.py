"""Minimise the divergence of the posterior from the prior."""

from collections.abc import Callable

from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen.objectives.input_checks import require_density
from jgen.objectives.kl_estimates import closed_form_kl, sampled_kl
from jgen.objectives.latent_terms import bind_model, encode, prior_of, sample_and_log_prob
from jgen.objectives.recipe import Recipe, RecipeInputs
from jgen.types import Array, Key, LatentModel, LossAndAux, PyTree


def kl(model: LatentModel, *, by: Callable[..., Array] = closed_form_kl) -> Partial:
    r"""Return the mean divergence of q(z | x) from p(z), one part of ``elbo``.

    .. math:: \ell = \frac1n \sum_i KL(q(z | x_i) \| p(z)) = \frac1n \sum_i E_q[\log q(z | x_i) - \log p(z)]

    ``weighted(reconstruction=(1.0, reconstruction(model)), kl=(beta, kl(model)))`` is, draw by draw,
    ``elbo(model, beta=beta)``.

    Args:
        model: With an encoder with reparameterised draws. The decoder is not called.
        by: Estimator: ``closed_form_kl`` (sampled where no form is known), ``sampled_kl`` or
            ``kl_by_coordinate``.

    Returns:
        ``objective(params, batch, key) -> (loss, aux)`` in nats per example, with ``aux`` of ``kl``
        ``[batch]``. The key is used where the divergence is sampled.

    Raises:
        ValueError: When called, if encoder, prior and batch do not fit, or the posterior is a point or not
            reparameterised.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.objectives import kl
        >>> from jgen.types import LatentModel
        >>> model = LatentModel(
        ...     init=lambda key: {},
        ...     prior=lambda params: dist.Normal(jnp.zeros(1), 1.0).to_event(1),
        ...     decoder=lambda params, z: dist.Normal(z, 1.0).to_event(1),
        ...     encoder=lambda params, x: dist.Normal(x, 1.0).to_event(1),
        ... )
        >>> loss, aux = kl(model)({}, jnp.array([[0.0], [2.0]]), jax.random.key(0))
        >>> aux["kl"].tolist()
        [0.0, 2.0]

    Reference:
        Kingma and Welling (2014), Auto-encoding variational Bayes.
    """
    return Partial(_kl, as_partial(by), bind_model(model))


def _kl(by: Partial, model: LatentModel, params: PyTree, batch: PyTree, key: Key) -> LossAndAux:
    posterior = require_density(encode(model, params, batch))
    z, log_posterior = sample_and_log_prob(posterior, key)
    value = by(posterior, prior_of(model, params), z, log_posterior).sum(1)  # [batch]
    return value.mean(), {"kl": value}


def recipe(inputs: RecipeInputs) -> Recipe:
    """Return the recipe for the checks."""
    return inputs.recipe(lambda _: kl(inputs.model, by=sampled_kl))
