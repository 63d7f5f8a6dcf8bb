"""Sample by random-walk Metropolis."""

from jgen.samplers.accept import metropolis_step, normal_and_log_uniform
from jgen.samplers.mass_matrix import to_velocity
from jgen.samplers.recipe import Recipe, local_recipe
from jgen.samplers.state import GradientFreeState, density_init, flatten, make_kernel
from jgen.types import Array, Draws, Key, LogDensity, Sampler, Target


def metropolis(
    log_density: LogDensity, *, step_size: float | Array = 1.0, inverse_mass_matrix: Array | None = None
) -> Sampler:
    r"""Make Gaussian random-walk proposals, accepted with probability :math:`\min(1, p(x') / p(x))`.

    The proposal is :math:`x' = x + \epsilon L \xi`, :math:`\xi \sim N(0, I)`, where
    :math:`L L^\top` is the matrix that gradient samplers call the inverse mass matrix: the best
    known choice is the target's covariance with :math:`\epsilon = 2.38 / \sqrt d`.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        step_size: Standard deviation of the proposal, in units of L.
        inverse_mass_matrix: None (identity), variances ``[dim]`` or a covariance ``[dim, dim]``.

    Returns:
        A Markov sampler, whose state has the ``tuning`` that warm-up adapts.

    Raises:
        ValueError: If the step size is not positive.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.sampling import sample
        >>> def log_density(x):
        ...     return -jnp.sum(jnp.abs(x))
        >>> run = sample(
        ...     jax.random.key(0), metropolis(log_density), num_draws=50, num_chains=2,
        ...     position=jnp.zeros((2, 1)),
        ... )
        >>> sorted(run.draws.info)
        ['acceptance_rate', 'invalid', 'lp', 'num_grads', 'num_log_densities', 'step_size']

    Reference:
        Roberts, Gelman and Gilks (1997), "Weak convergence and optimal scaling of random walk
        Metropolis algorithms", Annals of Applied Probability 7(1).
    """
    return make_kernel(density_init, random_walk_step, log_density, step_size, inverse_mass_matrix)


def random_walk_step(
    log_density: LogDensity, key: Key, state: GradientFreeState
) -> tuple[GradientFreeState, Draws]:
    """Make one proposal; costs one log density."""
    step_size, factor = state.tuning
    x, density, unravel = flatten(log_density, state.position)
    noise, log_u = normal_and_log_uniform(key, x)
    x = x + step_size * to_velocity(factor, noise)
    value = density(x)
    proposed = GradientFreeState(unravel(x), value, state.tuning)
    return metropolis_step(log_u, value - state.log_density, proposed, state)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Make a random walk for a target that suits local moves."""
    return local_recipe(metropolis, target, scale, 0.234)
