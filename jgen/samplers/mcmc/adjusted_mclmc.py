"""Metropolis-adjusted microcanonical Monte Carlo."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen._internal.validation import check_count, check_positive, is_traced
from jgen.samplers.accept import MAX_ENERGY_ERROR, accept
from jgen.samplers.mass_matrix import check_inverse_mass_matrix
from jgen.samplers.microcanonical import Flight, fly, isokinetic_init, random_direction
from jgen.samplers.recipe import BEYOND_LOCAL_MOVES, Recipe
from jgen.samplers.state import ChainState, flatten
from jgen.types import Array, DrawKind, Draws, Key, LogDensity, Sampler, Target


def adjusted_mclmc(
    log_density: LogDensity,
    *,
    step_size: float | Array = 1.0,
    num_steps: int | Array = 10,
    jitter: float | Array = 0.0,
    inverse_mass_matrix: Array | None = None,
) -> Sampler:
    r"""Trajectories of constant speed from a fresh direction, with a Metropolis correction.

    HMC with the momentum on a sphere: a direction is drawn uniformly, the isokinetic leapfrog of
    ``mclmc`` is followed for n steps, and the end is accepted with probability
    :math:`\min(1, e^{-\Delta})`,

    .. math:: \Delta = \log p(x) - \log p(x') + (d - 1) \sum \log(\cosh\delta + c \sinh\delta),

    the sum over all turns of the direction. It is exact at any step size. The speed is bounded, so
    that it bears longer steps than HMC where the gradient is steep.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats, of two numbers or more; bind
            data by ``Partial``.
        step_size: Leapfrog step size; the speed is that of HMC, the square root of the dimension.
        num_steps: Leapfrog steps a draw; the number of gradients it costs.
        jitter: A draw takes a uniformly random number of steps within this fraction of ``num_steps``, in
            [0, 1]; 0 is a fixed length. It breaks the rhythm of targets that swing.
        inverse_mass_matrix: None (identity), variances ``[dim]`` or a covariance ``[dim, dim]``.

    Returns:
        A Markov sampler; the state carries ``tuning`` for warm-up.

    Raises:
        ValueError: If the step size or the number of steps is not positive, the jitter is not in [0, 1], or
            a chain starts at a position of a single number.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.sampling.driver import sample
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
    log_density, step_size = as_partial(log_density), check_positive("step_size", step_size)
    num_steps = check_count("num_steps", num_steps)
    if not is_traced(jitter) and not 0 <= np.asarray(jitter) <= 1:
        raise ValueError(f"jitter is a fraction of num_steps, in [0, 1]; got {jitter}")
    return Sampler(
        Partial(isokinetic_init, log_density, step_size, check_inverse_mass_matrix(inverse_mass_matrix)),
        Partial(adjusted_mclmc_step, log_density, num_steps, jnp.asarray(jitter, float)),
    )


def adjusted_mclmc_step(
    log_density: LogDensity, mean_steps: Array, jitter: Array, key: Key, state: ChainState
) -> tuple[ChainState, Draws]:
    """One trajectory of ``num_steps`` gradients, accepted or refused as a whole."""
    direction_key, length_key, accept_key = jax.random.split(key, 3)
    x, density, unravel = flatten(log_density, state.position)
    spread = jnp.floor(jitter * mean_steps).astype(int)
    num_steps = jax.random.randint(
        length_key, (), jnp.maximum(mean_steps - spread, 1), mean_steps + spread + 1, mean_steps.dtype
    )
    direction = random_direction(direction_key, x)
    begin = Flight(x, direction, state.log_density, state.gradient, jnp.zeros_like(state.log_density))
    end = jax.lax.fori_loop(0, num_steps, lambda _, flight: fly(density, state.tuning, flight), begin)

    proposed = ChainState(unravel(end.position), end.log_density, end.gradient, state.tuning)
    state, acceptance_rate, _ = accept(accept_key, -end.energy_error, proposed, state)
    info = {
        "acceptance_rate": acceptance_rate,
        "diverging": end.energy_error > MAX_ENERGY_ERROR,
        "energy_error": end.energy_error,
        "lp": state.log_density,
        "n_steps": num_steps,
        "step_size": state.tuning.step_size,
        "num_grads": num_steps,
        "num_log_densities": jnp.zeros_like(num_steps),
    }
    return state, Draws(state.position, info, None, DrawKind.MARKOV)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Adjusted MCLMC for any smooth target of 2 dimensions or more, connected and evenly curved."""
    if target.traits & BEYOND_LOCAL_MOVES or ravel_pytree(target.start)[0].size < 2:
        return None
    sampler = adjusted_mclmc(
        target.log_density, step_size=scale, num_steps=8, inverse_mass_matrix=target.variance
    )
    return Recipe(sampler, 0.8)
