"""Temper a distribution: its density to a power, normalised."""

from functools import singledispatch
from typing import Any

import jax
import jax.numpy as jnp
import numpyro.distributions as dist

from jgen.distributions.gaussian_algebra import gaussian_parameters, like
from jgen.distributions.input_checks import check_positive_scalar, no_closed_form
from jgen.distributions.parameters import unchecked_logits
from jgen.types import Array


def temper(distribution: Any, beta: Array | float) -> dist.Distribution:
    r"""Return the distribution proportional to $p(x)^\beta$: hotter for $\beta < 1$, colder for $\beta > 1$.

    Gaussians: $\Sigma / \beta$. Bernoulli and categorical: log-odds and logits times $\beta$. A power of a
    mixture is not a mixture, so it has no closed form; for a log-density, multiply it by beta.

    Args:
        distribution: A Gaussian, Bernoulli or categorical, or a batch of them seen as one event.
        beta: Inverse temperature, a positive scalar.

    Returns:
        A distribution written in the same NumPyro classes.

    Raises:
        TypeError: No closed form for this family.
        ValueError: A beta that is not positive.

    Example:
        >>> import numpyro.distributions as dist
        >>> float(temper(dist.Normal(0.0, 1.0), 4.0).scale)
        0.5
    """
    check_positive_scalar("temper: beta", beta)
    return _temper(distribution, beta)


@singledispatch
def _temper(distribution: Any, _beta: Any) -> dist.Distribution:
    raise no_closed_form("temper", _temper, distribution)


@_temper.register(dist.Normal | dist.MultivariateNormal)
def _(distribution: Any, beta: Any):
    mean, scale = gaussian_parameters(distribution)
    return like(distribution, mean, scale / jnp.sqrt(beta))


@_temper.register
def _(distribution: dist.Independent, beta: Any):
    return _temper(distribution.base_dist, beta).to_event(distribution.reinterpreted_batch_ndims)


@_temper.register
def _(distribution: dist.BernoulliProbs, beta: Any):
    probs = jnp.asarray(distribution.probs)
    is_edge = (probs <= 0) | (probs >= 1)
    between = jnp.where(is_edge, 0.5, probs)
    tempered = jax.nn.sigmoid(beta * jnp.log(between / (1 - between)))  # powers themselves would underflow
    return dist.BernoulliProbs(jnp.where(is_edge, probs, tempered))


@_temper.register
def _(distribution: dist.BernoulliLogits, beta: Any):
    return dist.BernoulliLogits(beta * distribution.logits)


@_temper.register
def _(distribution: dist.CategoricalProbs, beta: Any):
    return dist.CategoricalProbs(jax.nn.softmax(beta * distribution.logits, axis=-1))


@_temper.register
def _(distribution: dist.CategoricalLogits, beta: Any):
    return unchecked_logits(beta * distribution.logits)
