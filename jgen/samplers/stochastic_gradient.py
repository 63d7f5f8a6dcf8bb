"""Estimate log densities from mini-batches of data, and step along their noisy gradients."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

from jgen._internal.binding import as_partial, bind_static
from jgen._internal.trees import select_tree
from jgen.samplers.accept import MAX_ENERGY_ERROR, evaluations
from jgen.samplers.recipe import Recipe, local_recipe
from jgen.samplers.state import ChainState, gradient_init
from jgen.types import COUNTS, Array, DrawKind, Draws, Key, LogDensity, PyTree, Sampler, Target

LogDensityEstimate = Callable[[Key, PyTree], Array]
"""Key and position -> an unbiased estimate of the log density ``[]``, whose gradient is unbiased too."""


def minibatch(
    log_prior: LogDensity, log_likelihood: Callable[[PyTree, PyTree], Array], data: PyTree, *, batch_size: int
) -> Partial:
    r"""Estimate the log density of a posterior from a mini-batch of its data.

    .. math:: \hat\ell(x) = \log p(x) + \frac{N}{B} \sum_{b=1}^{B} \log p(y_{i_b} | x),
        \qquad i_b \sim \text{Uniform}\{1, \dots, N\},

    drawn with replacement, so that the cost does not depend on N. The estimate is unbiased, and so
    is its gradient, whose variance is :math:`N^2 / B` times that of a single datum's gradient among the data.

    Args:
        log_prior: Position -> log density of the prior ``[]``, in nats.
        log_likelihood: Position and ONE datum -> log likelihood ``[]``.
        data: A pytree whose arrays share their first axis, of length N.
        batch_size: B; structural, another size compiles another program.

    Returns:
        ``(key, position) -> estimate``, for ``sgld`` and ``sghmc``. Rebuilt with other data of the same
        shapes, it compiles nothing.

    Raises:
        ValueError: If the arrays do not share their first axis, or the batch is empty, or larger than the
            data.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> def log_prior(x):
        ...     return -0.5 * x**2
        >>> def log_likelihood(x, y):
        ...     return -0.5 * (y - x) ** 2
        >>> estimate = minibatch(log_prior, log_likelihood, jnp.array([2.0, 2.0, 2.0]), batch_size=1)
        >>> float(jax.grad(estimate, argnums=1)(jax.random.key(0), 1.0))  # -1 + 3 (2 - 1)
        2.0

    Reference:
        Robbins and Monro (1951), "A stochastic approximation method", Annals of Mathematical Statistics 22.
    """
    sizes = {jnp.shape(leaf)[:1] for leaf in jax.tree.leaves(data)}
    if len(sizes) != 1 or sizes == {()}:
        raise ValueError(
            f"the arrays of data must share their first axis, one entry a datum; got sizes {sizes}"
        )
    (num_data,) = sizes.pop()
    if not 1 <= batch_size <= num_data:
        raise ValueError(f"batch_size must be between 1 and the {num_data} data there are; got {batch_size}")
    estimate = bind_static(random_batch, batch_size=batch_size)
    data = jax.tree.map(jnp.asarray, data)
    return Partial(estimate, as_partial(log_prior), as_partial(log_likelihood), data)


def random_batch(
    log_prior: LogDensity,
    log_likelihood: Callable[[PyTree, PyTree], Array],
    data: PyTree,
    key: Key,
    position: PyTree,
    *,
    batch_size: int,
) -> Array:
    """Estimate from a batch drawn with replacement ``[]``."""
    indices = jax.random.randint(key, (batch_size,), 0, len(jax.tree.leaves(data)[0]))
    return batch_estimate(log_prior, log_likelihood, data, indices, position)


def batch_estimate(
    log_prior: LogDensity,
    log_likelihood: Callable[[PyTree, PyTree], Array],
    data: PyTree,
    indices: Array,
    position: PyTree,
) -> Array:
    """Estimate from the data of these indices ``[batch]``."""
    num_data = len(jax.tree.leaves(data)[0])
    batch = jax.tree.map(lambda leaf: leaf[indices], data)
    terms = jax.vmap(log_likelihood, (None, 0))(position, batch)  # [batch]
    return log_prior(position) + num_data / len(indices) * jnp.sum(terms)


def noisy(log_density: LogDensity, scale: Array, key: Key, position: PyTree) -> Array:
    """Add Gaussian noise of standard deviation 1 / scale ``[dim]`` to the gradient, to test without data."""
    x, _ = ravel_pytree(position)
    return log_density(position) + jax.random.normal(key, x.shape, x.dtype) @ (x / scale)


def make_noisy(
    make: Callable[..., Sampler], target: Target, scale: float | Array, variance: Any, **options: Any
) -> Recipe | None:
    """Make a sampler for a target of known variances that suits local moves, by its gradient with noise.

    Args:
        make: ``make(estimate, step_size=..., inverse_mass_matrix=..., **options)``.
        target: Its variances become the inverse mass matrix, so that the noise has variance 1.
        scale: Step size ``[]``.
        variance: Exact variance of the draws on a standard Gaussian ``[]``.
        **options: Of the sampler.
    """
    if target.variance is None:
        return None
    estimate = Partial(noisy, target.log_density, jnp.sqrt(target.variance))
    target = replace(target, log_density=estimate)
    return local_recipe(make, target, scale, None, biased_variance=variance, **options)


def stochastic_init(estimate: LogDensityEstimate, tune: Partial, key: Key, position: PyTree) -> ChainState:
    """Initialise a sampler of noisy gradients; costs one gradient."""
    return gradient_init(Partial(estimate, key), tune, key, position)


def stochastic_step(kick: Array, moved: Any, stayed: Any) -> tuple[Any, Draws]:
    """Move if the new estimate and its gradient are finite, and report the draw.

    Args:
        kick: Change by the gradient, in standard deviations of unit noise ``[dim]``. The draw is divergent
            if one is beyond 45, where the kinetic energy passes 1000 nats, or if the step is not made.
        moved: State after the step.
        stayed: State if the step is not made.

    Returns:
        The state and the draw.
    """
    usable = jnp.isfinite(moved.log_density) & jnp.all(jnp.isfinite(moved.gradient))
    state = select_tree(usable, moved, stayed)
    info = {
        "diverging": ~usable | (0.5 * jnp.max(kick**2) > MAX_ENERGY_ERROR),
        "step_size": state.tuning.step_size,
        **evaluations(1),
    }
    return state, Draws(state.position, info, None, DrawKind.BIASED, COUNTS | {"step_size"})
