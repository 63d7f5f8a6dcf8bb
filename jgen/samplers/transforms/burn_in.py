"""Forgetting the start."""

from jax.tree_util import Partial

from jgen._internal.validation import check_count
from jgen.samplers.reinitialize import burn_in_init
from jgen.types import Array, Sampler


def burn_in(sampler: Sampler, num_steps: int | Array) -> Sampler:
    """A sampler whose ``init`` makes ``num_steps`` steps and throws their draws away.

    Its steps leave no draw to be counted in; to have them counted, or to adapt meanwhile, use
    ``sample(..., num_warmup=...)``. It goes outside ``cycle``, which starts its members
    afresh at every step and refuses one that would burn in each time.

    Args:
        sampler: Any sampler.
        num_steps: Steps before the first draw; data, so a new number compiles nothing.

    Returns:
        A sampler with the same state and the same law.

    Raises:
        ValueError: If ``num_steps`` is negative.
        TypeError: If it is no integer.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.samplers import mala
        >>> from jgen.sampling.driver import sample
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
