"""Make the train step: one gradient update on an objective."""

from collections.abc import Mapping
from typing import Any

import jax
import optax
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen._internal.threefry import written_out
from jgen.objectives.scheduled_objective import Scheduled
from jgen.types import Array, Objective, PyTree, TrainState


def make_train_step(objective: Objective, optimizer: optax.GradientTransformation) -> Partial:
    """Make a gradient step on an objective, as a pytree: ``step(state, batch) -> (state, aux)``.

    ``aux`` is the objective's, with ``loss`` added. Optimizers that need more than the gradient
    (``optax.lbfgs``, ``optax.contrib.reduce_on_plateau``) receive ``value``, ``grad`` and ``value_fn``.

    Gradient options belong to optax: ``optax.clip_by_global_norm`` in a chain clips the gradient,
    ``optax.MultiSteps(optimizer, k).gradient_transformation()`` accumulates it over k micro-batches, and
    ``ema_params`` at the end of a chain averages the parameters.

    Args:
        objective: ``(params, batch, key) -> (loss, aux)``, a scalar and arrays; a module-level function
            or a ``Partial`` of one, with its dependencies bound. A ``Scheduled`` one is evaluated at the step
            of the state.
        optimizer: Any optax transformation. Create it once: equal steps need the same optimizer.

    Returns:
        The step. It is pure and not compiled: ``train`` compiles it, and so does
        ``jax.jit(step, donate_argnums=0)``. ``jax.vmap(step, (0, None))`` steps many restarts at once.

    Raises:
        TypeError: If the objective or the optimizer is not as described above.

    Example:
        >>> import jax, jax.numpy as jnp, optax
        >>> from jgen.training import init_state, make_train_step
        >>> def half_square(params, batch, key):
        ...     return jnp.mean((params - batch) ** 2) / 2, {}
        >>> optimizer = optax.sgd(0.5)
        >>> step = make_train_step(half_square, optimizer)
        >>> state, aux = step(init_state(jax.random.key(0), jnp.zeros(()), optimizer), jnp.ones(4))
        >>> float(state.params), float(aux["loss"])
        (0.5, 0.5)
    """
    if not callable(objective):
        expected = "a function (params, batch, key) -> (loss, aux)"
        raise TypeError(f"objective must be {expected}, got {objective!r}")
    if not isinstance(optimizer, optax.GradientTransformation):
        raise TypeError(f"optimizer must be an optax.GradientTransformation, got {type(optimizer).__name__}")
    if not isinstance(objective, Scheduled):  # a pytree already
        objective = as_partial(objective)
    return Partial(_train_step, objective, type(optimizer)(*map(as_partial, optimizer)))


def _train_step(
    objective: Objective, optimizer: optax.GradientTransformation, state: TrainState, batch: PyTree
) -> tuple[TrainState, Mapping[str, Array]]:
    if isinstance(objective, Scheduled):
        objective = objective.at(state.step)
    key = jax.random.fold_in(written_out(state.key), state.step)
    (loss, aux), grad = jax.value_and_grad(objective, has_aux=True)(state.params, batch, key)
    if "loss" in aux:
        raise ValueError("aux must not have an entry 'loss': the step adds it; rename the objective's")
    more: Mapping[str, Any] = {
        "value": loss,
        "grad": grad,
        "value_fn": lambda params: objective(params, batch, key)[0],
    }
    optimizer = optax.with_extra_args_support(optimizer)
    updates, opt_state = optimizer.update(grad, state.opt_state, state.params, **more)
    params = optax.apply_updates(state.params, updates)
    return TrainState(state.step + 1, params, opt_state, state.key), {"loss": loss, **aux}
