"""Sample by stochastic-gradient Langevin dynamics."""

import jax
from jax.tree_util import Partial

from jgen.samplers.mass_matrix import to_force, to_velocity
from jgen.samplers.recipe import Recipe
from jgen.samplers.state import ChainState, flatten, make_kernel
from jgen.samplers.stochastic_gradient import LogDensityEstimate, make_noisy, stochastic_init, stochastic_step
from jgen.types import Array, Draws, Key, Sampler, Target


def sgld(
    log_density_estimate: LogDensityEstimate,
    *,
    step_size: float | Array = 0.1,
    inverse_mass_matrix: Array | None = None,
) -> Sampler:
    r"""Make Langevin steps along mini-batch gradients; biased by the step size and by the gradient's noise.

    With :math:`M^{-1} = L L^\top`, noise :math:`\xi \sim N(0, I)` and an unbiased gradient :math:`\hat g`,

    .. math:: x' = x + \epsilon L \bigl(\xi + \tfrac\epsilon2 L^\top \hat g(x)\bigr).

    The gradient's noise heats the chain: where :math:`L^\top \hat g` has variance V about its mean, a
    Gaussian of variance 1 is sampled with a variance of
    :math:`(1 + \epsilon^2 V / 4) / (1 - \epsilon^2 / 4)` (see ``biased_variance``), exactly. Both
    errors vanish as :math:`\epsilon^2`; there is no accept step, which would need all the data.

    Args:
        log_density_estimate: Key and position -> unbiased estimate of the log density ``[]``, in nats, from
            ``minibatch`` or your own; bind data by ``Partial``.
        step_size: Standard deviation of the injected noise, in units of L; the papers' :math:`\epsilon_t`
            is its square.
        inverse_mass_matrix: None (identity), variances ``[dim]`` or a covariance ``[dim, dim]``.

    Returns:
        A biased sampler. The gradient of one estimate counts as one, whatever its batch: a pass over
        the data takes N / B of them. A step to where the estimate or its gradient is not finite is
        not made, and flagged as ``diverging``, as is a gradient term beyond 45 standard deviations.

    Raises:
        ValueError: If the step size is not positive.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.samplers import minibatch
        >>> from jgen.sampling import sample
        >>> def log_prior(x):
        ...     return -0.5 * x**2
        >>> def log_likelihood(x, y):
        ...     return -0.5 * (y - x) ** 2
        >>> data = jnp.linspace(0.0, 2.0, 99)  # the posterior is N(0.99, 0.1^2)
        >>> sampler = sgld(minibatch(log_prior, log_likelihood, data, batch_size=10), step_size=0.02)
        >>> run = sample(jax.random.key(0), sampler, num_draws=500, num_chains=20, position=jnp.ones(20))
        >>> print(f"{run.draws.value.mean():.1f} +- {run.draws.value.std():.1f}, {run.draws.kind.value}")
        1.0 +- 0.1, biased

    Reference:
        Welling and Teh (2011), "Bayesian learning via stochastic gradient Langevin dynamics", ICML; Vollmer,
        Zygalakis and Teh (2016), "Exploration of the (non-)asymptotic bias and variance of stochastic
        gradient Langevin dynamics", JMLR 17.
    """
    return make_kernel(stochastic_init, sgld_step, log_density_estimate, step_size, inverse_mass_matrix)


def sgld_step(estimate: LogDensityEstimate, key: Key, state: ChainState) -> tuple[ChainState, Draws]:
    """Make one move along the current gradient, and estimate the next from a new batch."""
    noise_key, batch_key = jax.random.split(key)
    step_size, factor = state.tuning
    x, density, unravel = flatten(Partial(estimate, batch_key), state.position)
    noise = jax.random.normal(noise_key, x.shape, x.dtype)
    kick = 0.5 * step_size * to_force(factor, state.gradient)
    x = x + step_size * to_velocity(factor, noise + kick)
    value, gradient = jax.value_and_grad(density)(x)

    moved = ChainState(unravel(x), value, gradient, state.tuning)
    return stochastic_step(kick, moved, state)


def biased_variance(
    step_size: float | Array, gradient_variance: float | Array = 0.0, variance: float | Array = 1.0
) -> float | Array:
    """Return the stationary variance on a Gaussian of this variance, with an identity mass matrix.

    Args:
        step_size: Standard deviation of the injected noise.
        gradient_variance: Of the gradient's noise, the same everywhere.
        variance: Of the Gaussian.

    Example:
        >>> biased_variance(1.0, 1.0)
        1.6666666666666667
    """
    return variance * (1 + step_size**2 * gradient_variance / 4) / (1 - step_size**2 / (4 * variance))


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Make SGLD for a target of known variances that suits local moves, with gradient noise of variance 1."""
    return make_noisy(sgld, target, scale, biased_variance(scale, 1.0))
