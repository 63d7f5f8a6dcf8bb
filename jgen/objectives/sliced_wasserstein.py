"""Minimise the sliced Wasserstein distance between codes and prior."""

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import bind_static
from jgen._internal.dtypes import at_least_float32
from jgen.objectives.input_checks import check_size
from jgen.objectives.latent_terms import bind_model, draw, draw_prior, per_example
from jgen.objectives.recipe import Recipe, RecipeInputs
from jgen.types import Array, Key, LatentModel, LossAndAux, PyTree


def sliced_wasserstein(model: LatentModel, num_projections: int = 64) -> Partial:
    r"""Return the squared sliced 2-Wasserstein distance between the codes of a batch and as many prior draws.

    .. math:: SW_2^2 = E_u\, W_2^2(u^T z, u^T y), \qquad u \text{ uniform on the sphere}

    On a line, optimal transport pairs the draws in order of size; random lines are averaged over. For two
    distributions that differ by a shift d it is :math:`\|d\|^2 / \dim`. Between samples it exceeds the
    distance of the distributions: for n draws of the same one it is not 0 but falls as n grows, so compare it
    at one batch size.

    Args:
        model: With an encoder, of points or of distributions with reparameterised draws. The decoder is not
            called.
        num_projections: Number of random directions, drawn from the key.

    Returns:
        ``objective(params, batch, key) -> (loss, aux)`` in squared units of z, with ``aux`` of
        ``transport_cost`` ``[batch]``, that of each code.

    Raises:
        TypeError: If ``num_projections`` is no integer.
        ValueError: If it is below 1; when called, if encoder, prior and batch do not fit, or the draws
            have no gradient.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.objectives import sliced_wasserstein
        >>> from jgen.types import LatentModel
        >>> model = LatentModel(
        ...     init=lambda key: {},
        ...     prior=lambda params: dist.Normal(jnp.zeros(1), 1.0).to_event(1),
        ...     decoder=lambda params, z: dist.Normal(z, 1.0).to_event(1),
        ...     encoder=lambda params, x: dist.Delta(x).to_event(1),
        ... )
        >>> x = 3.0 + jax.random.normal(jax.random.key(1), (2000, 1))
        >>> loss, _ = sliced_wasserstein(model)({}, x, jax.random.key(0))
        >>> bool(abs(loss - 9.0) < 0.9)
        True

    Reference:
        Rabin et al. (2011), Wasserstein barycenter and its application to texture mixing; Kolouri et al.
        (2019), Sliced Wasserstein auto-encoders.
    """
    num_projections = check_size("num_projections", num_projections)
    return Partial(bind_static(_sliced_wasserstein, num_projections=num_projections), bind_model(model))


def _sliced_wasserstein(
    model: LatentModel, params: PyTree, batch: PyTree, key: Key, *, num_projections: int
) -> LossAndAux:
    z = draw(model, params, batch, key)
    prior_key, projection_key = (jax.random.fold_in(key, number) for number in (1, 2))
    prior_draws = draw_prior(model, params, prior_key, z.shape[0])
    cost = transport_cost(projection_key, per_example(z), per_example(prior_draws), num_projections)
    return cost.mean(), {"transport_cost": cost}


def transport_cost(key: Key, x: Array, y: Array, num_projections: int) -> Array:
    """Compute the cost ``[draw]`` of transporting each of ``x`` to ``y [draw, dim]``, averaged over lines."""
    x, y = at_least_float32(x), at_least_float32(y)
    directions = jax.random.normal(key, (x.shape[1], num_projections), x.dtype)
    directions = directions / jnp.linalg.norm(directions, axis=0, keepdims=True)  # [dim, projection]
    along_x, along_y = x @ directions, y @ directions  # [draw, projection]
    rank = jnp.argsort(jnp.argsort(along_x, axis=0), axis=0)  # [draw, projection]
    partner = jnp.take_along_axis(jnp.sort(along_y, axis=0), rank, axis=0)
    return jnp.square(along_x - partner).mean(1)


def recipe(inputs: RecipeInputs) -> Recipe:
    """Return the recipe for the checks."""
    return inputs.recipe(lambda _: sliced_wasserstein(inputs.model, 5), coupled=True)
