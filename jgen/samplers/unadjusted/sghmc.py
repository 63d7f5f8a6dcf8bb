"""Sample by stochastic-gradient Hamiltonian Monte Carlo."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen._internal.validation import check_positive, is_traced
from jgen.samplers.mass_matrix import to_force, to_velocity
from jgen.samplers.recipe import Recipe
from jgen.samplers.state import MomentumState, flatten, make_kernel
from jgen.samplers.stochastic_gradient import LogDensityEstimate, make_noisy, stochastic_init, stochastic_step
from jgen.types import Array, Draws, Key, PyTree, Sampler, Target


def sghmc(
    log_density_estimate: LogDensityEstimate,
    *,
    step_size: float | Array = 0.1,
    friction: float | Array = 0.1,
    gradient_variance: float | Array = 0.0,
    inverse_mass_matrix: Array | None = None,
) -> Sampler:
    r"""Simulate Hamiltonian dynamics along mini-batch gradients, with friction and noise that balances it.

    With :math:`M^{-1} = L L^\top`, white momentum n, friction :math:`\alpha` and an unbiased gradient
    :math:`\hat g` whose noise in white coordinates is assumed to have variance :math:`\hat V`,

    .. math:: n \leftarrow (1 - \alpha) n + \epsilon L^\top \hat g(x)
        + \sqrt{2 (\alpha - \epsilon^2 \hat V / 2)}\, \xi, \qquad x \leftarrow x + \epsilon L n.

    The gradient's noise is part of the heat that friction :math:`\alpha` removes, so that much less noise is
    injected. If its true variance is V, a Gaussian of variance 1 is sampled with a variance of

    .. math:: \frac{1 + \epsilon^2 (V - \hat V) / 2 \alpha}{1 - \epsilon^2 / 2(2 - \alpha)}

    (see ``biased_variance``), exactly; without friction and noise it is the :math:`1 / (1 - \epsilon^2/4)` of
    unadjusted leapfrogs.

    Args:
        log_density_estimate: Key and position -> unbiased estimate of the log density ``[]``, in nats, from
            ``minibatch`` or your own; bind data by ``Partial``.
        step_size: Step size; the paper's learning rate is its square.
        friction: Fraction of the momentum lost in a step, in (0, 1].
        gradient_variance: Variance of the gradient's noise in white coordinates, ``[]`` or ``[dim]``; 0
            lets it heat the chain.
        inverse_mass_matrix: None (identity), variances ``[dim]`` or a covariance ``[dim, dim]``.

    Returns:
        A biased sampler. The gradient of one estimate counts as one, whatever its batch: a pass over
        the data takes N / B of them. A step to where the estimate or its gradient is not finite is
        not made: the chain reverses its momentum, and the draw is flagged as ``diverging``, as is one whose
        gradient term is beyond 45 standard deviations of the momentum.

    Raises:
        ValueError: If the step size is not positive, the friction is not in (0, 1], the variance is negative,
            or its heat exceeds what the friction removes.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.samplers import minibatch
        >>> from jgen.sampling import sample
        >>> def log_prior(x):
        ...     return -0.5 * x**2
        >>> def log_likelihood(x, y):
        ...     return -0.5 * (y - x) ** 2
        >>> data = jnp.linspace(0.0, 2.0, 99)  # the posterior is N(0.99, 0.1^2)
        >>> sampler = sghmc(minibatch(log_prior, log_likelihood, data, batch_size=10), step_size=0.01)
        >>> run = sample(jax.random.key(0), sampler, num_draws=500, num_chains=20, position=jnp.ones(20))
        >>> print(f"{run.draws.value.mean():.1f} +- {run.draws.value.std():.1f}, {run.draws.kind.value}")
        1.0 +- 0.1, biased

    Reference:
        Chen, Fox and Guestrin (2014), "Stochastic gradient Hamiltonian Monte Carlo", ICML, arXiv 1402.4102.
    """
    options = jnp.asarray(friction, float), jnp.asarray(gradient_variance, float)
    step_size = check_positive("step_size", step_size)
    if not is_traced((step_size, options)):
        _check_heat(*(np.asarray(option) for option in (step_size, *options)))
    return make_kernel(sghmc_init, sghmc_step, log_density_estimate, step_size, inverse_mass_matrix, *options)


def _check_heat(step_size: np.ndarray, friction: np.ndarray, gradient_variance: np.ndarray) -> None:
    if not 0 < friction <= 1:
        raise ValueError(
            f"friction is the fraction of the momentum lost in a step, in (0, 1]; got {friction}"
        )
    if not np.all((gradient_variance >= 0) & (step_size**2 * gradient_variance <= 2 * friction)):
        raise ValueError(
            f"gradient_variance {gradient_variance} must be at least 0 and add no more heat than friction "
            f"removes: step_size^2 gradient_variance <= 2 friction; got step_size {step_size} and friction "
            f"{friction}: take smaller steps, larger batches or more friction"
        )


def sghmc_init(estimate: LogDensityEstimate, tune: Partial, key: Key, position: PyTree) -> MomentumState:
    """Draw a momentum; costs one gradient."""
    momentum_key, batch_key = jax.random.split(key)
    position, value, gradient, tuning = stochastic_init(estimate, tune, batch_key, position)
    momentum = jax.random.normal(momentum_key, gradient.shape, gradient.dtype)
    return MomentumState(position, value, gradient, momentum, tuning)


def sghmc_step(
    estimate: LogDensityEstimate, friction: Array, gradient_variance: Array, key: Key, state: MomentumState
) -> tuple[MomentumState, Draws]:
    """Make one step along the current gradient, and estimate the next from a new batch."""
    noise_key, batch_key = jax.random.split(key)
    step_size, factor = state.tuning
    x, density, unravel = flatten(Partial(estimate, batch_key), state.position)
    kick = step_size * to_force(factor, state.gradient)
    heat = jnp.sqrt(jnp.maximum(2 * friction - step_size**2 * gradient_variance, 0.0)).astype(x.dtype)
    noise = heat * jax.random.normal(noise_key, x.shape, x.dtype)
    momentum = (1 - friction).astype(x.dtype) * state.momentum + kick + noise
    x = x + step_size * to_velocity(factor, momentum)
    value, gradient = jax.value_and_grad(density)(x)

    moved = MomentumState(unravel(x), value, gradient, momentum, state.tuning)
    return stochastic_step(kick, moved, state._replace(momentum=-state.momentum))


def biased_variance(
    step_size: float | Array,
    friction: float | Array,
    gradient_variance: float | Array = 0.0,
    assumed_variance: float | Array = 0.0,
    variance: float | Array = 1.0,
) -> float | Array:
    """Return the stationary variance on a Gaussian of this variance, with an identity mass matrix.

    Args:
        step_size: Step size.
        friction: Fraction of the momentum lost in a step.
        gradient_variance: True variance of the gradient's noise, the same everywhere.
        assumed_variance: Variance that the sampler was given.
        variance: Of the Gaussian.

    Example:
        >>> biased_variance(1.0, 1.0)
        2.0
    """
    heat = 1 + step_size**2 * (gradient_variance - assumed_variance) / (2 * friction)
    return variance * heat / (1 - step_size**2 / (2 * (2 - friction) * variance))


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Make SGHMC for a target of known variances that suits local moves, given half the noise variance."""
    step_size, true_variance, given = 0.5 * scale, 1.0, {"friction": 0.3, "gradient_variance": 0.5}
    variance = biased_variance(step_size, given["friction"], true_variance, given["gradient_variance"])
    return make_noisy(sghmc, target, step_size, variance, **given)
