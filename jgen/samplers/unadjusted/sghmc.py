"""Stochastic-gradient Hamiltonian Monte Carlo."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen._internal.trees import select_tree
from jgen._internal.validation import check_positive, is_traced
from jgen.samplers.mass_matrix import check_inverse_mass_matrix, to_force, to_velocity
from jgen.samplers.recipe import BEYOND_LOCAL_MOVES, Recipe
from jgen.samplers.state import Tuning, flatten
from jgen.samplers.stochastic_gradient import (
    LogDensityEstimate,
    is_diverging,
    is_usable,
    noisy,
    stochastic_init,
)
from jgen.types import Array, DrawKind, Draws, Key, PyTree, Sampler, Target


class MovingState(NamedTuple):
    """Where a chain stands, and how it moves.

    Attributes:
        position: Any pytree of floats.
        log_density: The last estimate of it ``[]``.
        gradient: Of that estimate, ravelled ``[dim]``.
        momentum: White ``[dim]``.
        tuning: Step size and metric.
    """

    position: PyTree
    log_density: Array
    gradient: Array
    momentum: Array
    tuning: Tuning


def sghmc(
    log_density_estimate: LogDensityEstimate,
    *,
    step_size: float | Array = 0.1,
    friction: float | Array = 0.1,
    gradient_variance: float | Array = 0.0,
    inverse_mass_matrix: Array | None = None,
) -> Sampler:
    r"""Momentum with friction along gradients of mini-batches, and noise that makes up for the friction.

    With :math:`M^{-1} = L L^\top`, white momentum n, friction :math:`\alpha` and an unbiased gradient
    :math:`\hat g` whose noise in white coordinates is thought to have variance :math:`\hat V`,

    .. math:: n \leftarrow (1 - \alpha) n + \epsilon L^\top \hat g(x)
        + \sqrt{2 (\alpha - \epsilon^2 \hat V / 2)}\, \xi, \qquad x \leftarrow x + \epsilon L n.

    The gradient's own noise is part of the heat that friction :math:`\alpha` takes away, so it is left out of
    what is injected. If it is in truth V, a Gaussian of variance 1 is seen as one of

    .. math:: \frac{1 + \epsilon^2 (V - \hat V) / 2 \alpha}{1 - \epsilon^2 / 2(2 - \alpha)}

    (see ``biased_variance``), exactly; without friction and noise it is the :math:`1 / (1 - \epsilon^2/4)` of
    unadjusted leapfrogs.

    Args:
        log_density_estimate: Key and position -> unbiased estimate of the log density ``[]``, in nats, from
            ``minibatch`` or your own; bind data by ``Partial``.
        step_size: Step size; the paper's learning rate is its square.
        friction: Share of the momentum that is lost in a step, in (0, 1].
        gradient_variance: Variance of the gradient's noise in white coordinates, ``[]`` or ``[dim]``; 0
            leaves it to heat the chain.
        inverse_mass_matrix: None (identity), variances ``[dim]`` or a covariance ``[dim, dim]``.

    Returns:
        A biased sampler. The gradient of one estimate counts as one, whatever its batch: a pass over
        the data takes N / B of them. A step to where the estimate or its gradient is not finite is
        not made: the chain turns round, and the draw is flagged as ``diverging``, as is one whose
        gradient pushes beyond 45 standard deviations of the momentum.

    Raises:
        ValueError: If the step size is not positive, the friction is not in (0, 1], the variance is negative,
            or it alone heats more than the friction cools.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.samplers import minibatch
        >>> from jgen.sampling.driver import sample
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
    estimate, step_size = as_partial(log_density_estimate), check_positive("step_size", step_size)
    friction, gradient_variance = jnp.asarray(friction, float), jnp.asarray(gradient_variance, float)
    given = (step_size, friction, gradient_variance)
    if not is_traced(given):
        _check_heat(*(np.asarray(option) for option in given))
    return Sampler(
        Partial(sghmc_init, estimate, step_size, check_inverse_mass_matrix(inverse_mass_matrix)),
        Partial(sghmc_step, estimate, friction, gradient_variance),
    )


