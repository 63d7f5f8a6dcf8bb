"""Maximise the importance-weighted bound by the doubly reparameterised gradient of the encoder."""

from typing import Any

import jax
from jax.tree_util import Partial

from jgen._internal.binding import bind_static
from jgen.objectives import latent_terms
from jgen.objectives.input_checks import check_size, require_density
from jgen.objectives.recipe import Recipe, RecipeInputs
from jgen.types import Array, Key, LatentModel, LossAndAux, PyTree


def dreg(model: LatentModel, num_particles: int) -> Partial:
    r"""Return the negative bound of ``iwae``, with a better estimate of the same gradient.

    The score of q(z | x) has expectation zero but not variance zero. Reparameterised a second time, its part
    of the gradient reaches the encoder only through the draws,

    .. math:: \nabla_\phi E\Bigl[\log \frac1K \sum_k w_k\Bigr]
        = E\Bigl[\sum_k \tilde w_k^2\, \frac{\partial \log w_k}{\partial z_k} \nabla_\phi z_k\Bigr],
        \qquad \tilde w_k = \frac{w_k}{\sum_j w_j},

    while that of the prior and the decoder is still :math:`\sum_k \tilde w_k \nabla_\theta \log w_k`. The
    signal-to-noise ratio of the encoder's gradient grows with K, where that of ``iwae`` falls, and the
    gradient vanishes, draw by draw, where q is the exact posterior. At K = 1 it is sticking the landing.

    Args:
        model: With an encoder with reparameterised draws; its log-probability is evaluated without the
            intermediates of the draws, so that a flow is inverted.
        num_particles: Number of particles K, 1 or more. The decoder is called once, on
            ``[K * batch, *latent]``.

    Returns:
        ``objective(params, batch, key) -> (loss, aux)``, with the loss and ``aux`` of ``iwae``. It has a
        first derivative, in reverse mode.

    Raises:
        TypeError: If ``num_particles`` is no integer.
        ValueError: If it is below 1; when called, if the parts or the batch do not fit, or the
            posterior is a point or not reparameterised.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.objectives import dreg, iwae
        >>> from jgen.types import LatentModel
        >>> model = LatentModel(  # x | z ~ N(z, 1), so that z | x ~ N(x / 2, 1/2)
        ...     init=lambda key: {"encoder": jnp.array(0.5)},
        ...     prior=lambda params: dist.Normal(jnp.zeros(1), 1.0).to_event(1),
        ...     decoder=lambda params, z: dist.Normal(z, 1.0).to_event(1),
        ...     encoder=lambda params, x: dist.Normal(params["encoder"] * x, 0.5**0.5).to_event(1),
        ... )
        >>> def slope(objective):  # at the optimum
        ...     gradient = jax.grad(objective, has_aux=True)
        ...     return abs(gradient(model.init(0), jnp.ones((1, 1)), jax.random.key(0))[0]["encoder"])
        >>> bool(slope(dreg(model, 5)) < 1e-6), bool(slope(iwae(model, 5)) < 1e-6)
        (True, False)

    Reference:
        Tucker, Lawson, Gu and Maddison (2019), Doubly reparameterized gradient estimators for Monte Carlo
        objectives.
    """
    function = bind_static(_dreg, num_particles=check_size("num_particles", num_particles))
    return Partial(function, latent_terms.bind_model(model))


def _dreg(model: LatentModel, params: PyTree, batch: PyTree, key: Key, *, num_particles: int) -> LossAndAux:
    posterior = require_density(latent_terms.encode(model, params, batch))
    draw = jax.vmap(lambda key: latent_terms.sample_and_log_prob(posterior, key)[0])
    z = draw(jax.random.split(key, num_particles))  # [particle, batch, *latent]
    aux = latent_terms.bounds(_log_weight(model, posterior, params, batch, z))
    return -aux["bound"].mean(), aux


@jax.custom_vjp
def _log_weight(model: LatentModel, posterior: Any, params: PyTree, x: PyTree, z: Array) -> Array:
    """Compute log p(x, z) - log q(z | x), with no gradient to q and a weighted one to z."""
    log_joint = latent_terms.log_prior(model, params, z) + latent_terms.log_likelihood(model, params, x, z)
    return log_joint - jax.vmap(posterior.log_prob)(z)


def _forward(model: LatentModel, posterior: Any, params: PyTree, x: PyTree, z: Array) -> Any:
    log_weight, vjp = jax.vjp(lambda params, z: _log_weight.fun(model, posterior, params, x, z), params, z)
    return log_weight, (log_weight, vjp)


def _backward(saved: Any, cotangent: Array) -> Any:
    log_weight, vjp = saved
    to_params, to_z = vjp(cotangent)
    weight = jax.nn.softmax(log_weight, axis=0)  # [particle, batch]
    return None, None, to_params, None, to_z * weight.reshape(weight.shape + (1,) * (to_z.ndim - 2))


_log_weight.defvjp(_forward, _backward)


def recipe(inputs: RecipeInputs) -> Recipe:
    """Return the recipe for the checks."""
    return inputs.recipe(lambda _: dreg(inputs.model, 3))
