"""Maximise the likelihood of values given conditions: regression, classification, any decoder alone."""

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen.distributions.parameters import log_prob_of
from jgen.objectives.input_checks import distribution_given, require_event
from jgen.objectives.recipe import Recipe, RecipeInputs
from jgen.types import Array, Conditional, Key, LossAndAux, PyTree


def conditional_likelihood(conditional: Conditional) -> Partial:
    r"""Return the negative mean log-probability of values, each given its condition.

    .. math:: \ell(\theta) = -\frac1n \sum_{i=1}^n \log p_\theta(y_i | x_i)

    With a Categorical it is the cross-entropy of a classifier; with a Normal of fixed scale, least squares.

    Args:
        conditional: ``(params, condition [batch, ...]) -> distribution`` of ``batch_shape [batch]``: the
            ``apply_of`` a module that returns one, or any ``Partial``.

    Returns:
        ``objective(params, batch, key) -> (loss, aux)`` in nats per example, with ``aux`` of ``log_prob``
        ``[batch]``. The batch is a pair ``(condition, value)``; the key is not used.

    Raises:
        TypeError: If ``conditional`` is not a function, or the batch is not a pair.
        ValueError: When called, if condition or value do not fit.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.objectives import conditional_likelihood
        >>> def line(params, x):
        ...     return dist.Normal(params["slope"] * x, 1.0)
        >>> x = jnp.array([1.0, 2.0])
        >>> loss, aux = conditional_likelihood(line)({"slope": 3.0}, (x, 3 * x), jax.random.key(0))
        >>> round(float(loss), 4), aux["log_prob"].shape
        (0.9189, (2,))

    Reference:
        Bishop (2006), Pattern recognition and machine learning, chapters 3 and 4.
    """
    if isinstance(conditional, dist.Distribution) or not callable(conditional):
        raise TypeError(
            f"conditional must be a function (params, condition) -> Distribution, got {conditional!r}"
        )
    return Partial(_conditional_likelihood, as_partial(conditional))


def _conditional_likelihood(conditional: Partial, params: PyTree, batch: PyTree, key: Key) -> LossAndAux:  # noqa: ARG001
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        raise TypeError(f"the batch must be a pair (condition, value), got {type(batch).__name__}")
    condition, value = batch
    distribution = distribution_given("conditional", conditional, params, condition)
    require_event("conditional", distribution, value)
    log_prob = log_prob_of(distribution, value)  # [batch]
    return -log_prob.mean(), {"log_prob": log_prob}


def recipe(inputs: RecipeInputs) -> Recipe:
    """Return the recipe for the checks: a line with noise."""
    x = jnp.linspace(-1.0, 1.0, jax.tree.leaves(inputs.batch)[0].shape[0])
    return Recipe(_make, Partial(_init), (x, 2 * x + 1), stochastic=False)


def _make(scale: float) -> Partial:
    return conditional_likelihood(Partial(_line, jnp.asarray(scale)))


def _init(key: Key) -> dict[str, Array]:
    return {"slope": jax.random.normal(key), "log_scale": jnp.zeros(())}


def _line(intercept: Array, params: PyTree, x: Array) -> dist.Distribution:
    return dist.Normal(intercept + params["slope"] * x, jnp.exp(params["log_scale"]))
