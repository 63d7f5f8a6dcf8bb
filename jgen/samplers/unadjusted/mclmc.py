"""Sample by unadjusted microcanonical Langevin Monte Carlo."""

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.validation import check_positive
from jgen.samplers.accept import unadjusted_step
from jgen.samplers.microcanonical import isokinetic_init, isokinetic_trajectory, random_direction
from jgen.samplers.recipe import Recipe, local_recipe
from jgen.samplers.state import MomentumState, make_kernel
from jgen.types import Array, Draws, Key, LogDensity, PyTree, Sampler, Target


def mclmc(
    log_density: LogDensity,
    *,
    step_size: float | Array = 0.5,
    decoherence_time: float | Array = 1.0,
    inverse_mass_matrix: Array | None = None,
) -> Sampler:
    r"""Simulate motion at constant speed with a slowly changing direction; biased, as nothing is rejected.

    One step of size :math:`\epsilon` mixes noise into the direction and makes one isokinetic leapfrog:

    .. math:: u \leftarrow \frac{u + \nu \xi}{|u + \nu \xi|}, \quad
        \nu = \sqrt{(e^{2 \epsilon / T} - 1) / d}, \quad \xi \sim N(0, I),

    then half an update of u by the force, a drift :math:`x \mathrel{+}= \epsilon \sqrt d\, L u`, and the
    other half. In continuous time the target is invariant. The steps leave an error of order
    :math:`\epsilon^2`, for which there is no accept step: the draws are biased. It shows in
    ``info["energy_error"]``, minus the log of the Metropolis ratio that ``adjusted_mclmc`` would use:
    halve the step size until its variance per dimension is small, or the results stop changing.
    On a Gaussian of high dimension the variance is :math:`r^2` times too large, with

    .. math:: r \tanh \tfrac{\epsilon r}{2} = \tfrac{\epsilon}{2}, \qquad
        r^2 = 1 + \tfrac{\epsilon^2}{12} + O(\epsilon^4):

    there :math:`|x| = r \sqrt d` and a drift keeps it if it begins at :math:`\cos(u, x) = -\epsilon / 2r`
    and ends at the opposite; the half updates, of rapidity :math:`\epsilon r / 2`, lead there and back from
    :math:`u \perp x`, where the noise leaves u.

    In the papers' units the speed is 1: their step is :math:`\epsilon \sqrt d`, their L is :math:`T \sqrt d`.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats, of two numbers or more; bind
            data by ``Partial``.
        step_size: Leapfrog step size; the speed is that of HMC, the square root of the dimension.
        decoherence_time: T, the time over which the direction decorrelates; 1 suits a white target.
        inverse_mass_matrix: None (identity), variances ``[dim]`` or a covariance ``[dim, dim]``.

    Returns:
        A biased sampler. A step to a density or gradient that is not finite is not made: the chain stays
        and reverses its direction, and the draw is flagged as ``diverging``.

    Raises:
        ValueError: If an option is not positive, or a chain starts at a position of a single number.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.sampling import sample
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum(x**2)
        >>> sampler = mclmc(log_density, step_size=0.2)
        >>> run = sample(jax.random.key(0), sampler, num_draws=100, num_chains=4, position=jnp.ones((4, 50)))
        >>> run.draws.kind.value, bool(run.draws.info["energy_error"].var() / 50 < 1e-3)
        ('biased', True)

    Reference:
        Robnik, De Luca, Silverstein and Seljak (2023), "Microcanonical Hamiltonian Monte Carlo", JMLR 24;
        Robnik and Seljak (2024), "Fluctuation without dissipation: microcanonical Langevin Monte
        Carlo", arXiv 2303.18221.
    """
    decoherence_time = check_positive("decoherence_time", decoherence_time)
    return make_kernel(mclmc_init, mclmc_step, log_density, step_size, inverse_mass_matrix, decoherence_time)


def mclmc_init(log_density: LogDensity, tune: Partial, key: Key, position: PyTree) -> MomentumState:
    """Draw a direction; costs one gradient."""
    position, value, gradient, tuning = isokinetic_init(log_density, tune, key, position)
    return MomentumState(position, value, gradient, random_direction(key, gradient), tuning)


def mclmc_step(
    log_density: LogDensity, decoherence_time: Array, key: Key, state: MomentumState
) -> tuple[MomentumState, Draws]:
    """Add noise to the direction and make one leapfrog step; costs one gradient."""
    shape, dtype = state.momentum.shape, state.momentum.dtype
    noise_size = jnp.sqrt(jnp.expm1(2 * state.tuning.step_size / decoherence_time) / shape[0]).astype(dtype)
    direction = state.momentum + noise_size * jax.random.normal(key, shape, dtype)
    direction = direction / jnp.linalg.norm(direction)
    position, end = isokinetic_trajectory(log_density, direction, 1, state)
    moved = MomentumState(position, end.log_density, end.gradient, end.direction, state.tuning)
    return unadjusted_step(end.energy_error, moved, state._replace(momentum=-direction))


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Make MCLMC for a target of 2 dimensions or more that suits local moves."""
    return local_recipe(mclmc, target, 0.5 * scale, None, least_dim=2)
