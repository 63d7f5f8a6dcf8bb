"""Share Adam optimizers with a cosine learning rate between runs."""

import functools

import optax


@functools.cache
def cosine_adam(rate: float, num_steps: int, weight_decay: float = 0.0) -> optax.GradientTransformation:
    """Return Adam with a cosine learning rate; equal arguments give one optimizer, so one compiled program.

    Args:
        rate: Initial learning rate.
        num_steps: Steps until the rate is 0.
        weight_decay: Decoupled weight decay; 0 for none.
    """
    schedule = optax.cosine_decay_schedule(rate, num_steps)
    return optax.adamw(schedule, weight_decay=weight_decay) if weight_decay else optax.adam(schedule)
