"""Minimise the maximum mean discrepancy between codes and prior."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen._internal.dtypes import at_least_float32
from jgen.objectives.kernels import SCALES, imq, rbf
from jgen.objectives.latent_terms import bind_model, draw, draw_prior, per_example
from jgen.objectives.recipe import Recipe, RecipeInputs
from jgen.types import Array, Key, LatentModel, LossAndAux, PyTree


def mmd(model: LatentModel, *, kernel: Callable[[Array], Array] | None = None) -> Partial:
    r"""Return the squared maximum mean discrepancy between the codes of a batch and as many prior draws.

    .. math:: MMD^2 = E\,k(z, z') + E\,k(y, y') - 2 E\,k(z, y), \qquad z, z' \sim q(z), \quad y, y' \sim p(z)

    Pairs of one draw with itself are left out, so that the estimate is unbiased; it may fall below 0.
    It compares all codes jointly with the prior; the divergence of ``elbo`` compares each. A Wasserstein
    autoencoder is ``weighted(reconstruction=(1.0, reconstruction(model)), mmd=(10.0, mmd(model)))``.

    Args:
        model: With an encoder, of points or of distributions with reparameterised draws. The decoder is not
            called.
        kernel: Maps squared distances to similarities; ``rbf(lengths)``, ``imq(scales)`` or any ``Partial``.
            None for ``imq`` of scales that fit a standard normal prior of this many latents.

    Returns:
        ``objective(params, batch, key) -> (loss, aux)`` with ``aux`` of ``mmd_squared`` ``[batch]``, the
        terms whose mean is the loss; each depends on all codes.

    Raises:
        ValueError: When called, if encoder, prior and batch do not fit, the draws have no gradient, or
            the batch has fewer than 2 examples.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.objectives import mmd
        >>> from jgen.types import LatentModel
        >>> model = LatentModel(
        ...     init=lambda key: {},
        ...     prior=lambda params: dist.Normal(jnp.zeros(1), 1.0).to_event(1),
        ...     decoder=lambda params, z: dist.Normal(z, 1.0).to_event(1),
        ...     encoder=lambda params, x: dist.Delta(x).to_event(1),
        ... )
        >>> same = jax.random.normal(jax.random.key(1), (500, 1))
        >>> loss, _ = mmd(model)({}, same, jax.random.key(0))
        >>> other, _ = mmd(model)({}, same + 1.0, jax.random.key(0))
        >>> bool(abs(loss) < 0.05 < other)
        True

    Reference:
        Gretton et al. (2012), A kernel two-sample test; Tolstikhin et al. (2018), Wasserstein auto-encoders.
    """
    return Partial(_mmd, None if kernel is None else as_partial(kernel), bind_model(model))


def _mmd(kernel: Partial | None, model: LatentModel, params: PyTree, batch: PyTree, key: Key) -> LossAndAux:
    z = per_example(draw(model, params, batch, key))  # [batch, latent]
    prior_draws = per_example(draw_prior(model, params, jax.random.fold_in(key, 1), z.shape[0]))
    terms = mmd_terms(imq(z.shape[1] * SCALES) if kernel is None else kernel, z, prior_draws)
    return terms.mean(), {"mmd_squared": terms}


def mmd_terms(kernel: Callable[[Array], Array], x: Array, y: Array) -> Array:
    """Compute terms ``[draw]`` whose mean is the unbiased squared discrepancy of x and y ``[draw, dim]``."""
    x, y, num_draws = at_least_float32(x), at_least_float32(y), x.shape[0]
    if num_draws < 2:
        raise ValueError(f"mmd compares the draws of a batch in pairs: it needs 2 examples, got {num_draws}")
    others = 1 - jnp.eye(num_draws, dtype=x.dtype)  # [draw, draw]
    within = others * (kernel(_squared_distances(x, x)) + kernel(_squared_distances(y, y)))
    return within.sum(1) / (num_draws - 1) - 2 * kernel(_squared_distances(x, y)).mean(1)


def _squared_distances(x: Array, y: Array) -> Array:
    return jnp.square(x[:, None] - y[None]).sum(-1)  # [draw, draw]; by differences, so that none is below 0


def recipe(inputs: RecipeInputs) -> Recipe:
    """Return the recipe for the checks."""
    make = lambda scale: mmd(inputs.model, kernel=rbf([scale, 2 * scale]))  # noqa: E731
    return inputs.recipe(make, coupled=True, smallest=2)
