r"""Resample N weighted draws: a draw of normalised weight w is copied N w times on average.

Each scheme concatenates the weights on [0, 1), and copies the draw that each of N points falls on; the
schemes differ in how the points are drawn, and so in the variance that they add: systematic and stratified
add little, multinomial the most.
"""

import jax
import jax.numpy as jnp

from jgen.types import Array, Key


def systematic(key: Key, log_weight: Array) -> Array:
    r"""Resample at the points :math:`(i + u) / N`, with one uniform u.

    Every draw has :math:`\lfloor N w \rfloor` copies or one more.

    Args:
        key: Key of u.
        log_weight: Log-weights in nats ``[particle]``, normalised or not; -inf is never copied.

    Returns:
        Index of the draw that each copy is of ``[particle]``; each once where no weight is positive.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> print(systematic(jax.random.key(0), jnp.log(jnp.array([0.5, 0.25, 0.0, 0.25]))))
        [0 0 1 3]

    Reference:
        Carpenter, Clifford and Fearnhead (1999), "Improved particle filter for nonlinear problems", IEE
        Proceedings 146(1).
    """
    return ancestors(log_weight, jax.random.uniform(key, dtype=log_weight.dtype))


def stratified(key: Key, log_weight: Array) -> Array:
    r"""Resample at the points :math:`(i + u_i) / N`, with a uniform each; see ``systematic``.

    The number of copies of every draw differs from :math:`N w` by less than two.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> print(stratified(jax.random.key(0), jnp.log(jnp.array([0.5, 0.25, 0.0, 0.25]))))
        [0 0 1 3]

    Reference:
        Kitagawa (1996), Journal of Computational and Graphical Statistics 5(1).
    """
    return ancestors(log_weight, jax.random.uniform(key, log_weight.shape, log_weight.dtype))


def multinomial(key: Key, log_weight: Array) -> Array:
    """Resample at N independent points; see ``systematic``.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> print(multinomial(jax.random.key(0), jnp.log(jnp.array([0.0, 1.0]))))
        [1 1]

    Reference:
        Gordon, Salmond and Smith (1993), IEE Proceedings F 140(2).
    """
    points = jax.random.uniform(key, log_weight.shape, log_weight.dtype)
    return ancestors(log_weight, log_weight.size * points - jnp.arange(log_weight.size))


def ancestors(log_weight: Array, offset: Array) -> Array:
    """Return the index of the draw on which each point ``(i + offset) / N`` falls ``[particle]``.

    Args:
        log_weight: ``[particle]``.
        offset: One for all ``[]``, or one each ``[particle]``.
    """
    (size,) = log_weight.shape
    index = jnp.arange(size)
    reached = jnp.cumsum(jax.nn.softmax(log_weight))  # [particle]
    # The last sum is 1 up to rounding; a point that rounds to 1 falls on the last draw of positive weight.
    reached = reached / reached[-1]
    chosen = jnp.searchsorted(reached, (index + offset) / size, side="right")  # [particle]
    chosen = jnp.minimum(chosen, jnp.searchsorted(reached, reached[-1]))
    return jnp.where(jnp.any(log_weight > -jnp.inf), chosen, index)
