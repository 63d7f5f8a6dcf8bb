"""Sample exactly and independently from a distribution."""

from typing import Any, Protocol

import jax.numpy as jnp
from numpyro.distributions import Distribution

from jgen.distributions.library_faults import checks_draws, fault_of_draws, is_misplaced
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

    A draw where the distribution's own density is 0, infinite or no number, or that was cut off, as a
    library's sampler may make by rounding (a truncated normal far out, a gamma of concentration .01 rounded
    to 0, a Dirichlet of such parts, a Poisson of mean 1e10), is flagged ``outside_support``; ``summary``
    counts them. What cannot be seen in a draw is refused: von Mises distributions too narrow for arc cosines.

    Args:
        source: A NumPyro distribution without batch axes, or any pytree with ``sample(key)``.

    Returns:
        An independent sampler; it needs no starting position.

    Raises:
        ValueError: If the source is a batch of distributions, or its draws are known to be wrong in their
            type.

    Example:
        >>> import jax, numpyro.distributions as dist
        >>> from jgen.sampling import sample
        >>> run = sample(jax.random.key(0), direct(dist.Normal(3.0, 1.0)), num_chains=1000, num_draws=10)
        >>> bool(abs(run.draws.value.mean() - 3) < 0.05)
        True
    """
    check_unbatched(source, "source")
    if fault := fault_of_draws(source):
        raise ValueError(f"direct: of {type(source).__name__}, {fault}.")
    return stateless(direct_step, source)


def direct_step(source: Source, key: Key, state: tuple[()]) -> tuple[tuple[()], Draws]:
    """Draw once."""
    value, info, constant = source.sample(key), evaluations(), COUNTS | {"log_weight"}
    if isinstance(source, Distribution) and checks_draws(source):
        info["outside_support"] = is_misplaced(source, value)
    return state, Draws(value, info, jnp.zeros(()), DrawKind.INDEPENDENT, constant)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Make the sampler for any target with exact draws."""
    del scale
    return Recipe(direct(target), None) if target.sample is not None else None
