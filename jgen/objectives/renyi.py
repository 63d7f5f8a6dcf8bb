"""Maximise Rényi's variational bound: from mass-covering to mode-seeking by one number."""

import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import bind_static
from jgen.objectives.input_checks import check_number, check_size
from jgen.objectives.latent_terms import bind_model, bounds, log_mean_exp, log_weights
from jgen.objectives.recipe import Recipe, RecipeInputs
from jgen.types import Array, Key, LatentModel, LossAndAux, PyTree


def renyi(model: LatentModel, num_particles: int, *, alpha: float | Array = 0.5) -> Partial:
    r"""Return the negative variational Rényi objective of K draws an example.

    .. math:: L_{\alpha,K} = \frac{1}{1 - \alpha} \log \frac1K \sum_{k=1}^K w_k^{1 - \alpha}, \qquad
        w_k = \frac{p(x, z_k)}{q(z_k | x)}, \quad z_k \sim q(z | x)

    It is the bound of ``iwae`` at :math:`\alpha = 0`, that of ``elbo`` at :math:`\alpha = 1` (its limit,
    taken there) and the best of the draws as :math:`\alpha \to -\infty`. A power mean of the weights falls
    as :math:`\alpha` grows: for :math:`\alpha \ge 0` it is a lower bound on log p(x) whatever K; for
    :math:`\alpha < 0` it is no bound. So ``aux["bound"]`` is always that of ``iwae``, from the same
    draws, and the objective itself is ``aux["renyi"]``.

    Args:
        model: With an encoder with reparameterised draws.
        num_particles: Number of particles K, 1 or more; at 1 every alpha is the same.
        alpha: Order :math:`\alpha`, any finite number.

    Returns:
        ``objective(params, batch, key) -> (loss, aux)`` in nats per example, with ``aux`` of ``bound``,
        ``renyi``, ``elbo`` and ``ess`` (the effective number of draws), each ``[batch]``.

    Raises:
        TypeError: If ``num_particles`` is no integer.
        ValueError: If it is below 1 or alpha is not finite; when called, if the parts or the batch do
            not fit, or the posterior is a point or not reparameterised.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.objectives import renyi
        >>> from jgen.types import LatentModel
        >>> model = LatentModel(  # x | z ~ N(z, 1) and a posterior that ignores x
        ...     init=lambda key: {},
        ...     prior=lambda params: dist.Normal(jnp.zeros(1), 1.0).to_event(1),
        ...     decoder=lambda params, z: dist.Normal(z, 1.0).to_event(1),
        ...     encoder=lambda params, x: dist.Normal(jnp.zeros_like(x), 1.0).to_event(1),
        ... )
        >>> loss, aux = renyi(model, 100, alpha=0.5)({}, jnp.array([[1.0]]), jax.random.key(0))
        >>> bool(aux["elbo"][0] < aux["renyi"][0] < aux["bound"][0])
        True

    Reference:
        Li and Turner (2016), Rényi divergence variational inference.
    """
    alpha = check_number("alpha", alpha, least=-float("inf"))
    function = bind_static(_renyi, num_particles=check_size("num_particles", num_particles))
    return Partial(function, bind_model(model), alpha)


def _renyi(
    model: LatentModel, alpha: Array, params: PyTree, batch: PyTree, key: Key, *, num_particles: int
) -> LossAndAux:
    log_weight = log_weights(model, params, batch, key, num_particles)  # [particle, batch]
    value = log_power_mean(log_weight, 1 - alpha)  # [batch]
    return -value.mean(), bounds(log_weight) | {"renyi": value}


def log_power_mean(log_weight: Array, power: Array) -> Array:
    r"""Compute the log of :math:`(\mathrm{mean}_k w_k^s)^{1/s}` ``[batch]``; s = 0 is the limit.

    About the mean log-weight the powers are near 1 where s is small, and their mean is taken without the 1:
    no digits are lost as s goes to 0.
    """
    middle = log_weight.mean(0)  # [batch]
    scaled = power * (log_weight - middle[None])  # [particle, batch]
    small = jnp.abs(scaled).max(0) < 1  # [batch]
    near = jnp.log1p(jnp.expm1(jnp.where(small[None], scaled, 0.0)).mean(0))
    far = log_mean_exp(scaled)
    safe = jnp.where(power == 0, 1.0, power)
    return middle + jnp.where(small, near, far) / safe


def recipe(inputs: RecipeInputs) -> Recipe:
    """Return the recipe for the checks."""
    return inputs.recipe(lambda scale: renyi(inputs.model, 3, alpha=0.5 * scale))
