"""Maximise an exact likelihood given as a function: linear Gaussian, flow, autoregressive models."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen.objectives.input_checks import num_examples
from jgen.objectives.recipe import Recipe, RecipeInputs
from jgen.types import Array, Key, LossAndAux, PyTree


def exact_likelihood(log_prob: Callable[[PyTree, PyTree], Array]) -> Partial:
    r"""Return the negative mean of an exact log p(x), for models whose latent can be summed out.

    .. math:: \ell(\theta) = -\frac1n \sum_{i=1}^n \log p_\theta(x_i)

    ``maximum_likelihood`` is the same for a distribution; here a function of the whole batch is given.

    Args:
        log_prob: ``(params, x [batch, *event]) -> [batch]``, normalised, in nats: a module-level function
            such as ``jgen.models.linear_log_prob``, or a ``Partial`` of one.

    Returns:
        ``objective(params, batch, key) -> (loss, aux)`` in nats per example, with ``aux`` of ``log_prob``
        ``[batch]``. The key is not used.

    Raises:
        TypeError: If ``log_prob`` is not a function.
        ValueError: When called, if it does not return one number for each example.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.objectives import exact_likelihood
        >>> def log_prob(params, x):  # z ~ N(0, 1), x | z ~ N(params z, 1)
        ...     return dist.Normal(0.0, jnp.sqrt(params**2 + 1)).log_prob(x)
        >>> x = jnp.array([1.0, -3.0])  # mean square 5, so that params = 2 is optimal
        >>> gradient = jax.grad(exact_likelihood(log_prob), has_aux=True)(2.0, x, jax.random.key(0))[0]
        >>> bool(abs(gradient) < 1e-6)
        True

    Reference:
        Tipping and Bishop (1999), Probabilistic principal component analysis.
    """
    if not callable(log_prob):
        raise TypeError(f"log_prob must be a function (params, x) -> [batch], got {log_prob!r}")
    return Partial(_exact_likelihood, as_partial(log_prob))


def _exact_likelihood(log_prob_of: Partial, params: PyTree, batch: PyTree, key: Key) -> LossAndAux:  # noqa: ARG001
    log_prob = log_prob_of(params, batch)  # [batch]
    if log_prob.shape != (num_examples(batch),):
        raise ValueError(
            f"log_prob must return one number for each of {num_examples(batch)} examples, got shape "
            f"{log_prob.shape}"
        )
    return -log_prob.mean(), {"log_prob": log_prob}


def recipe(inputs: RecipeInputs) -> Recipe:
    """Return the recipe for the checks: independent logistic distributions."""
    batch = jax.tree.leaves(inputs.batch)[0].reshape(num_examples(inputs.batch), -1)
    make = lambda scale: exact_likelihood(Partial(_logistic, jnp.asarray(scale)))  # noqa: E731
    return Recipe(make, jax.random.normal, batch, stochastic=False)


def _logistic(scale: Array, location: Array, x: Array) -> Array:
    white = (x - location) / scale
    return (-white - 2 * jax.nn.softplus(-white) - jnp.log(scale)).sum(1)
