"""Sample exactly and independently from a distribution."""

from typing import Any, Protocol

import jax.numpy as jnp
from numpyro.distributions import Distribution

from jgen.distributions.parameters import has_elementwise_support, log_prob_of
from jgen.samplers.accept import evaluations
from jgen.samplers.input_checks import check_unbatched
from jgen.samplers.recipe import Recipe
from jgen.samplers.state import stateless
from jgen.types import COUNTS, Array, DrawKind, Draws, Key, Sampler, Target


class Source(Protocol):
    """Pytree with a method ``sample(key)``, such as any NumPyro distribution."""

    @property
    def sample(self) -> Any:
        """Return the function ``sample(key)``, one exact draw."""


def direct(source: Source) -> Sampler:
    """Draw exactly and independently, each draw of log-weight 0 (Z = 1).

    A draw outside the distribution's own support, as a library's sampler may make by rounding, is flagged
    ``outside_support``; ``summary`` counts them.

    Args:
        source: A NumPyro distribution without batch axes, or any pytree with ``sample(key)``.

    Returns:
        An independent sampler; it needs no starting position.

    Raises:
        ValueError: If the source is a batch of distributions.

    Example:
        >>> import jax, numpyro.distributions as dist
        >>> from jgen.sampling import sample
        >>> run = sample(jax.random.key(0), direct(dist.Normal(3.0, 1.0)), num_chains=1000, num_draws=10)
        >>> bool(abs(run.draws.value.mean() - 3) < 0.05)
        True
    """
    check_unbatched(source, "source")
    return stateless(direct_step, source)


def direct_step(source: Source, key: Key, state: tuple[()]) -> tuple[tuple[()], Draws]:
    """Draw once."""
    value, info, constant = source.sample(key), evaluations(), COUNTS | {"log_weight"}
    if isinstance(source, Distribution) and has_elementwise_support(source):
        info["outside_support"] = log_prob_of(source, value) == -jnp.inf
    return state, Draws(value, info, jnp.zeros(()), DrawKind.INDEPENDENT, constant)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Make the sampler for any target with exact draws."""
    del scale
    return Recipe(direct(target), None) if target.sample is not None else None
