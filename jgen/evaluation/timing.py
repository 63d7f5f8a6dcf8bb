"""Time a sampler without its compilation."""

import time
from typing import Any

import jax

from jgen.sampling.chains import start
from jgen.sampling.driver import Run, resume
from jgen.types import Key, Sampler


def timed_sample(key: Key, sampler: Sampler, *, num_draws: int, **options: Any) -> tuple[Run, float]:
    """Run a sampler and measure the wall-clock seconds of its draws.

    The draws are those of ``sample``. Chains are placed and warmed up, and the program is compiled by one
    draw that is discarded, before the clock starts.

    Args:
        key: The run's key.
        sampler: Any sampler.
        num_draws: Draws a chain.
        **options: As in ``jgen.sampling.chains.start``: ``num_chains``, ``position``, ``num_warmup``,
            ``adaptation``.

    Returns:
        The run, with the cost of its warm-up, and the seconds.

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
