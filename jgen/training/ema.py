r"""Keep an exponential moving average of parameters in the optimizer's state."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.tree_util import Partial

from jgen._internal.dtypes import at_least_float32
from jgen.types import Array, PyTree, TrainState


class EmaParams(NamedTuple):
    """State of the average.

    Attributes:
        num_updates: Number of updates so far.
        average: Average, like the parameters, in float32 at least.
    """

    num_updates: Array
    average: PyTree


def ema_params(decay: float) -> optax.GradientTransformation:
    r"""Average the parameters after each update; the updates pass unchanged.

    After t updates the average is that of :math:`\theta_1, \dots, \theta_t` with weights
    :math:`\propto \rho^{t-i}`, which sum to one from the first update on:

    .. math:: \bar\theta_t = \bar\theta_{t-1} + \frac{1 - \rho}{1 - \rho^t} (\theta_t - \bar\theta_{t-1}).

    (``optax.ema`` averages updates, not parameters.)

    Args:
        decay: :math:`\rho`, in [0, 1); the average covers about :math:`1 / (1 - \rho)` updates.

    Returns:
        A transformation, for the end of ``optax.chain``: later transformations are not included. Inside
        ``optax.MultiSteps`` it counts updates, not micro-batches.

    Raises:
        ValueError: For another decay.

    Example:
        >>> import jax, jax.numpy as jnp, optax
        >>> from jgen.training import averaged_params, ema_params, init_state, make_train_step, train
        >>> def half_square(params, batch, key):
        ...     return jnp.mean((params - batch) ** 2) / 2, {}
        >>> optimizer = optax.chain(optax.sgd(0.5), ema_params(0.5))
        >>> state = init_state(jax.random.key(0), jnp.zeros(()), optimizer)
        >>> state = train(state, make_train_step(half_square, optimizer), jnp.ones(4), 2).state
        >>> float(state.params), round(float(averaged_params(state)), 4)  # 1/3 of 0.5, 2/3 of 0.75
        (0.75, 0.6667)

    Reference:
        Polyak and Juditsky, Acceleration of stochastic approximation by averaging, 1992; the weights are
        those of Kingma and Ba, Adam, 2015, section 3.
    """
    if not 0 <= decay < 1:
        raise ValueError(f"decay must be in [0, 1), got {decay}")
    return optax.GradientTransformation(Partial(_init), Partial(_update, 1 - decay))


def averaged_params(state: TrainState, default: PyTree = None) -> PyTree:
    """Return the average kept by ``ema_params``.

    Args:
        state: State of an optimizer that contains ``ema_params``.
        default: Value to return if the optimizer keeps no average; None to raise instead.

    Returns:
        A pytree like ``state.params``; before the first update, equal to it.

    Raises:
        ValueError: If the optimizer keeps no average, or more than one.
    """
    nodes = jax.tree.leaves(state.opt_state, is_leaf=lambda node: isinstance(node, EmaParams))
    found = [node.average for node in nodes if isinstance(node, EmaParams)]
    if not found and default is not None:
        return default
    if len(found) != 1:
        raise ValueError(
            f"the optimizer keeps {len(found)} averages of parameters, where 1 is expected: "
            "optax.chain(optimizer, ema_params(0.999))"
        )
    return found[0]


def _init(params: PyTree) -> EmaParams:
    return EmaParams(jnp.zeros((), jnp.int32), jax.tree.map(at_least_float32, params))


def _update(
    rest: Array, updates: PyTree, state: EmaParams, params: PyTree | None = None
) -> tuple[PyTree, EmaParams]:
    if params is None:
        raise ValueError("ema_params needs the parameters: optimizer.update(updates, state, params)")
    num_updates = optax.safe_increment(state.num_updates)
    log_decay = jnp.log1p(-rest)  # rest = 1 - decay; from a float32 decay near 1 it would lose its digits
    weight = jnp.expm1(log_decay) / jnp.expm1(num_updates * log_decay)
    new = jax.tree.map(at_least_float32, optax.apply_updates(params, updates))
    average = jax.tree.map(lambda old, leaf: old + weight * (leaf - old), state.average, new)
    return updates, EmaParams(num_updates, average)
