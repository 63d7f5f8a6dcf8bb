"""The law of cost: a sampler reports as many gradients and densities as it spends."""

import jax
import jax.numpy as jnp

from jgen.sampling.chains import place
from jgen.testing.check_result import CheckFailed
from jgen.testing.sampler_checks.evaluation_counter import TALLY, step_alone, with_counter
from jgen.testing.sampler_checks.invalid_region import with_invalid_region
from jgen.testing.sampler_checks.target_draws import Make, lane, positions
from jgen.types import Key, Target

NUM_STEPS = 5


def cost(make: Make, target: Target, key: Key) -> None:
    """``num_grads`` and ``num_log_densities`` equal the true number of calls of the target.

    Args:
        make: Makes the sampler.
        target: A target that the sampler claims.
        key: Any key.

    Raises:
        LawBroken: If the counts differ.
    """
    target = with_invalid_region(target)
    state = lane(
        place(make(target, 1.0), key, jnp.arange(2, dtype=jnp.uint32), positions(target, 2)).states, 0
    )
    sampler = make(with_counter(target), 1.0)
    before, told = TALLY.read(), [0, 0]
    for step_key in jax.random.split(key, NUM_STEPS):
        state, draws = step_alone(sampler, step_key, state)
        told[0] += int(draws.info["num_grads"])
        told[1] += int(draws.info["num_log_densities"])
    spent = [now - then for now, then in zip(TALLY.read(), before, strict=True)]
    if spent != told:
        raise CheckFailed(
            f"in {NUM_STEPS} steps the target gave {spent[0]} gradients and {spent[1]} log densities; the "
            f"sampler reports {told[0]} and {told[1]}"
        )