def _check_heat(step_size: np.ndarray, friction: np.ndarray, gradient_variance: np.ndarray) -> None:
    if not 0 < friction <= 1:
        raise ValueError(f"friction is the share of the momentum lost in a step, in (0, 1]; got {friction}")
    if not np.all((gradient_variance >= 0) & (step_size**2 * gradient_variance <= 2 * friction)):
        raise ValueError(
            f"gradient_variance {gradient_variance} must be at least 0 and heat no more than friction cools: "
            f"step_size^2 gradient_variance <= 2 friction; got step_size {step_size} and friction "
            f"{friction}: take smaller steps, larger batches or more friction"
        )


def sghmc_init(
    estimate: LogDensityEstimate,
    step_size: Array,
    inverse_mass_matrix: Array | None,
    key: Key,
    position: PyTree,
) -> MovingState:
    """At a random momentum; spends one gradient."""
    momentum_key, batch_key = jax.random.split(key)
    position, value, gradient, tuning = stochastic_init(
        estimate, step_size, inverse_mass_matrix, batch_key, position
    )
    momentum = jax.random.normal(momentum_key, gradient.shape, gradient.dtype)
    return MovingState(position, value, gradient, momentum, tuning)


def sghmc_step(
    estimate: LogDensityEstimate, friction: Array, gradient_variance: Array, key: Key, state: MovingState
) -> tuple[MovingState, Draws]:
    """One kick by the gradient at hand, one move, and a fresh batch's gradient at its end."""
    noise_key, batch_key = jax.random.split(key)
    step_size, factor = state.tuning
    x, density, unravel = flatten(Partial(estimate, batch_key), state.position)
    kick = step_size * to_force(factor, state.gradient)
    heat = jnp.sqrt(jnp.maximum(2 * friction - step_size**2 * gradient_variance, 0.0)).astype(x.dtype)
    noise = heat * jax.random.normal(noise_key, x.shape, x.dtype)
    momentum = (1 - friction).astype(x.dtype) * state.momentum + kick + noise
    x = x + step_size * to_velocity(factor, momentum)
    value, gradient = jax.value_and_grad(density)(x)

    usable = is_usable(value, gradient)
    moved = MovingState(unravel(x), value, gradient, momentum, state.tuning)
    turned_round = state._replace(momentum=-state.momentum)
    state = select_tree(usable, moved, turned_round)
    info = {
        "diverging": is_diverging(usable, kick),
        "step_size": step_size,
        "num_grads": jnp.int32(1),
        "num_log_densities": jnp.int32(0),
    }
    return state, Draws(state.position, info, None, DrawKind.BIASED)


def biased_variance(
    step_size: float | Array,
    friction: float | Array,
    gradient_variance: float | Array = 0.0,
    left_out: float | Array = 0.0,
    variance: float | Array = 1.0,
) -> float | Array:
    """The variance at which the chain settles on a Gaussian of this variance, with the identity as metric.

    Args:
        step_size: Step size.
        friction: Share of the momentum lost in a step.
        gradient_variance: Of the gradient's noise, in truth, the same everywhere.
        left_out: What the sampler was told of it.
        variance: The Gaussian's own.

    Example:
        >>> biased_variance(1.0, 1.0)
        2.0
    """
    heat = 1 + step_size**2 * (gradient_variance - left_out) / (2 * friction)
    return variance * heat / (1 - step_size**2 / (2 * (2 - friction) * variance))


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """SGHMC for any smooth target whose variances are known, told one half of the noise there is."""
    if target.traits & BEYOND_LOCAL_MOVES or target.variance is None:
        return None
    step_size, friction, noise, told = 0.5 * scale, 0.3, 1.0, 0.5
    sampler = sghmc(
        Partial(noisy, target.log_density, jnp.sqrt(target.variance)),
        step_size=step_size,
        friction=friction,
        gradient_variance=told,
        inverse_mass_matrix=target.variance,
    )
    return Recipe(sampler, None, biased_variance(step_size, friction, noise, told))
