"""Adapt step size, damping and mass matrix of generalised HMC from the positions of many chains."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import bind_static
from jgen._internal.trees import select_tree
from jgen.sampling.adaptation.dual_averaging import iterate_average
from jgen.sampling.adaptation.tuning import diagonal, factor_of, gradients_of, positions_of, set_tuning
from jgen.types import Adaptation, Array, Draws, PyTree


class FoldEstimates(NamedTuple):
    """Estimates from one fold of the chains, or their average over folds and steps.

    Attributes:
        log_step: Log of the step size ``[]``.
        log_damping: Log of the damping ``[]``.
        variance: Variances of the coordinates ``[dim]``.
    """

    log_step: Array
    log_damping: Array
    variance: Array


def meads(*, num_folds: int = 4) -> Adaptation:
    r"""Adapt by largest eigenvalues (MEADS): no target acceptance, no options to tune, few steps.

    The chains are divided into folds. After each step of all chains every fold estimates, from its positions
    x and gradients,

    .. math:: \sigma_i^2 = \widehat{\mathrm{Var}}\, x_i, \qquad
        \epsilon = \min\Bigl(1, \frac{1}{2 \sqrt{\lambda(\sigma \odot \nabla \log p)}}\Bigr), \qquad
        \gamma = \frac{1}{\sqrt{\lambda((x - \mu) / \sigma)}},

    the mass matrix, the step size and the damping, which another fold then uses, a different one each time,
    so that no chain is tuned by its own position. :math:`\lambda` estimates the largest eigenvalue of a
    covariance C by :math:`\mathrm{tr}\, C^2 / \mathrm{tr}\, C`, without bias in either trace. After t steps
    no fold uses a damping below :math:`1 / (t \epsilon)`. In the paper adaptation never ends; here it ends
    with warm-up, and sampling uses averages over folds and steps.

    On a normal with independent coordinates the exact values are :math:`\epsilon = 1/2`, :math:`\gamma = 1`
    and the standard deviations :math:`\sigma`.

    Args:
        num_folds: Number of folds, 2 or more; structural: another number compiles again.

    Returns:
        An adaptation for ``sample(..., num_warmup=..., adaptation=...)``, of ``ghmc``, with many chains.

    Raises:
        ValueError: If there are fewer than two folds; while tracing, if chains do not divide evenly into
            folds of two or more.
        TypeError: While tracing, if the sampler has no ``damping`` or keeps no gradient.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.samplers import ghmc
        >>> from jgen.sampling import sample
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum((x / jnp.array([0.1, 10.0])) ** 2)
        >>> run = sample(
        ...     jax.random.key(0), ghmc(log_density, step_size=0.01), num_draws=10, num_chains=128,
        ...     num_warmup=300, adaptation=meads(), position=jnp.ones((128, 2)),
        ... )
        >>> tuning = jax.tree.map(lambda leaf: leaf[0], run.state.states.tuning)
        >>> scales = tuning.inverse_mass_factor
        >>> bool(abs(tuning.step_size - 0.5) < 0.1), bool(50 < scales[1] / scales[0] < 200)
        (True, True)

    Reference:
        Hoffman and Sountsov (2022), "Tuning-free generalized Hamiltonian Monte Carlo", AISTATS.
    """
    if num_folds < 2:
        raise ValueError(f"meads tunes one fold of chains by another; it takes 2 or more, got {num_folds}")
    init, update = (bind_static(function, num_folds=num_folds) for function in (meads_init, meads_update))
    return Adaptation(Partial(init), Partial(update))


def meads_init(states: PyTree, *, num_folds: int) -> tuple[FoldEstimates, PyTree]:
    """Start from the present tuning of the chains."""
    scale, tuning = diagonal(factor_of(states)), states.tuning
    if not hasattr(tuning, "damping"):
        raise TypeError(
            f"meads adapts a damping, and the tuning of {type(states).__name__} has none; take ghmc, or "
            "adapt by window"
        )
    num_chains = len(tuning.step_size)
    if num_chains % num_folds or num_chains < 2 * num_folds:
        raise ValueError(
            f"meads divides the chains into {num_folds} equal folds of 2 or more, and is inaccurate below "
            f"64 chains; got {num_chains} chains: take a multiple of {num_folds}"
        )
    state = FoldEstimates(jnp.log(tuning.step_size[0]), jnp.log(tuning.damping[0]), scale**2)
    return state, set_tuning(states, inverse_mass_factor=scale)


def meads_update(
    state: FoldEstimates, states: PyTree, draws: Draws, index: Array, num_warmup: Array, *, num_folds: int
) -> tuple[FoldEstimates, PyTree]:
    """Tune every fold by another one; after the last step give all the same tuning."""
    del draws
    count = (index + 1).astype(state.log_step.dtype)
    rows = positions_of(states), gradients_of(states)  # [chain, dim]
    estimates = jax.vmap(estimate)(*(each.reshape(num_folds, -1, each.shape[1]) for each in rows))
    state = iterate_average(state, jax.tree.map(lambda leaf: jnp.mean(leaf, axis=0), estimates), count)
    shifted = jax.tree.map(lambda leaf: jnp.roll(leaf, 1 + index % (num_folds - 1), axis=0), estimates)
    damping = jnp.maximum(shifted.log_damping, -jnp.log(count) - shifted.log_step)
    shifted = shifted._replace(log_damping=damping)
    averages = jax.tree.map(lambda mean, own: jnp.broadcast_to(mean[None], own.shape), state, shifted)
    used = select_tree(index + 1 == num_warmup, averages, shifted)  # [fold, ...]
    used = jax.tree.map(lambda leaf: jnp.repeat(leaf, len(rows[0]) // num_folds, axis=0), used)
    step_size, damping, scale = jnp.exp(used.log_step), jnp.exp(used.log_damping), jnp.sqrt(used.variance)
    tuning = states.tuning._replace(step_size=step_size, damping=damping, inverse_mass_factor=scale)
    return state, states._replace(tuning=tuning)


def estimate(positions: Array, gradients: Array) -> FoldEstimates:
    """Estimate the tuning from positions and gradients of one fold ``[member, dim]``."""
    variance = jnp.var(positions, axis=0, ddof=1)
    variance = jnp.where(variance > 0, variance, 1.0)
    scale = jnp.sqrt(variance)[None]
    white = (positions - jnp.mean(positions, axis=0)[None]) / scale
    step_size = jnp.minimum(1.0, 0.5 / jnp.sqrt(largest_eigenvalue(gradients * scale)))
    return FoldEstimates(jnp.log(step_size), -0.5 * jnp.log(largest_eigenvalue(white)), variance)


def largest_eigenvalue(rows: Array) -> Array:
    r"""Estimate a lower bound, tr C^2 / tr C, of that of the covariance C of centred rows ``[member, dim]``.

    A product of two different rows, squared, has the expectation tr C^2. It is at least (tr C)^2 / dim.
    """
    num_rows, dim = rows.shape
    squares = jnp.sum(rows**2, axis=1)
    trace = jnp.mean(squares)
    products = rows @ rows.T if num_rows < dim else rows.T @ rows
    of_square = (jnp.sum(products**2) - jnp.sum(squares**2)) / (num_rows * (num_rows - 1))
    return jnp.where(trace > 0, jnp.maximum(of_square / trace, trace / dim), 1.0)
