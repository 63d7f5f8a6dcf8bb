"""The unadjusted Langevin algorithm."""

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen._internal.trees import select_tree
from jgen._internal.validation import check_positive
from jgen.samplers.accept import MAX_ENERGY_ERROR
from jgen.samplers.mass_matrix import check_inverse_mass_matrix, to_force, to_velocity
from jgen.samplers.recipe import BEYOND_LOCAL_MOVES, Recipe
from jgen.samplers.state import ChainState, flatten, gradient_init
from jgen.types import Array, DrawKind, Draws, Key, LogDensity, Sampler, Target


def langevin(
    log_density: LogDensity,
    *,
    step_size: float | Array = 0.5,
    inverse_mass_matrix: Array | None = None,
) -> Sampler:
    r"""The proposals of ``mala``, never refused: hence biased, by an amount the step size sets.

    With :math:`M^{-1} = L L^\top`, noise :math:`\xi \sim N(0, I)` and step size :math:`\epsilon`,

    .. math:: x' = x + \epsilon L \bigl(\xi + \tfrac\epsilon2 L^\top \nabla \log p(x)\bigr),

    which is :math:`x + e \nabla \log p + \sqrt{2e}\, \xi` with :math:`e = \epsilon^2 / 2`. On
    :math:`N(m, s^2)` it settles at the variance :math:`s^2 / (1 - \epsilon^2 / 4 s^2)` (see
    ``biased_variance``), and no number of draws mends that; from :math:`\epsilon = 2 s` on it
    does not settle at all. ``info["energy_error"]`` is minus the log of the ratio by which ``mala``
    decides.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        step_size: Standard deviation of the noise, in units of L.
        inverse_mass_matrix: None (identity), variances ``[dim]`` or a covariance ``[dim, dim]``.

    Returns:
        A biased sampler. A step to a density or gradient that is not finite is not made, and flagged as
        ``diverging``.

    Raises:
        ValueError: If the step size is not positive.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.sampling.driver import sample
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum(x**2)
        >>> sampler = langevin(log_density, step_size=1.0)
        >>> run = sample(jax.random.key(0), sampler, num_draws=200, num_chains=50, position=jnp.ones((50, 4)))
        >>> print(f"{run.draws.value.var():.1f} for {biased_variance(1.0):.1f}")
        1.3 for 1.3

    Reference:
        Roberts and Tweedie (1996), "Exponential convergence of Langevin distributions and their
        discrete approximations", Bernoulli 2(4); Durmus and Moulines (2017), Annals of Applied
        Probability 27(3).
    """
    log_density, step_size = as_partial(log_density), check_positive("step_size", step_size)
    return Sampler(
        Partial(gradient_init, log_density, step_size, check_inverse_mass_matrix(inverse_mass_matrix)),
        Partial(langevin_step, log_density),
    )


def langevin_step(log_density: LogDensity, key: Key, state: ChainState) -> tuple[ChainState, Draws]:
    """One move, one gradient."""
    step_size, factor = state.tuning
    x, density, unravel = flatten(log_density, state.position)
    noise = jax.random.normal(key, x.shape, x.dtype)
    half_force = 0.5 * step_size * to_force(factor, state.gradient)
    x = x + step_size * to_velocity(factor, noise + half_force)
    value, gradient = jax.value_and_grad(density)(x)
    noise_back = -noise - half_force - 0.5 * step_size * to_force(factor, gradient)

    energy_error = state.log_density - value + 0.5 * (noise_back @ noise_back - noise @ noise)
    usable = jnp.all(jnp.isfinite(gradient)) & jnp.isfinite(energy_error)
    energy_error = jnp.where(usable, energy_error, jnp.inf)
    moved = ChainState(unravel(x), value, gradient, state.tuning)
    state = select_tree(usable, moved, state)
    info = {
        "diverging": energy_error > MAX_ENERGY_ERROR,
        "energy_error": energy_error,
        "lp": state.log_density,
        "step_size": step_size,
        "num_grads": jnp.int32(1),
        "num_log_densities": jnp.int32(0),
    }
    return state, Draws(state.position, info, None, DrawKind.BIASED)


def biased_variance(step_size: float | Array, variance: float | Array = 1.0) -> float | Array:
    """The variance at which the chain settles on a Gaussian of this variance, with the identity as metric.

    Example:
        >>> biased_variance(1.0, 4.0)  # for 4
        4.266666666666667
    """
    return variance / (1 - step_size**2 / (4 * variance))


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Unadjusted Langevin for any smooth target whose modes are connected and whose curvature is even."""
    if target.traits & BEYOND_LOCAL_MOVES:
        return None
    sampler = langevin(target.log_density, step_size=scale, inverse_mass_matrix=target.variance)
    return Recipe(sampler, None, biased_variance(scale))
