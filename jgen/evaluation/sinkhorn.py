"""Solve entropic optimal transport between two sets of rows, in the log domain and in float64."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp

from jgen.types import Array

State = tuple[Array, Array, Array, Array]
"""Potentials of x and y, marginal error, number of iterations."""


class Plan(NamedTuple):
    """Solution of one problem.

    Attributes:
        cost: Optimal value.
        of_x: Dual potential of each row of x ``[n]``.
        of_y: Dual potential of each row of y ``[m]``.
        marginal_error: Sum of absolute errors of the row marginals of the plan.
        num_iterations: Iterations made.
    """

    cost: float
    of_x: np.ndarray
    of_y: np.ndarray
    marginal_error: float
    num_iterations: int


def solve(x: np.ndarray, y: np.ndarray, eps: float, *, tolerance: float, max_iterations: int) -> Plan:
    r"""Solve :math:`\min_\pi \int \|x - y\|^2 d\pi + \epsilon\, KL(\pi \| \mu \otimes \nu)` for even weights.

    Sinkhorn's iteration; for a set with itself (``x is y``) its symmetric half, which converges faster. The
    matrices of cost and plan are stored, 8 n m bytes each.

    Args:
        x: ``[n, dim]``.
        y: ``[m, dim]``.
        eps: :math:`\epsilon = 2 \sigma^2`, in squared units of the rows.
        tolerance: Of the marginal error.
        max_iterations: Where to stop if it is not reached.

    Example:
        >>> x = np.array([[0.0], [1.0]])
        >>> plan = solve(x, x, 1.0, tolerance=1e-12, max_iterations=1000)
        >>> bool(np.isclose(plan.cost, np.log(2) - np.log1p(np.exp(-1))))
        True

    Reference:
        Cuturi (2013), Sinkhorn distances; Feydy et al. (2019), Interpolating between optimal transport and
        MMD, for the symmetric iteration.
    """
    program = _solve_self if x is y else _solve
    with jax.ensure_compile_time_eval(), jax.enable_x64(True):
        arrays = [jnp.asarray(rows, jnp.float64) for rows in ((x,) if x is y else (x, y))]
        found = jax.device_get(program(*arrays, eps, tolerance, max_iterations=max_iterations))
    of_x, of_y, error, count = found
    return Plan(float(of_x.mean() + of_y.mean()), of_x, of_y, float(error), int(count))


def _squared(x: Array, y: Array) -> Array:
    return jnp.maximum((x**2).sum(1)[:, None] + (y**2).sum(1)[None] - 2 * x @ y.T, 0.0)


def _soft_minimum(cost: Array, potential: Array, eps: Array) -> Array:
    """Compute the potential of the rows of the cost that makes their marginals even."""
    return -eps * (logsumexp((potential[None] - cost) / eps, axis=1) - jnp.log(cost.shape[1]))


@partial(jax.jit, static_argnames="max_iterations")
def _solve(x: Array, y: Array, eps: Array, tolerance: Array, *, max_iterations: int) -> State:
    cost = _squared(x, y)

    def body(state: State) -> State:
        of_x, _, _, count = state
        of_y = _soft_minimum(cost.T, of_x, eps)
        new = _soft_minimum(cost, of_y, eps)
        return new, of_y, jnp.abs(jnp.expm1((of_x - new) / eps)).mean(), count + 1

    return _until_even(body, jnp.zeros(len(x)), jnp.zeros(len(y)), tolerance, max_iterations)


@partial(jax.jit, static_argnames="max_iterations")
def _solve_self(x: Array, eps: Array, tolerance: Array, *, max_iterations: int) -> State:
    cost = _squared(x, x)

    def body(state: State) -> State:
        of_x, _, _, count = state
        new = _soft_minimum(cost, of_x, eps)
        error = jnp.abs(jnp.expm1((of_x - new) / eps)).mean()
        new = (of_x + new) / 2
        return new, new, error, count + 1

    return _until_even(body, jnp.zeros(len(x)), jnp.zeros(len(x)), tolerance, max_iterations)


def _until_even(
    body: Callable[[State], State], of_x: Array, of_y: Array, tolerance: Array, max_iterations: int
) -> State:
    """Iterate until the marginals are even within the tolerance."""

    def is_uneven(state: State) -> Array:
        return (state[2] > tolerance) & (state[3] < max_iterations)

    return jax.lax.while_loop(is_uneven, body, (of_x, of_y, jnp.asarray(jnp.inf), jnp.asarray(0)))
