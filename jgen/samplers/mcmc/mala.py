"""Sample by the Metropolis-adjusted Langevin algorithm."""

from jgen.samplers.accept import metropolis_step, normal_and_log_uniform
from jgen.samplers.langevin_proposal import langevin_proposal
from jgen.samplers.recipe import Recipe, local_recipe
from jgen.samplers.state import ChainState, gradient_init, make_kernel
from jgen.types import Array, Draws, Key, LogDensity, Sampler, Target


def mala(
    log_density: LogDensity, *, step_size: float | Array = 1.0, inverse_mass_matrix: Array | None = None
) -> Sampler:
    r"""Make a Langevin proposal and accept or reject it by the Metropolis rule.

    With :math:`M^{-1} = L L^\top`, noise :math:`\xi \sim N(0, I)` and step size :math:`\epsilon`,

    .. math:: x' = x + \epsilon L \bigl(\xi + \tfrac\epsilon2 L^\top \nabla \log p(x)\bigr).

    The noise of the reverse move is
    :math:`\xi' = -\xi - \tfrac\epsilon2 L^\top(\nabla \log p(x) + \nabla \log p(x'))`, so the log ratio
    is :math:`\log p(x') - \log p(x) + (|\xi|^2 - |\xi'|^2)/2`. It is HMC with one
    leapfrog step. In the notation :math:`x + e \nabla \log p + \sqrt{2e}\,\xi`, :math:`e = \epsilon^2 / 2`.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        step_size: Standard deviation of the noise, in units of L.
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
        >>> run = sample(
        ...     jax.random.key(0), mala(log_density), num_draws=100, num_chains=4, position=jnp.zeros((4, 2))
        ... )
        >>> int(run.cost.num_grads)
        400

    Reference:
        Roberts and Tweedie (1996), "Exponential convergence of Langevin distributions and their
        discrete approximations", Bernoulli 2(4).
    """
    return make_kernel(gradient_init, mala_step, log_density, step_size, inverse_mass_matrix)


def mala_step(log_density: LogDensity, key: Key, state: ChainState) -> tuple[ChainState, Draws]:
    """Make one proposal; costs one gradient."""
    noise, log_u = normal_and_log_uniform(key, state.gradient)
    proposed, log_ratio = langevin_proposal(log_density, noise, state)
    return metropolis_step(log_u, log_ratio, proposed, state)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Make MALA for a target that suits local moves."""
    return local_recipe(mala, target, scale, 0.574)
