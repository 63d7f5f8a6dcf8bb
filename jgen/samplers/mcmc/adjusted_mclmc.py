"""Sample by Metropolis-adjusted microcanonical Monte Carlo."""

import jax
import jax.numpy as jnp

from jgen._internal.validation import check_count
from jgen.samplers.accept import accept_trajectory, log_uniform, markov_draw
from jgen.samplers.input_checks import check_fraction
from jgen.samplers.microcanonical import isokinetic_init, isokinetic_trajectory, random_direction
from jgen.samplers.recipe import Recipe, local_recipe
from jgen.samplers.state import ChainState, make_kernel
from jgen.types import Array, Draws, Key, LogDensity, Sampler, Target


def adjusted_mclmc(
    log_density: LogDensity,
    *,
    step_size: float | Array = 1.0,
    num_steps: int | Array = 10,
    jitter: float | Array = 0.0,
    inverse_mass_matrix: Array | None = None,
) -> Sampler:
    r"""Simulate trajectories of constant speed, and accept or reject them by the Metropolis rule.

    HMC with the momentum on a sphere: a direction is drawn uniformly, the isokinetic leapfrog of
    ``mclmc`` is followed for n steps, and the end is accepted with probability
    :math:`\min(1, e^{-\Delta})`,

    .. math:: \Delta = \log p(x) - \log p(x') + (d - 1) \sum \log(\cosh\delta + c \sinh\delta),

    the sum over all updates of the direction. It is exact at any step size. The speed is bounded, so
    that steps may be longer than those of HMC where the gradient is steep.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats, of two numbers or more; bind
            data by ``Partial``.
        step_size: Leapfrog step size; the speed is that of HMC, the square root of the dimension.
        num_steps: Leapfrog steps a draw; the number of gradients it costs.
        jitter: A draw takes a uniformly random number of steps within this fraction of ``num_steps``, in
            [0, 1]; 0 is a fixed length. It prevents resonance with a period of the target.
        inverse_mass_matrix: None (identity), variances ``[dim]`` or a covariance ``[dim, dim]``.

    Returns:
        A Markov sampler, whose state has the ``tuning`` that warm-up adapts.

    Raises:
        ValueError: If the step size or the number of steps is not positive, the jitter is not in [0, 1], or
            a chain starts at a position of a single number.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.sampling import sample
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum(x**2)
        >>> sampler = adjusted_mclmc(log_density, step_size=0.5, num_steps=4, jitter=0.5)
        >>> run = sample(jax.random.key(0), sampler, num_draws=100, num_chains=4, position=jnp.zeros((4, 3)))
        >>> sorted(set(run.draws.info["num_grads"].ravel().tolist()))
        [2, 3, 4, 5, 6]

    Reference:
        Robnik, Cohn-Gordon and Seljak (2025), "Metropolis adjusted microcanonical Hamiltonian Monte
        Carlo", arXiv 2503.01707.
    """
    options = check_count("num_steps", num_steps), check_fraction("jitter", jitter, "num_steps")
    return make_kernel(
        isokinetic_init, adjusted_mclmc_step, log_density, step_size, inverse_mass_matrix, *options
    )


def adjusted_mclmc_step(
    log_density: LogDensity, mean_steps: Array, jitter: Array, key: Key, state: ChainState
) -> tuple[ChainState, Draws]:
    """Simulate one trajectory; costs a gradient a leapfrog step."""
    direction_key, length_key, accept_key = jax.random.split(key, 3)
    half_range = jnp.floor(jitter * mean_steps).astype(int)
    num_steps = jax.random.randint(
        length_key, (), jnp.maximum(mean_steps - half_range, 1), mean_steps + half_range + 1, mean_steps.dtype
    )
    direction = random_direction(direction_key, state.gradient)
    position, end = isokinetic_trajectory(log_density, direction, num_steps, state)
    proposed = ChainState(position, end.log_density, end.gradient, state.tuning)
    log_u = log_uniform(jax.random.uniform(accept_key, dtype=end.energy_error.dtype))
    state, _, info = accept_trajectory(log_u, end.energy_error, num_steps, proposed, state)
    info["energy_error"] = end.energy_error
    return state, markov_draw(state, info, "num_log_densities", "step_size")


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Make adjusted MCLMC for a target of 2 dimensions or more that suits local moves."""
    return local_recipe(adjusted_mclmc, target, scale, 0.8, least_dim=2, num_steps=8)
