"""Generalised Hamiltonian Monte Carlo: one gradient a draw, and a momentum that lasts."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen._internal.trees import select_tree
from jgen._internal.validation import check_positive
from jgen.samplers.accept import MAX_ENERGY_ERROR
from jgen.samplers.leapfrog import Phase, energies, leapfrog
from jgen.samplers.mass_matrix import check_inverse_mass_matrix
from jgen.samplers.recipe import BEYOND_LOCAL_MOVES, Recipe
from jgen.samplers.state import flatten, gradient_init
from jgen.types import Array, DrawKind, Draws, Key, LogDensity, PyTree, Sampler, Target


class DampedTuning(NamedTuple):
    """What warm-up may learn.

    Attributes:
        step_size: Step size ``[]``.
        inverse_mass_factor: L with ``L Lᵀ = M⁻¹``.
        damping: The rate at which momentum is forgotten, per unit of time ``[]``.
    """

    step_size: Array
    inverse_mass_factor: Array
    damping: Array


class Lasting(NamedTuple):
    """What lasts from draw to draw, and does not depend on the position.

    Attributes:
        momentum: White, standard normal ``[dim]``.
        slice: Uniform on (-1, 1); its size decides what is accepted ``[]``.
    """

    momentum: Array
    slice: Array


class GuidedState(NamedTuple):
    """Where a chain stands, and where it is going.

    Attributes:
        position: Any pytree of floats.
        log_density: At the position ``[]``.
        gradient: Of the log density, ravelled ``[dim]``.
        tuning: What warm-up may learn.
        persistent: Momentum and slice.
    """

    position: PyTree
    log_density: Array
    gradient: Array
    tuning: DampedTuning
    persistent: Lasting


def ghmc(
    log_density: LogDensity,
    *,
    step_size: float | Array = 0.5,
    damping: float | Array = 1.0,
    inverse_mass_matrix: Array | None = None,
) -> Sampler:
    r"""Single leapfrog steps that go on in one direction, until one is refused.

    The chain moves in (x, n, s): position, white momentum, and a slice s, uniform on (-1, 1). With step
    size :math:`\epsilon`, damping :math:`\gamma` and :math:`a = 1 - e^{-2 \gamma \epsilon}`, a draw

    1. forgets some of the momentum, :math:`n \leftarrow \sqrt{1 - a}\, n + \sqrt a\, \xi`,
       :math:`\xi \sim N(0, I)`, and shifts the slice by a / 2, from 1 round to -1;
    2. makes one leapfrog step, whose energy error is :math:`\Delta`, and accepts it where
       :math:`|s| \le e^{-\Delta}`; then :math:`s \leftarrow s\, e^\Delta`;
    3. where it does not, stays and turns the momentum round.

    Each leaves :math:`p(x)\, N(n; 0, I)\, U(s; -1, 1)` invariant. With a fresh s at every draw refusals would
    come singly, and each would lead the chain back where it was; a slice that drifts slowly makes them come
    together, with long free runs between.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        step_size: Leapfrog step size.
        damping: The rate at which momentum is forgotten, per unit of time: 1 suits a white target,
            ``jgen.sampling.adaptation.meads`` learns it.
        inverse_mass_matrix: None (identity), variances ``[dim]`` or a covariance ``[dim, dim]``.

    Returns:
        A Markov sampler; the state carries ``tuning`` for warm-up.

    Raises:
        ValueError: If the step size or the damping is not positive.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.sampling.driver import sample
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum(x**2)
        >>> run = sample(
        ...     jax.random.key(0), ghmc(log_density), num_draws=100, num_chains=4, position=jnp.zeros((4, 2))
        ... )
        >>> int(run.cost.num_grads)
        400

    Reference:
        Horowitz (1991), Physics Letters B 268; Neal (2020), "Non-reversibly updating a uniform [0, 1] value
        for Metropolis accept/reject decisions", arXiv 2001.11950; Hoffman and Sountsov (2022),
        "Tuning-free generalized Hamiltonian Monte Carlo", AISTATS.
    """
    log_density, step_size = as_partial(log_density), check_positive("step_size", step_size)
    damping = check_positive("damping", damping)
    return Sampler(
        Partial(ghmc_init, log_density, step_size, damping, check_inverse_mass_matrix(inverse_mass_matrix)),
        Partial(ghmc_step, log_density),
    )


def ghmc_init(
    log_density: LogDensity,
    step_size: Array,
    damping: Array,
    inverse_mass_matrix: Array | None,
    key: Key,
    position: PyTree,
) -> GuidedState:
    """With a fresh momentum and a fresh slice; spends one gradient."""
    momentum_key, slice_key = jax.random.split(key)
    state = gradient_init(log_density, step_size, inverse_mass_matrix, key, position)
    momentum = jax.random.normal(momentum_key, state.gradient.shape, state.gradient.dtype)
    height = jax.random.uniform(slice_key, (), momentum.dtype, -1.0, 1.0)
    tuning = DampedTuning(*state.tuning, damping.astype(momentum.dtype))
    return GuidedState(position, state.log_density, state.gradient, tuning, Lasting(momentum, height))


def ghmc_step(log_density: LogDensity, key: Key, state: GuidedState) -> tuple[GuidedState, Draws]:
    """One leapfrog step, one gradient."""
    x, density, unravel = flatten(log_density, state.position)
    noise = jax.random.normal(key, x.shape, x.dtype)
    forgotten = -jnp.expm1(-2.0 * state.tuning.damping * state.tuning.step_size)
    momentum = jnp.sqrt(1.0 - forgotten) * state.persistent.momentum + jnp.sqrt(forgotten) * noise
    height = jnp.mod(state.persistent.slice + 1.0 + 0.5 * forgotten, 2.0) - 1.0

    start = Phase(x, momentum, state.log_density, state.gradient)
    end = leapfrog(density, state.tuning, 1, start)
    before, after, error = energies(start, end)
    accepted = jnp.log(jnp.abs(height)) < -error
    moved = GuidedState(
        unravel(end.position),
        end.log_density,
        end.gradient,
        state.tuning,
        Lasting(end.momentum, height * jnp.exp(error)),
    )
    turned_round = state._replace(persistent=Lasting(-momentum, height))
    state = select_tree(accepted, moved, turned_round)
    info = {
        "acceptance_rate": jnp.exp(jnp.minimum(-error, 0.0)),
        "diverging": error > MAX_ENERGY_ERROR,
        "energy": jnp.where(accepted, after, before),
        "lp": state.log_density,
        "step_size": state.tuning.step_size,
        "num_grads": jnp.int32(1),
        "num_log_densities": jnp.int32(0),
    }
    return state, Draws(state.position, info, None, DrawKind.MARKOV)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Generalised HMC for any smooth target whose modes are connected and whose curvature is even."""
    if target.traits & BEYOND_LOCAL_MOVES:
        return None
    sampler = ghmc(target.log_density, step_size=scale, inverse_mass_matrix=target.variance)
    return Recipe(sampler, 0.9, reversible=False)
