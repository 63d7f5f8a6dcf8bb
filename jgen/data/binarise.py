"""Binarise grey values, at random or by a threshold."""

import jax
import jax.numpy as jnp
import numpy as np

from jgen._internal.validation import is_traced
from jgen.types import Array, Key


def binarise(key: Key, x: Array) -> Array:
    """Draw each element from a Bernoulli distribution whose probability is its grey value.

    A new draw in each epoch gives more data than one fixed draw: state which you used, as their
    log-likelihoods are not comparable. ``binarized_mnist`` is the one published draw.

    Args:
        key: Random key.
        x: Grey values in [0, 1], of any shape: ``digits["x"] / 16``.

    Returns:
        0.0 and 1.0, float32, of the shape of x.

    Raises:
        ValueError: For values outside [0, 1], unless they are traced.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> binarise(jax.random.key(0), jnp.array([0.0, 1.0])).tolist()
        [0.0, 1.0]

    Reference:
        Salakhutdinov and Murray, "On the quantitative analysis of deep belief networks", ICML 2008.
    """
    _check(x)
    return jax.random.bernoulli(key, jnp.asarray(x, jnp.float32)).astype(jnp.float32)


def threshold(x: Array, at: float = 0.5) -> Array:
    """Return 1 where a grey value is above a threshold, else 0.

    Args:
        x: Grey values in [0, 1], of any shape.
        at: Threshold, mapped to 0 itself.

    Returns:
        0.0 and 1.0, float32, of the shape of x.

    Raises:
        ValueError: For values outside [0, 1], unless they are traced.

    Example:
        >>> import jax.numpy as jnp
        >>> threshold(jnp.array([0.2, 0.5, 0.7])).tolist()
        [0.0, 0.0, 1.0]
    """
    _check(x)
    return (jnp.asarray(x, jnp.float32) > at).astype(jnp.float32)


def _check(x: Array) -> None:
    if not is_traced(x):
        known = np.asarray(x)
        if not ((known >= 0) & (known <= 1)).all():
            raise ValueError(
                f"x must be grey values in [0, 1]; got {known.min()} to {known.max()}: "
                "divide by the greatest value that it may have"
            )
