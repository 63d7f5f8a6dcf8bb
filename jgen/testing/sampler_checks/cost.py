"""Check that a sampler reports as many gradients and log densities as it evaluates."""

import jax
import jax.numpy as jnp

from jgen.sampling.chains import place
from jgen.testing.requirements import require
from jgen.testing.sampler_checks.evaluation_counter import COUNTER, single_step, with_counter
from jgen.testing.sampler_checks.invalid_region import with_invalid_region
from jgen.testing.sampler_checks.target_draws import Make, positions, select_index
from jgen.types import Key, Target

NUM_STEPS = 5


def cost(make: Make, target: Target, key: Key) -> str:
    """Compare ``num_grads`` and ``num_log_densities`` with the true number of calls of the target.

    Args:
        make: Makes the sampler.
        target: A target that the sampler claims.
        key: Any key.

    Returns:
        The numbers, in words.

    Raises:
        CheckFailed: If the counts differ.
    """
    target = with_invalid_region(target)
    placed = place(make(target, 1.0), key, jnp.arange(2, dtype=jnp.uint32), positions(target, 2))
    state = select_index(placed.states, 0)
    sampler = make(with_counter(target), 1.0)
    before, reported = COUNTER.read(), [0, 0]
    for step_key in jax.random.split(key, NUM_STEPS):
        state, draws = single_step(sampler, step_key, state)
        reported[0] += int(draws.info["num_grads"])
        reported[1] += int(draws.info["num_log_densities"])
    spent = [now - then for now, then in zip(COUNTER.read(), before, strict=True)]
    evaluated = f"{spent[0]} gradients and {spent[1]} log densities"
    require(
        spent == reported,
        f"in {NUM_STEPS} steps the target was evaluated for {evaluated}; the sampler reports {reported[0]} "
        f"and {reported[1]}. Usual causes: an evaluation in a loop or at a rejected proposal not counted, or "
        "a value that came with its gradient counted twice",
    )
    return f"{evaluated} in {NUM_STEPS} steps, as reported"
