"""Grey values as black and white: by chance, or by a threshold."""

import jax
import jax.numpy as jnp
import numpy as np

from jgen._internal.validation import is_traced
from jgen.types import Array, Key


def binarise(key: Key, x: Array) -> Array:
    """Draws each element: 1 with the probability that its grey value is, else 0.

    Drawn anew in each epoch it is more data than drawn once: say which you did, as log-likelihoods of the two
    are not compared. ``binarized_mnist`` is the one draw that is published.

    Args:
        key: What is drawn from.
        x: Grey values in [0, 1], of any shape: ``digits["x"] / 16``.

    Returns:
        0.0 and 1.0, float32, of the shape of x.

    Raises:
        ValueError: For values outside [0, 1], where they are known.

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
    """1 where a grey value is above a threshold, else 0: always the same image.

    Args:
        x: Grey values in [0, 1], of any shape.
        at: The threshold, which itself becomes 0.

    Returns:
        0.0 and 1.0, float32, of the shape of x.

    Raises:
        ValueError: For values outside [0, 1], where they are known.

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
