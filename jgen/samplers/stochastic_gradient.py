"""Noisy gradients: what the samplers share that see only a part of the data at a time."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

from jgen._internal.binding import as_partial, bind_static
from jgen.samplers.accept import MAX_ENERGY_ERROR
from jgen.samplers.input_checks import check_position
from jgen.samplers.state import ChainState, flatten, make_tuning
from jgen.types import Array, Key, LogDensity, PyTree

LogDensityEstimate = Callable[[Key, PyTree], Array]
"""Key and position -> an unbiased estimate of the log density ``[]``, whose gradient is unbiased with it."""


def minibatch(
    log_prior: LogDensity,
    log_likelihood: Callable[[PyTree, PyTree], Array],
    data: PyTree,
    *,
    batch_size: int,
) -> Partial:
    r"""The log density of a posterior, estimated from a few of its data.

    .. math:: \hat\ell(x) = \log p(x) + \frac{N}{B} \sum_{b=1}^{B} \log p(y_{i_b} | x),
        \qquad i_b \sim \text{Uniform}\{1, \dots, N\},

    drawn with replacement, so that it costs the same however many data there are. It is unbiased, and so
    is its gradient, whose variance is :math:`N^2 / B` times that of a single datum's gradient among the data.

    Args:
        log_prior: Position -> log density of the prior ``[]``, in nats.
        log_likelihood: Position and ONE datum -> log likelihood ``[]``.
        data: A pytree whose arrays share their first axis, of length N.
        batch_size: B; structural, another size compiles anew.

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
    data = jax.tree.map(jnp.asarray, data)
    return Partial(
        bind_static(random_batch, batch_size=batch_size),
        as_partial(log_prior),
        as_partial(log_likelihood),
        data,
    )


def random_batch(
    log_prior: LogDensity,
    log_likelihood: Callable[[PyTree, PyTree], Array],
    data: PyTree,
    key: Key,
    position: PyTree,
    *,
    batch_size: int,
) -> Array:
    """The estimate from a batch drawn with replacement ``[]``."""
    indices = jax.random.randint(key, (batch_size,), 0, len(jax.tree.leaves(data)[0]))
    return batch_estimate(log_prior, log_likelihood, data, indices, position)


def batch_estimate(
    log_prior: LogDensity,
    log_likelihood: Callable[[PyTree, PyTree], Array],
    data: PyTree,
    indices: Array,
    position: PyTree,
) -> Array:
    """The estimate from the data of these indices ``[batch]``."""
    num_data = len(jax.tree.leaves(data)[0])
    batch = jax.tree.map(lambda leaf: leaf[indices], data)
    terms = jax.vmap(log_likelihood, (None, 0))(position, batch)  # [batch]
    return log_prior(position) + num_data / len(indices) * jnp.sum(terms)


def noisy(log_density: LogDensity, scale: Array, key: Key, position: PyTree) -> Array:
    """A log density tilted at random: its gradient gets Gaussian noise of deviations 1 / scale ``[dim]``.

    Without data, this is what tests a sampler of noisy gradients.
    """
    x, _ = ravel_pytree(position)
    return log_density(position) + jax.random.normal(key, x.shape, x.dtype) @ (x / scale)


def stochastic_init(
    estimate: LogDensityEstimate,
    step_size: Array,
    inverse_mass_matrix: Array | None,
    key: Key,
    position: PyTree,
) -> ChainState:
    """``init`` of every sampler of noisy gradients; spends one."""
    check_position(Partial(estimate, key), position, "a sampler of noisy gradients")
    flat, density, _ = flatten(Partial(estimate, key), position)
    value, gradient = jax.value_and_grad(density)(flat)
    return ChainState(position, value, gradient, make_tuning(step_size, inverse_mass_matrix, flat))


def is_usable(value: Array, gradient: Array) -> Array:
    """Whether an estimate can be gone on from ``[]``."""
    return jnp.isfinite(value) & jnp.all(jnp.isfinite(gradient))


def is_diverging(usable: Array, kick: Array) -> Array:
    """Whether the chain was held back, or is pushed further than noise ever goes ``[]``.

    Args:
        usable: Whether the estimate at the end of the step was ``[]``.
        kick: What the gradient adds, in standard deviations of unit noise ``[dim]``: one beyond 45 of them
            costs more than 1000 nats.
    """
    return ~usable | (0.5 * jnp.max(kick**2) > MAX_ENERGY_ERROR)
