"""Maximise the importance-weighted bound, tighter than the evidence lower bound, by several draws of z."""

from jax.tree_util import Partial

from jgen._internal.binding import bind_static
from jgen.objectives.input_checks import check_size
from jgen.objectives.latent_terms import bind_model, bounds, log_weights
from jgen.objectives.recipe import Recipe, RecipeInputs
from jgen.types import Key, LatentModel, LossAndAux, PyTree


def iwae(model: LatentModel, num_particles: int) -> Partial:
    r"""Return the negative importance-weighted bound of K draws an example.

    .. math:: \log p(x) \ge E\Bigl[\log \frac1K \sum_{k=1}^K w_k\Bigr], \qquad
        w_k = \frac{p(x, z_k)}{q(z_k | x)}, \quad z_k \sim q(z | x)

    It is the evidence lower bound at K = 1, rises with K, and tends to log p(x). The gradient is that of the
    bound itself; the signal-to-noise ratio of the encoder's part falls as K grows, which ``dreg`` avoids.

    Args:
        model: With an encoder with reparameterised draws.
        num_particles: Number of particles K, 1 or more. The decoder is called once, on
            ``[K * batch, *latent]``.

    Returns:
        ``objective(params, batch, key) -> (loss, aux)`` in nats per example, with ``aux`` of ``bound``,
        ``elbo`` (the mean log-weight: the looser bound, from the same draws) and ``ess`` (the effective
        number of draws), each ``[batch]``.

    Raises:
        TypeError: If ``num_particles`` is no integer.
        ValueError: If it is below 1; when called, if the parts or the batch do not fit, or the
            posterior is a point or not reparameterised.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.objectives.iwae import iwae
        >>> from jgen.types import LatentModel
        >>> model = LatentModel(  # x | z ~ N(z, 1) and a posterior that ignores x
        ...     init=lambda key: {},
        ...     prior=lambda params: dist.Normal(jnp.zeros(1), 1.0).to_event(1),
        ...     decoder=lambda params, z: dist.Normal(z, 1.0).to_event(1),
        ...     encoder=lambda params, x: dist.Normal(jnp.zeros_like(x), 1.0).to_event(1),
        ... )
        >>> loss, aux = iwae(model, 5000)({}, jnp.array([[1.0]]), jax.random.key(0))
        >>> exact = dist.Normal(0.0, 2**0.5).log_prob(1.0)
        >>> bool(abs(aux["bound"][0] - exact) < 0.05), bool(aux["elbo"][0] < exact - 0.2)
        (True, True)

    Reference:
        Burda, Grosse and Salakhutdinov (2016), Importance weighted autoencoders.
    """
    function = bind_static(_iwae, num_particles=check_size("num_particles", num_particles))
    return Partial(function, bind_model(model))


def _iwae(model: LatentModel, params: PyTree, batch: PyTree, key: Key, *, num_particles: int) -> LossAndAux:
    aux = bounds(log_weights(model, params, batch, key, num_particles))
    return -aux["bound"].mean(), aux


def recipe(inputs: RecipeInputs) -> Recipe:
    """Return the recipe for the checks."""
    return inputs.recipe(lambda _: iwae(inputs.model, 3))
