"""Sample by generalised Hamiltonian Monte Carlo: one leapfrog step a draw, with a persistent momentum."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.trees import select_tree
from jgen._internal.validation import check_positive
from jgen.samplers.accept import MAX_ENERGY_ERROR, markov_draw, report
from jgen.samplers.leapfrog import Phase, energies, leapfrog
from jgen.samplers.recipe import Recipe, local_recipe
from jgen.samplers.state import flatten, gradient_init, make_kernel
from jgen.types import COUNTS, Array, Draws, Key, LogDensity, PyTree, Sampler, Target


class DampedTuning(NamedTuple):
    """Parameters that warm-up may adapt.

    Attributes:
        step_size: Step size ``[]``.
        inverse_mass_factor: L with ``L Lᵀ = M⁻¹``.
        damping: Rate at which the momentum decays, per unit of time ``[]``.
    """

    step_size: Array
    inverse_mass_factor: Array
    damping: Array


class Persistent(NamedTuple):
    """Variables kept from draw to draw, independent of the position.

    Attributes:
        momentum: White, standard normal ``[dim]``.
        slice: Uniform on (-1, 1); its absolute value decides acceptance ``[]``.
    """

    momentum: Array
    slice: Array


class GHMCState(NamedTuple):
    """State of a chain with its momentum and slice variable.

    Attributes:
        position: Any pytree of floats.
        log_density: At the position ``[]``.
        gradient: Of the log density, ravelled ``[dim]``.
        tuning: Parameters that warm-up may adapt.
        persistent: Momentum and slice.
    """

    position: PyTree
    log_density: Array
    gradient: Array
    tuning: DampedTuning
    persistent: Persistent


def ghmc(
    log_density: LogDensity,
    *,
    step_size: float | Array = 0.5,
    damping: float | Array = 1.0,
    inverse_mass_matrix: Array | None = None,
) -> Sampler:
    r"""Make single leapfrog steps with a momentum that is only partly refreshed.

    The chain moves in (x, n, s): position, white momentum, and a slice s, uniform on (-1, 1). With step
    size :math:`\epsilon`, damping :math:`\gamma` and :math:`a = 1 - e^{-2 \gamma \epsilon}`, a draw

    1. refreshes part of the momentum, :math:`n \leftarrow \sqrt{1 - a}\, n + \sqrt a\, \xi`,
       :math:`\xi \sim N(0, I)`, and shifts the slice by a / 2, wrapping from 1 to -1;
    2. makes one leapfrog step, whose energy error is :math:`\Delta`, and accepts it where
       :math:`|s| \le e^{-\Delta}`; then :math:`s \leftarrow s\, e^\Delta`;
    3. where it is rejected, stays and reverses the momentum.

    Each leaves :math:`p(x)\, N(n; 0, I)\, U(s; -1, 1)` invariant. With a new s at every draw, rejections
    would be spread evenly, and each would send the chain back along its path. A slice that drifts slowly
    clusters the rejections, with long runs in one direction between them.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        step_size: Leapfrog step size.
        damping: Rate at which the momentum decays, per unit of time: 1 suits a white target, and
            ``jgen.sampling.adaptation.meads`` adapts it.
        inverse_mass_matrix: None (identity), variances ``[dim]`` or a covariance ``[dim, dim]``.

    Returns:
        A Markov sampler, whose state has the ``tuning`` that warm-up adapts.

    Raises:
        ValueError: If the step size or the damping is not positive.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.sampling import sample
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
    damping = check_positive("damping", damping)
    return make_kernel(
        ghmc_init, ghmc_step, log_density, step_size, inverse_mass_matrix, init_options=(damping,)
    )


def ghmc_init(
    log_density: LogDensity, tune: Partial, damping: Array, key: Key, position: PyTree
) -> GHMCState:
    """Draw a momentum and a slice; costs one gradient."""
    momentum_key, slice_key = jax.random.split(key)
    state = gradient_init(log_density, tune, key, position)
    momentum = jax.random.normal(momentum_key, state.gradient.shape, state.gradient.dtype)
    height = jax.random.uniform(slice_key, (), momentum.dtype, -1.0, 1.0)
    tuning = DampedTuning(*state.tuning, damping.astype(momentum.dtype))
    return GHMCState(position, state.log_density, state.gradient, tuning, Persistent(momentum, height))


def ghmc_step(log_density: LogDensity, key: Key, state: GHMCState) -> tuple[GHMCState, Draws]:
    """Make one leapfrog step; costs one gradient."""
    x, density, unravel = flatten(log_density, state.position)
    noise = jax.random.normal(key, x.shape, x.dtype)
    refreshed = -jnp.expm1(-2.0 * state.tuning.damping * state.tuning.step_size)
    momentum = jnp.sqrt(1.0 - refreshed) * state.persistent.momentum + jnp.sqrt(refreshed) * noise
    height = jnp.mod(state.persistent.slice + 1.0 + 0.5 * refreshed, 2.0) - 1.0

    start = Phase(x, momentum, state.log_density, state.gradient)
    end = leapfrog(density, state.tuning, 1, start)
    before, after, error = energies(start, end)
    accepted = jnp.log(jnp.abs(height)) < -error
    persistent = Persistent(end.momentum, (height * jnp.exp(error)).astype(height.dtype))
    moved = GHMCState(unravel(end.position), end.log_density, end.gradient, state.tuning, persistent)
    state = select_tree(accepted, moved, state._replace(persistent=Persistent(-momentum, height)))
    info = {
        "acceptance_rate": jnp.exp(jnp.minimum(-error, 0.0)),
        "diverging": error > MAX_ENERGY_ERROR,
        "energy": jnp.where(accepted, after, before),
        **report(state, 1),
    }
    return state, markov_draw(state, info, *COUNTS, "step_size")


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Make generalised HMC for a target that suits local moves."""
    return local_recipe(ghmc, target, scale, 0.9, reversible=False)
