"""The Metropolis-adjusted Langevin algorithm."""

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen._internal.validation import check_positive
from jgen.samplers.accept import metropolis_accept, normal_and_log_uniform
from jgen.samplers.mass_matrix import check_inverse_mass_matrix, to_force, to_velocity
from jgen.samplers.recipe import BEYOND_LOCAL_MOVES, Recipe
from jgen.samplers.state import ChainState, flatten, gradient_init
from jgen.types import Array, DrawKind, Draws, Key, LogDensity, Sampler, Target


def mala(
    log_density: LogDensity,
    *,
    step_size: float | Array = 1.0,
    inverse_mass_matrix: Array | None = None,
) -> Sampler:
    r"""One Langevin proposal a draw, with a Metropolis correction.

    With :math:`M^{-1} = L L^\top`, noise :math:`\xi \sim N(0, I)` and step size :math:`\epsilon`,

    .. math:: x' = x + \epsilon L \bigl(\xi + \tfrac\epsilon2 L^\top \nabla \log p(x)\bigr).

    The noise that would lead back is
    :math:`\xi' = -\xi - \tfrac\epsilon2 L^\top(\nabla \log p(x) + \nabla \log p(x'))`, so the log ratio
    is :math:`\log p(x') - \log p(x) + (|\xi|^2 - |\xi'|^2)/2`. It is the same chain as HMC with one
    leapfrog step; with the unadjusted scheme :math:`x + e \nabla + \sqrt{2e}\,\xi` it shares
    :math:`e = \epsilon^2 / 2`.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        step_size: Standard deviation of the noise, in units of L.
        inverse_mass_matrix: None (identity), variances ``[dim]`` or a covariance ``[dim, dim]``.

    Returns:
        A Markov sampler; the state carries ``tuning`` for warm-up.

    Raises:
        ValueError: If the step size is not positive.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.sampling.driver import sample
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum(x**2)
        >>> run = sample(
        ...     jax.random.key(0), mala(log_density), num_draws=100, num_chains=4, position=jnp.zeros((4, 2))
        ... )
        >>> int(run.cost.num_grads)
        400

    Reference:
        Roberts and Tweedie (1996), "Exponential convergence of Langevin distributions and their
        discrete approximations", Bernoulli 2(4).
    """
    log_density, step_size = as_partial(log_density), check_positive("step_size", step_size)
    return Sampler(
        Partial(gradient_init, log_density, step_size, check_inverse_mass_matrix(inverse_mass_matrix)),
        Partial(mala_step, log_density),
    )


def mala_step(log_density: LogDensity, key: Key, state: ChainState) -> tuple[ChainState, Draws]:
    """One proposal, one gradient."""
    step_size, factor = state.tuning
    x, density, unravel = flatten(log_density, state.position)
    noise, coin = normal_and_log_uniform(key, x)
    half_force = 0.5 * step_size * to_force(factor, state.gradient)
    x = x + step_size * to_velocity(factor, noise + half_force)
    value, gradient = jax.value_and_grad(density)(x)
    noise_back = -noise - half_force - 0.5 * step_size * to_force(factor, gradient)

    log_ratio = value - state.log_density + 0.5 * (noise @ noise - noise_back @ noise_back)
    usable = jnp.all(jnp.isfinite(gradient)) & jnp.isfinite(value)
    proposed = ChainState(unravel(x), value, gradient, state.tuning)
    state, acceptance_rate, _ = metropolis_accept(
        coin, jnp.where(usable, log_ratio, -jnp.inf), proposed, state
    )
    info = {
        "acceptance_rate": acceptance_rate,
        "invalid": ~(value < jnp.inf),
        "lp": state.log_density,
        "step_size": step_size,
        "num_grads": jnp.int32(1),
        "num_log_densities": jnp.int32(0),
    }
    return state, Draws(state.position, info, None, DrawKind.MARKOV)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """MALA for any smooth target whose modes are connected and whose curvature is even."""
    if target.traits & BEYOND_LOCAL_MOVES:
        return None
    return Recipe(mala(target.log_density, step_size=scale, inverse_mass_matrix=target.variance), 0.574)
