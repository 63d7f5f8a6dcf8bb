"""Sample by Hamiltonian Monte Carlo."""

from jgen._internal.validation import check_count
from jgen.samplers.accept import markov_draw
from jgen.samplers.leapfrog import trajectory
from jgen.samplers.recipe import Recipe, local_recipe
from jgen.samplers.state import ChainState, gradient_init, make_kernel
from jgen.types import COUNTS, Array, Draws, Key, LogDensity, Sampler, Target


def hmc(
    log_density: LogDensity,
    *,
    step_size: float | Array = 1.0,
    num_steps: int | Array = 10,
    inverse_mass_matrix: Array | None = None,
) -> Sampler:
    r"""Simulate leapfrog trajectories of fixed length, and accept or reject them by the Metropolis rule.

    With the inverse mass matrix :math:`M^{-1} = L L^\top` and white momentum
    :math:`n \sim N(0, I)`, one step of size :math:`\epsilon` is

    .. math:: n \mathrel{+}= \tfrac\epsilon2 L^\top \nabla \log p(x), \quad
        x \mathrel{+}= \epsilon L n, \quad n \mathrel{+}= \tfrac\epsilon2 L^\top \nabla \log p(x),

    and the end is accepted with probability :math:`\min(1, e^{H - H'})`,
    :math:`H = -\log p(x) + |n|^2 / 2`. An end whose energy or gradient is not finite is rejected and
    flagged as ``diverging``.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        step_size: Leapfrog step size.
        num_steps: Leapfrog steps a draw; the number of gradients it costs.
        inverse_mass_matrix: None (identity), variances ``[dim]`` or a covariance ``[dim, dim]``.

    Returns:
        A Markov sampler, whose state has the ``tuning`` that warm-up adapts.

    Raises:
        ValueError: If the step size or the number of steps is not positive.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.sampling import sample
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum(x**2)
        >>> sampler = hmc(log_density, step_size=0.5, num_steps=5)
        >>> run = sample(jax.random.key(0), sampler, num_draws=100, num_chains=4, position=jnp.zeros((4, 2)))
        >>> run.draws.value.shape
        (4, 100, 2)

    Reference:
        Neal (2011), "MCMC using Hamiltonian dynamics", arXiv 1206.1901.
    """
    num_steps = check_count("num_steps", num_steps)
    return make_kernel(gradient_init, hmc_step, log_density, step_size, inverse_mass_matrix, num_steps)


def hmc_step(
    log_density: LogDensity, num_steps: Array, key: Key, state: ChainState
) -> tuple[ChainState, Draws]:
    """Simulate one trajectory; costs ``num_steps`` gradients."""
    state, info, _ = trajectory(log_density, num_steps, key, state)
    return state, markov_draw(state, info, *COUNTS, "n_steps", "step_size")


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Make HMC for a target that suits local moves."""
    return local_recipe(hmc, target, scale, 0.8, num_steps=8)
