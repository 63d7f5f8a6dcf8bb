"""Discard the first draws."""

from jax.tree_util import Partial

from jgen._internal.validation import check_count
from jgen.samplers.reinitialize import burn_in_init
from jgen.types import Array, Sampler


def burn_in(sampler: Sampler, num_steps: int | Array) -> Sampler:
    """Make ``num_steps`` steps when a chain is initialised, and discard their draws.

    The cost of these steps is not counted; to count it, or to adapt during them, use
    ``sample(..., num_warmup=...)``. Apply it outside ``cycle``, which initialises its members at every step
    and raises for one that would burn in each time.

    Args:
        sampler: Any sampler.
        num_steps: Steps before the first draw; data, so a new number compiles nothing.

    Returns:
        A sampler with the same state and the same kind of draws.

    Raises:
        ValueError: If ``num_steps`` is negative.
        TypeError: If it is no integer.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.samplers import mala
        >>> from jgen.sampling import sample
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum(x**2)
        >>> far = jnp.full((8, 1), 30.0)
        >>> sampler = burn_in(mala(log_density), 200)
        >>> run = sample(jax.random.key(0), sampler, num_draws=1, num_chains=8, position=far)
        >>> bool((abs(run.draws.value) < 6).all())
        True
    """
    num_steps = check_count("burn_in: num_steps", num_steps, least=0)
    return Sampler(Partial(burn_in_init, sampler, num_steps), sampler.step)
