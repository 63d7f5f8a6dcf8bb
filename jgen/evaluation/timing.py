"""How fast a sampler draws, once its program is compiled."""

import time
from typing import Any

import jax

from jgen.sampling.chains import start
from jgen.sampling.driver import Run, resume
from jgen.types import Key, Sampler


def timed_sample(key: Key, sampler: Sampler, *, num_draws: int, **options: Any) -> tuple[Run, float]:
    """A run, and the seconds that its draws took on the wall.

    The same draws as ``sample`` makes. Placing the chains, their warm-up, and one draw that is thrown away to
    have the program compiled come before the clock starts.

    Args:
        key: The run's key.
        sampler: Any sampler.
        num_draws: Draws a chain.
        **options: As in ``jgen.sampling.chains.start``: ``num_chains``, ``position``, ``num_warmup``,
            ``adaptation``.

    Returns:
        The run, with the cost of its warm-up; and seconds.

    Example:
        >>> import jax, numpyro.distributions as dist
        >>> from jgen.samplers import direct
        >>> run, seconds = timed_sample(
        ...     jax.random.key(0), direct(dist.Normal(0.0, 1.0)), num_draws=100, num_chains=10
        ... )
        >>> run.draws.value.shape, seconds > 0
        ((10, 100), True)
    """
    state, warmup_cost = start(key, sampler, **options)
    resume(state, sampler, num_draws=1)
    jax.block_until_ready(state)
    begin = time.perf_counter()
    run = resume(state, sampler, num_draws=num_draws)
    return run._replace(warmup_cost=warmup_cost), time.perf_counter() - begin
