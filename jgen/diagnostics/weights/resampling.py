r"""Resample N weighted draws: a draw of normalised weight w is copied N w times on average.

Each scheme concatenates the weights on [0, 1), and copies the draw that each of N points falls on; the
schemes differ in how the points are drawn, and so in the variance that they add: systematic and stratified
add little, multinomial the most.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jgen._internal.dtypes import at_least_float32
from jgen._internal.validation import is_traced
from jgen.types import Array, Key


def systematic(key: Key, log_weight: ArrayLike) -> Array:
    r"""Resample at the points :math:`(i + u) / N`, with one uniform u.

    Every draw has :math:`\lfloor N w \rfloor` copies or one more.

    Args:
        key: Key of u.
        log_weight: Log-weights in nats ``[particle]``, normalised or not; -inf is never copied.

    Returns:
        Index of the draw that each copy is of ``[particle]``; each once where no weight is positive.

    Raises:
        ValueError: If ``log_weight`` is not a vector of at least one number, or a known one is NaN or +inf.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> print(systematic(jax.random.key(0), jnp.log(jnp.array([0.5, 0.25, 0.0, 0.25]))))
        [0 0 1 3]

    Reference:
        Carpenter, Clifford and Fearnhead (1999), "Improved particle filter for nonlinear problems", IEE
        Proceedings 146(1).
    """
    log_weight = _check("systematic", log_weight)
    index = jnp.arange(log_weight.size)
    return ancestors(log_weight, index, jax.random.uniform(key, dtype=log_weight.dtype))


def stratified(key: Key, log_weight: ArrayLike) -> Array:
    r"""Resample at the points :math:`(i + u_i) / N`, with a uniform each; see ``systematic``.

    The number of copies of every draw differs from :math:`N w` by less than two.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> print(stratified(jax.random.key(0), jnp.log(jnp.array([0.5, 0.25, 0.0, 0.25]))))
        [0 0 1 3]

    Reference:
        Kitagawa (1996), Journal of Computational and Graphical Statistics 5(1).
    """
    log_weight = _check("stratified", log_weight)
    index = jnp.arange(log_weight.size)
    return ancestors(log_weight, index, jax.random.uniform(key, log_weight.shape, log_weight.dtype))


def multinomial(key: Key, log_weight: ArrayLike) -> Array:
    """Resample at N independent points; see ``systematic``.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> print(multinomial(jax.random.key(0), jnp.log(jnp.array([0.0, 1.0]))))
        [1 1]

    Reference:
        Gordon, Salmond and Smith (1993), IEE Proceedings F 140(2).
    """
    log_weight = _check("multinomial", log_weight)
    whole_key, key = jax.random.split(key)
    whole = jax.random.randint(whole_key, log_weight.shape, 0, log_weight.size)
    return ancestors(log_weight, whole, jax.random.uniform(key, log_weight.shape, log_weight.dtype))


def ancestors(log_weight: Array, whole: Array, fraction: Array) -> Array:
    r"""Return the index of the draw on which each point ``(whole + fraction) / N`` falls ``[particle]``.

    The running sum of :math:`N w` is kept as an integer and a fraction: as one float32 it would lose whole
    particles from some hundred thousand on.

    Args:
        log_weight: ``[particle]``.
        whole: Integers below N ``[particle]``.
        fraction: In [0, 1); one for all ``[]``, or one each ``[particle]``.
    """
    (size,) = log_weight.shape
    expected = size * jax.nn.softmax(log_weight)  # [particle], copies of each draw
    floor, rest = jax.lax.associative_scan(_add, _split(expected))  # of the running sum
    # The last sum is N up to rounding, which is shared out.
    excess = (floor[-1] - size) + rest[-1]
    share = (floor + rest) / (size + excess)
    floor, rest = _add((floor, rest), _split(-excess * share))

    def halve(_: Array, bracket: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bracket
        middle = (low + high) // 2
        ahead = floor[middle] - whole  # [particle]
        beyond = (ahead > 0) | ((ahead == 0) & (rest[middle] > fraction))
        return jnp.where(beyond, low, jnp.minimum(middle + 1, high)), jnp.where(beyond, middle, high)

    chosen, _ = jax.lax.fori_loop(
        0, size.bit_length(), halve, (jnp.zeros(size, int), jnp.full(size, size - 1))
    )
    index, positive = jnp.arange(size), log_weight > -jnp.inf
    before = jax.lax.cummax(jnp.where(positive, index, jnp.argmax(positive)))  # sums may differ by rounding
    return jnp.where(positive.any(), before[chosen], index)


def _check(caller: str, log_weight: ArrayLike) -> Array:
    """Return log-weights as floats of 32 bits or more ``[particle]``, after checking them."""
    if jnp.ndim(log_weight) != 1 or jnp.size(log_weight) == 0:
        raise ValueError(
            f"{caller} resamples a vector of log-weights [particle], of one or more; got shape "
            f"{jnp.shape(log_weight)}. Map over populations with jax.vmap."
        )
    if not is_traced(log_weight) and not (np.asarray(log_weight, np.float64) < np.inf).all():
        raise ValueError(f"{caller}: a log-weight is NaN or +inf, which no number of copies is right for")
    return at_least_float32(log_weight)


def _split(x: Array) -> tuple[Array, Array]:
    """Split floats into the integer below and a fraction in [0, 1)."""
    floor = jnp.floor(x)
    return floor.astype(jnp.int32), x - floor


def _add(a: tuple[Array, Array], b: tuple[Array, Array]) -> tuple[Array, Array]:
    """Add numbers given by an integer and a fraction."""
    carry, rest = _split(a[1] + b[1])
    return a[0] + b[0] + carry, rest
