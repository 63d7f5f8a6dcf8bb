"""The Barker proposal."""

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen._internal.validation import check_positive
from jgen.samplers.accept import accept
from jgen.samplers.mass_matrix import check_inverse_mass_matrix, to_force, to_velocity
from jgen.samplers.recipe import BEYOND_LOCAL_MOVES, Recipe
from jgen.samplers.state import ChainState, flatten, gradient_init
from jgen.types import Array, DrawKind, Draws, Key, LogDensity, Sampler, Target


def barker(
    log_density: LogDensity,
    *,
    step_size: float | Array = 1.0,
    inverse_mass_matrix: Array | None = None,
) -> Sampler:
    r"""Random-walk steps whose signs lean uphill, with a Metropolis correction.

    With :math:`M^{-1} = L L^\top`, :math:`w_i \sim N(0, \epsilon^2)` and the force
    :math:`c(x) = L^\top \nabla \log p(x)`, each :math:`w_i` keeps its sign with probability
    :math:`1 / (1 + e^{-w_i c_i(x)})` and is flipped otherwise, and :math:`x' = x + L w`. The log ratio is

    .. math:: \log p(x') - \log p(x)
        + \sum_i \log \frac{1 + e^{-w_i c_i(x)}}{1 + e^{w_i c_i(x')}}.

    The gradient only tilts a coin, so a step is never longer than that of a random walk: where the
    gradient grows without bound, or the step size is too long by some factor, it suffers far less
    than MALA, and costs the same.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        step_size: Standard deviation of a step, in units of L.
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
        >>> sampler = barker(log_density, step_size=1.5)
        >>> run = sample(jax.random.key(0), sampler, num_draws=100, num_chains=4, position=jnp.zeros((4, 2)))
        >>> int(run.cost.num_grads)
        400

    Reference:
        Livingstone and Zanella (2022), "The Barker proposal: combining robustness and efficiency in
        gradient-based MCMC", JRSS B 84(2), arXiv 1908.11812.
    """
    log_density, step_size = as_partial(log_density), check_positive("step_size", step_size)
    return Sampler(
        Partial(gradient_init, log_density, step_size, check_inverse_mass_matrix(inverse_mass_matrix)),
        Partial(barker_step, log_density),
    )


def barker_step(log_density: LogDensity, key: Key, state: ChainState) -> tuple[ChainState, Draws]:
    """One proposal, one gradient."""
    noise_key, sign_key, accept_key = jax.random.split(key, 3)
    step_size, factor = state.tuning
    x, density, unravel = flatten(log_density, state.position)
    walk = step_size * jax.random.normal(noise_key, x.shape, x.dtype)
    force = to_force(factor, state.gradient)
    keeps_sign = jax.random.uniform(sign_key, x.shape, x.dtype) < jax.nn.sigmoid(walk * force)
    walk = jnp.where(keeps_sign, walk, -walk)
    x = x + to_velocity(factor, walk)
    value, gradient = jax.value_and_grad(density)(x)
    force_back = to_force(factor, gradient)

    leaning = jax.nn.softplus(-walk * force) - jax.nn.softplus(walk * force_back)  # [dim]
    log_ratio = value - state.log_density + jnp.sum(leaning)
    usable = jnp.all(jnp.isfinite(gradient)) & jnp.isfinite(value)
    proposed = ChainState(unravel(x), value, gradient, state.tuning)
    state, acceptance_rate, _ = accept(accept_key, jnp.where(usable, log_ratio, -jnp.inf), proposed, state)
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
    """Barker for any smooth target whose modes are connected and whose curvature is even."""
    if target.traits & BEYOND_LOCAL_MOVES:
        return None
    return Recipe(barker(target.log_density, step_size=scale, inverse_mass_matrix=target.variance), 0.4)
