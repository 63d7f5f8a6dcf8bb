"""Adapting step size, damping and metric of generalised HMC, from where many chains stand."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import bind_static
from jgen._internal.trees import select_tree
from jgen.sampling.adaptation.dual_averaging import smooth
from jgen.sampling.adaptation.tuning import diagonal, factor_of, gradients_of, positions_of, retune, tuning_of
from jgen.types import Adaptation, Array, Draws, PyTree


class Learned(NamedTuple):
    """What one fold of the chains tells, or the average over folds and steps.

    Attributes:
        log_step: Of the step size ``[]``.
        log_damping: Of the damping ``[]``.
        variance: Of the coordinates ``[dim]``.
    """

    log_step: Array
    log_damping: Array
    variance: Array


def meads(*, num_folds: int = 4) -> Adaptation:
    r"""Maximum-eigenvalue adaptation: no rate to aim at, nothing to choose, a few steps to learn.

    The chains are dealt into folds. After each step of the population every fold tells, from its positions x
    and gradients alone,

    .. math:: \sigma_i^2 = \widehat{\mathrm{Var}}\, x_i, \qquad
        \epsilon = \min\Bigl(1, \frac{1}{2 \sqrt{\lambda(\sigma \odot \nabla \log p)}}\Bigr), \qquad
        \gamma = \frac{1}{\sqrt{\lambda((x - \mu) / \sigma)}},

    the metric, the step size and the damping, which another fold then takes, a different one each time: so no
    chain hears its own voice. :math:`\lambda` estimates the largest eigenvalue of a covariance C by
    :math:`\mathrm{tr}\, C^2 / \mathrm{tr}\, C`, without bias in either trace. After t steps no fold takes a
    damping below :math:`1 / (t \epsilon)`. In the paper this goes on for ever; here it ends with warm-up, and
    sampling uses averages over folds and steps.

    On a normal of independent coordinates :math:`\epsilon = 1/2`, :math:`\gamma = 1` and :math:`\sigma` are
    the truth.

    Args:
        num_folds: Folds, 2 or more; structural, another number compiles anew.

    Returns:
        An adaptation for ``sample(..., num_warmup=..., adaptation=...)``, of ``ghmc``, with many chains.

    Raises:
        ValueError: If there are fewer than two folds; while tracing, if chains cannot be dealt evenly, two or
            more to a fold.
        TypeError: While tracing, if the sampler has no ``damping`` or keeps no gradient.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.samplers import ghmc
        >>> from jgen.sampling.driver import sample
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
        raise ValueError(
            f"meads lets one fold of chains learn from another; it takes 2 or more, got {num_folds}"
        )
    return Adaptation(
        Partial(bind_static(meads_init, num_folds=num_folds)),
        Partial(bind_static(meads_update, num_folds=num_folds)),
    )


def meads_init(states: PyTree, *, num_folds: int) -> tuple[Learned, PyTree]:
    """Begins at the tuning the chains have."""
    tuning = tuning_of(states)
    if not hasattr(tuning, "damping"):
        raise TypeError(
            f"meads adapts a damping, and the tuning of {type(states).__name__} has none; take ghmc, or "
            "adapt by window"
        )
    num_chains = len(tuning.step_size)
    if num_chains % num_folds or num_chains < 2 * num_folds:
        raise ValueError(
            f"meads deals the chains into {num_folds} equal folds of 2 or more, and learns little from fewer "
            f"than 64; got {num_chains} chains: take a multiple of {num_folds}"
        )
    scale = diagonal(factor_of(states))
    memory = Learned(jnp.log(tuning.step_size[0]), jnp.log(tuning.damping[0]), scale**2)
    return memory, retune(states, inverse_mass_factor=scale)


def meads_update(
    memory: Learned, states: PyTree, draws: Draws, index: Array, num_warmup: Array, *, num_folds: int
) -> tuple[Learned, PyTree]:
    """Every fold is tuned by another one; after the last step all are tuned alike."""
    del draws
    count = (index + 1).astype(memory.log_step.dtype)
    told = jax.vmap(tell)(fold(positions_of(states), num_folds), fold(gradients_of(states), num_folds))
    memory = smooth(memory, jax.tree.map(lambda leaf: jnp.mean(leaf, axis=0), told), count)
    heard = jax.tree.map(lambda leaf: jnp.roll(leaf, 1 + index % (num_folds - 1), axis=0), told)
    heard = heard._replace(log_damping=jnp.maximum(heard.log_damping, -jnp.log(count) - heard.log_step))

    num_chains = len(tuning_of(states).step_size)
    per_chain = jax.tree.map(lambda leaf: jnp.repeat(leaf, num_chains // num_folds, axis=0), heard)
    tuning = tuning_of(states)._replace(
        step_size=jnp.exp(per_chain.log_step),
        damping=jnp.exp(per_chain.log_damping),
        inverse_mass_factor=jnp.sqrt(per_chain.variance),
    )
    last = retune(
        states,
        step_size=jnp.exp(memory.log_step),
        damping=jnp.exp(memory.log_damping),
        inverse_mass_factor=jnp.sqrt(memory.variance),
    )
    is_last = index + 1 == num_warmup
    tuning = select_tree(is_last, last.tuning, tuning)
    return memory, states._replace(tuning=tuning)


def fold(rows: Array, num_folds: int) -> Array:
    """The chains ``[chain, dim]`` dealt into folds ``[fold, member, dim]``."""
    return rows.reshape(num_folds, -1, rows.shape[1])


def tell(positions: Array, gradients: Array) -> Learned:
    """What the members of one fold tell, from positions and gradients ``[member, dim]``."""
    variance = jnp.var(positions, axis=0, ddof=1)
    variance = jnp.where(variance > 0, variance, 1.0)
    scale = jnp.sqrt(variance)[None]
    white = (positions - jnp.mean(positions, axis=0)[None]) / scale
    step_size = jnp.minimum(1.0, 0.5 / jnp.sqrt(largest_eigenvalue(gradients * scale)))
    return Learned(jnp.log(step_size), -0.5 * jnp.log(largest_eigenvalue(white)), variance)


def largest_eigenvalue(rows: Array) -> Array:
    r"""Of the covariance C of rows of mean zero ``[member, dim]``, about; from below, by tr C^2 / tr C.

    A product of two different rows, squared, has the expectation tr C^2. It is at least (tr C)^2 / dim.
    """
    num_rows, dim = rows.shape
    squares = jnp.sum(rows**2, axis=1)
    trace = jnp.mean(squares)
    products = rows @ rows.T if num_rows < dim else rows.T @ rows
    of_square = (jnp.sum(products**2) - jnp.sum(squares**2)) / (num_rows * (num_rows - 1))
    return jnp.where(trace > 0, jnp.maximum(of_square / trace, trace / dim), 1.0)
