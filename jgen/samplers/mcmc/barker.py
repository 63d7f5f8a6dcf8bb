"""Sample by the Barker proposal."""

import jax
import jax.numpy as jnp

from jgen.samplers.accept import log_uniform, metropolis_step
from jgen.samplers.mass_matrix import to_force, to_velocity
from jgen.samplers.recipe import Recipe, local_recipe
from jgen.samplers.state import ChainState, flatten, gradient_init, make_kernel
from jgen.types import Array, Draws, Key, LogDensity, Sampler, Target


def barker(
    log_density: LogDensity, *, step_size: float | Array = 1.0, inverse_mass_matrix: Array | None = None
) -> Sampler:
    r"""Make random-walk steps with signs biased uphill, and accept or reject them by the Metropolis rule.

    With :math:`M^{-1} = L L^\top`, :math:`w_i \sim N(0, \epsilon^2)` and the force
    :math:`c(x) = L^\top \nabla \log p(x)`, each :math:`w_i` keeps its sign with probability
    :math:`1 / (1 + e^{-w_i c_i(x)})` and is flipped otherwise, and :math:`x' = x + L w`. The log ratio is

    .. math:: \log p(x') - \log p(x)
        + \sum_i \log \frac{1 + e^{-w_i c_i(x)}}{1 + e^{w_i c_i(x')}}.

    The gradient changes only the signs, so a step is never longer than that of a random walk. Where the
    gradient is unbounded, or the step size is too long, Barker loses far less efficiency than MALA.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        step_size: Standard deviation of a step, in units of L.
        inverse_mass_matrix: None (identity), variances ``[dim]`` or a covariance ``[dim, dim]``.

    Returns:
        A Markov sampler, whose state has the ``tuning`` that warm-up adapts.

    Raises:
        ValueError: If the step size is not positive.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.sampling import sample
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
    return make_kernel(gradient_init, barker_step, log_density, step_size, inverse_mass_matrix)


def barker_step(log_density: LogDensity, key: Key, state: ChainState) -> tuple[ChainState, Draws]:
    """Make one proposal; costs one gradient."""
    noise_key, sign_key, accept_key = jax.random.split(key, 3)
    step_size, factor = state.tuning
    x, density, unravel = flatten(log_density, state.position)
    increment = step_size * jax.random.normal(noise_key, x.shape, x.dtype)
    force = to_force(factor, state.gradient)
    keeps_sign = jax.random.uniform(sign_key, x.shape, x.dtype) < jax.nn.sigmoid(increment * force)
    increment = jnp.where(keeps_sign, increment, -increment)
    x = x + to_velocity(factor, increment)
    value, gradient = jax.value_and_grad(density)(x)
    force_back = to_force(factor, gradient)

    log_sign_ratio = jax.nn.softplus(-increment * force) - jax.nn.softplus(increment * force_back)  # [dim]
    log_ratio = value - state.log_density + jnp.sum(log_sign_ratio)
    proposed = ChainState(unravel(x), value, gradient, state.tuning)
    log_u = log_uniform(jax.random.uniform(accept_key, dtype=log_ratio.dtype))
    return metropolis_step(log_u, log_ratio, proposed, state)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Make Barker for a target that suits local moves."""
    return local_recipe(barker, target, scale, 0.4)
