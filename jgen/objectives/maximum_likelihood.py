"""Maximise the likelihood of a distribution."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax.tree_util import Partial
from numpyro.distributions import Distribution, Logistic

from jgen._internal.binding import as_partial
from jgen.distributions.parameters import log_prob_of
from jgen.objectives.input_checks import require_event, require_unbatched
from jgen.objectives.latent_terms import per_example
from jgen.objectives.recipe import Recipe, RecipeInputs
from jgen.types import Array, Key, LossAndAux, PyTree


def maximum_likelihood(distribution_of: Callable[[PyTree], Distribution]) -> Partial:
    r"""Return the objective whose minimum is the maximum-likelihood estimate.

    .. math:: \ell(\theta) = -\frac{1}{n} \sum_{i=1}^{n} \log p_\theta(x_i).

    Its expectation is the entropy of the data plus the Kullback-Leibler divergence from the data to the
    model, so that its minimum minimises the divergence.

    Args:
        distribution_of: ``params -> Distribution`` of one example, without batch axes and with one
            ``log_prob`` per example. A module-level function, or a ``Partial`` of one with its options bound.

    Returns:
        ``objective(params, batch, key) -> (loss, aux)`` with the loss in nats per example and
        ``aux = {"log_prob": [batch]}``. The batch is one array ``[batch, *event]`` (or a pytree, for a
        distribution over pytrees); the key is not used.

    Raises:
        TypeError: If ``distribution_of`` is not a function.
        ValueError: If the distribution has batch axes, or an example does not have its shape.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> import numpyro.distributions as dist
        >>> from jgen.objectives.maximum_likelihood import maximum_likelihood
        >>> objective = maximum_likelihood(dist.Normal)  # params is the mean
        >>> loss, aux = objective(0.0, jnp.array([-1.0, 1.0]), jax.random.key(0))
        >>> round(float(loss), 4), aux["log_prob"].shape
        (1.4189, (2,))

    Reference:
        R. A. Fisher, On the mathematical foundations of theoretical statistics, 1922.
    """
    if isinstance(distribution_of, Distribution) or not callable(distribution_of):
        raise TypeError(f"distribution_of must be a function params -> Distribution, got {distribution_of!r}")
    return Partial(_maximum_likelihood, as_partial(distribution_of))


def _maximum_likelihood(distribution_of: Partial, params: PyTree, batch: PyTree, key: Key) -> LossAndAux:  # noqa: ARG001
    distribution = require_unbatched("what distribution_of returns", distribution_of(params), "example")
    require_event("distribution", distribution, batch)
    log_prob = jax.vmap(partial(log_prob_of, distribution))(batch)  # [batch]
    return -log_prob.mean(), {"log_prob": log_prob}


def recipe(inputs: RecipeInputs) -> Recipe:
    """Return the recipe for the checks: one logistic distribution."""
    (batch, *_) = jax.tree.leaves(inputs.batch)
    make = lambda scale: maximum_likelihood(Partial(_logistic, jnp.asarray(scale)))  # noqa: E731
    return Recipe(make, jax.random.normal, per_example(batch)[:, 0], stochastic=False)


def _logistic(scale: Array, location: Array) -> Distribution:
    return Logistic(location, scale)
