"""Dequantise integers to [0, 1), so that densities can be fitted to them."""

import jax
import jax.numpy as jnp
import numpy as np

from jgen._internal.validation import is_traced
from jgen.types import Array, Key


def dequantise(key: Key, x: Array, levels: int) -> Array:
    r"""Add uniform noise to integers and scale them to [0, 1).

    With :math:`y = (x + u) / L`, u uniform in [0, 1) for each element, a density q of y of dimension D gives
    a probability of x, that of its cell of volume :math:`L^{-D}`, and by Jensen's inequality

    .. math:: \log P(x) = \log \int q\big((x + u) / L\big) L^{-D} du
        \ge E_u \log q(y) - D \log L.

    So a mean log-density in nats is a bound on bits per dimension, once the Jacobian is counted:

    .. math:: \text{bits per dimension} \le \log_2 L - E \log q(y) / (D \log 2).

    The u are the midpoints of a grid so fine that float32 holds x + u exactly: y is below 1, and
    ``floor(levels * y)`` is x again.

    Args:
        key: Random key of u.
        x: Integers from 0 to ``levels - 1``, of any shape and type.
        levels: L, the number of values of x: 17 for ``digits`` and ``shapes2d``, 256 for photographs.

    Returns:
        y, float32, of the shape of x.

    Raises:
        ValueError: For values that are not integers in that range, unless they are traced, or for levels
            below 2 or above 65,536.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> x = jnp.array([0, 8, 16], jnp.uint8)
        >>> y = dequantise(jax.random.key(0), x, 17)
        >>> bool((y < 1).all()), jnp.floor(17 * y).tolist()
        (True, [0.0, 8.0, 16.0])

    Reference:
        Theis, van den Oord, Bethge, "A note on the evaluation of generative models", ICLR 2016.
    """
    if not 2 <= levels <= 2**16:
        raise ValueError(f"levels must be from 2 to 65536, got {levels}")
    if not is_traced(x):
        known = np.asarray(x)
        if not ((known >= 0) & (known < levels) & (np.floor(known) == known)).all():
            found = f"{known.min()} to {known.max()}"
            raise ValueError(f"x must hold whole numbers from 0 to {levels - 1}; got {found}")
    fine = 2 ** (22 - (levels - 1).bit_length())  # x + u has 24 bits, one of them for the half, one to spare
    u = (jax.random.randint(key, jnp.shape(x), 0, fine).astype(jnp.float32) + 0.5) / fine
    return (jnp.asarray(x, jnp.float32) + u) / levels
