"""Sample by the unadjusted Langevin algorithm."""

import jax
import jax.numpy as jnp

from jgen.samplers.accept import unadjusted_step
from jgen.samplers.langevin_proposal import langevin_proposal
from jgen.samplers.recipe import Recipe, local_recipe
from jgen.samplers.state import ChainState, gradient_init, make_kernel
from jgen.types import Array, Draws, Key, LogDensity, Sampler, Target


def langevin(
    log_density: LogDensity, *, step_size: float | Array = 0.5, inverse_mass_matrix: Array | None = None
) -> Sampler:
    r"""Make the proposals of ``mala`` without rejection, with a bias that depends on the step size.

    With :math:`M^{-1} = L L^\top`, noise :math:`\xi \sim N(0, I)` and step size :math:`\epsilon`,

    .. math:: x' = x + \epsilon L \bigl(\xi + \tfrac\epsilon2 L^\top \nabla \log p(x)\bigr),

    which is :math:`x + e \nabla \log p + \sqrt{2e}\, \xi` with :math:`e = \epsilon^2 / 2`. On
    :math:`N(m, s^2)` its stationary variance is :math:`s^2 / (1 - \epsilon^2 / 4 s^2)` (see
    ``biased_variance``), however many draws are made; from :math:`\epsilon = 2 s` on there is no
    stationary distribution. ``info["energy_error"]`` is minus the log of the Metropolis ratio of
    ``mala``.

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
        >>> from jgen.sampling import sample
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
    return make_kernel(gradient_init, langevin_step, log_density, step_size, inverse_mass_matrix)


def langevin_step(log_density: LogDensity, key: Key, state: ChainState) -> tuple[ChainState, Draws]:
    """Make one move; costs one gradient."""
    noise = jax.random.normal(key, state.gradient.shape, state.gradient.dtype)
    moved, log_ratio = langevin_proposal(log_density, noise, state)
    usable = jnp.all(jnp.isfinite(moved.gradient)) & jnp.isfinite(log_ratio)
    return unadjusted_step(jnp.where(usable, -log_ratio, jnp.inf), moved, state)


def biased_variance(step_size: float | Array, variance: float | Array = 1.0) -> float | Array:
    """Return the stationary variance on a Gaussian of this variance, with an identity mass matrix.

    Example:
        >>> biased_variance(1.0, 4.0)  # for 4
        4.266666666666667
    """
    return variance / (1 - step_size**2 / (4 * variance))


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Make unadjusted Langevin for a target that suits local moves."""
    return local_recipe(langevin, target, scale, None, biased_variance=biased_variance(scale))
