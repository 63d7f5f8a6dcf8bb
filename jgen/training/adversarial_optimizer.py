"""Combine the optimizers of a model and its critic, with several critic steps per model step."""

import optax
from jax.tree_util import Partial

from jgen._internal.binding import bind_static
from jgen.objectives.input_checks import check_size
from jgen.types import Array


def adversarial_optimizer(
    model: optax.GradientTransformation, critic: optax.GradientTransformation, *, critic_steps: int = 1
) -> optax.GradientTransformation:
    """Combine two optimizers into one of ``{"model": ..., "critic": ...}``.

    With ``critic_steps`` of k the critic is updated at every step and the model at every k-th, after k - 1
    updates of the critic alone. In between the model's updates are 0 and its optimizer's state is unchanged
    (``optax.conditionally_mask``; ``conditionally_transform`` would return the gradient unchanged).

    Args:
        model: Optimizer of the model.
        critic: Optimizer of the critic.
        critic_steps: Critic updates per model update, 1 or more.

    Returns:
        The optimizer, for ``make_train_step``. Create it once.

    Raises:
        TypeError: If ``critic_steps`` is no integer.
        ValueError: If it is below 1.

    Example:
        >>> import jax.numpy as jnp, optax
        >>> optimizer = adversarial_optimizer(optax.sgd(1.0), optax.sgd(1.0), critic_steps=3)
        >>> params = {"model": jnp.zeros(()), "critic": jnp.zeros(())}
        >>> state = optimizer.init(params)
        >>> for _ in range(6):
        ...     updates, state = optimizer.update({"model": -1.0, "critic": -1.0}, state, params)
        ...     params = optax.apply_updates(params, updates)
        >>> float(params["model"]), float(params["critic"])
        (2.0, 6.0)
    """
    critic_steps = check_size("critic_steps", critic_steps)
    if critic_steps > 1:
        model = optax.conditionally_mask(model, Partial(bind_static(_is_last, out_of=critic_steps)))
    return optax.multi_transform({"model": model, "critic": critic}, {"model": "model", "critic": "critic"})


def _is_last(step: Array, *, out_of: int) -> Array:
    return step % out_of == out_of - 1
