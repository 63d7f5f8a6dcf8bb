"""Check that data lie in the support of a likelihood."""

from typing import Any

import numpy as np

from jgen._internal.validation import innermost, is_traced


def check_support(head: Any, x: Any) -> None:
    """Check that data lie in the support of a head or a distribution; for concrete arrays, outside of jit.

    A compiled step cannot raise: there such values have a log-probability of -inf nats.

    Args:
        head: A head, or any distribution.
        x: Data ``[batch, *event]``.

    Raises:
        ValueError: If values lie outside; the message has the first, their number, the support and a remedy.
        TypeError: If x is traced.

    Example:
        >>> import jax.numpy as jnp
        >>> from jgen.decoders import Bernoulli, ContinuousBernoulli
        >>> grey = jnp.array([[0.0, 0.25], [1.0, 0.5]])
        >>> check_support(ContinuousBernoulli(), grey)
        >>> check_support(Bernoulli(), grey)
        Traceback (most recent call last):
        ValueError: x has values outside the support of Bernoulli: x[0, 1] is 0.25, one of 2 in 4. It takes
        0 or 1. Binarise the data (x > a threshold, or a draw with probabilities x), or take the head ...
    """
    if is_traced(x):
        raise TypeError("check_support reads values, and x is traced: call it on the data, outside of jit")
    constraint = innermost(head.support, "base_constraint")
    values = np.asarray(x)
    outside = ~np.asarray(constraint(values), bool)
    if not outside.any():
        return
    first = tuple(int(i) for i in np.argwhere(outside)[0])
    name, takes = type(innermost(head)).__name__, getattr(head, "takes", f"{constraint}")
    remedy = getattr(head, "remedy", "Map the data to that, or take a likelihood whose support they are in.")
    raise ValueError(
        f"x has values outside the support of {name}: x{list(first)} is {values[first]}, "
        f"one of {outside.sum():,} in {outside.size:,}. It takes {takes}. {remedy}"
    )
