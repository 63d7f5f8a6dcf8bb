"""Know where draws of NumPyro are wrong: those that show it, one by one, and those that do not."""

from functools import singledispatch
from typing import Any

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from numpyro.distributions import constraints

from jgen._internal.validation import is_traced
from jgen.distributions.input_checks import to_float
from jgen.distributions.parameters import elementwise_support, has_elementwise_support, log_prob_of
from jgen.types import Array

VISIBLE = 1e-3
"""A share of draws, or an error of their distribution function, that 20,000 draws begin to show."""


@singledispatch
def fault_of_draws(distribution: Any) -> str | None:
    """Return what is wrong with the draws of a distribution of known parameters, in words; else None.

    Only what no test of a draw can see: ``is_misplaced`` looks at draws one by one.

    Example:
        >>> fault_of_draws(dist.VonMises(0.0, 10.0)) is None, fault_of_draws(dist.VonMises(0.0, 1e6)) is None
        (True, False)
    """
    try:
        jax.tree.map(lambda leaf: leaf, distribution)
    except AttributeError:
        return (
            "NumPyro cannot rebuild it from its parameters, as compiled functions must: use "
            "HurdleProbs(NegativeBinomial2(mean, concentration), gate)"
        )
    return None


@fault_of_draws.register(dist.Independent | dist.ExpandedDistribution | dist.MaskedDistribution)
def _(distribution: Any):
    return fault_of_draws(distribution.base_dist)


@fault_of_draws.register
def _(distribution: dist.VonMises):
    concentration = to_float(distribution.concentration)
    most = VISIBLE / jnp.finfo(concentration.dtype).eps
    if is_traced(concentration) or not jnp.any(concentration > most):
        return None
    return (
        f"draws are arc cosines, too coarse in {concentration.dtype} for a concentration above {most:.2g}: "
        "use Normal(loc, concentration**-0.5), which is the same there, or float64"
    )


@singledispatch
def checks_draws(distribution: Any) -> bool:
    """Return whether ``is_misplaced`` can find something: not where each number has a finite density."""
    return has_elementwise_support(distribution) or distribution.support is constraints.simplex


@checks_draws.register(dist.StudentT | dist.MultivariateStudentT)
def _(_distribution: Any):
    return True  # draws may be infinite


@checks_draws.register
def _(distribution: dist.Independent):
    return checks_draws(distribution.base_dist)


def is_misplaced(distribution: Any, value: Array) -> Array:
    """Return whether a draw was rounded or cut off to where it could not be.

    That is where its density is 0, infinite or no number, where a part of a simplex or of a unit interval is
    cut off (NumPyro moves draws to the smallest normal number and to 1 - eps), and where a count is the
    largest integer.

    Args:
        distribution: A NumPyro distribution without batch axes.
        value: ``[*event]``, of any kind that it draws.

    Returns:
        A scalar.
    """
    at_end = _is_at_end(distribution, value).any()
    return at_end | ~jnp.isfinite(log_prob_of(distribution, value))


def _is_at_end(distribution: Any, value: Array) -> Array:
    if not jnp.issubdtype(value.dtype, jnp.floating):
        return value == (jnp.iinfo(value.dtype).max if value.dtype != bool else 2)
    support, limits = elementwise_support(distribution), jnp.finfo(value.dtype)
    if support is constraints.unit_interval or support is constraints.simplex:
        return (value <= limits.tiny) | (value >= 1 - limits.eps)
    return jnp.zeros(value.shape, bool)
