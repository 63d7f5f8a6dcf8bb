"""Make Bernoulli distributions from probabilities or log-odds."""

from typing import Any

import numpy as np
import numpyro.distributions as dist

from jgen._internal.validation import is_traced
from jgen.distributions.input_checks import check_finite, check_one, to_float


def bernoulli(*, probs: Any = None, logits: Any = None, event_dim: int = 0) -> dist.Distribution:
    r"""Make independent binary variables: $P(x = 1) = p = 1 / (1 + e^{-l})$.

    Args:
        probs: Probabilities of a 1, any shape, in [0, 1].
        logits: Log-odds $l$, any shape; safer than ``probs`` near 0 and 1.
        event_dim: Number of trailing axes of one event: 1 for binary vectors, 2 for images.

    Returns:
        A NumPyro ``BernoulliProbs`` or ``BernoulliLogits``, with ``event_dim`` axes of events.

    Raises:
        TypeError: Neither or both of ``probs`` and ``logits`` were given.
        ValueError: A probability outside [0, 1], a NaN, or more event axes than there are axes.

    Example:
        >>> import jax.numpy as jnp
        >>> pixels = bernoulli(probs=jnp.array([0.5, 0.25]), event_dim=1)
        >>> round(float(jnp.exp(pixels.log_prob(jnp.array([1, 1])))), 4)
        0.125
    """
    check_one("bernoulli", probs=probs, logits=logits)
    value = to_float(probs if logits is None else logits)
    if not 0 <= event_dim <= value.ndim:
        raise ValueError(f"bernoulli: event_dim is {event_dim}, but the parameters have {value.ndim} axes.")
    if logits is not None:
        check_finite("bernoulli", logits=logits)
        return dist.BernoulliLogits(value).to_event(event_dim)
    if not is_traced(probs):
        known = np.asarray(probs)
        if not np.all((known >= 0) & (known <= 1)):
            raise ValueError(
                f"bernoulli: probs must lie in [0, 1]; they run from {np.min(known):.6g} to "
                f"{np.max(known):.6g}. If these are log-odds, pass logits=."
            )
    return dist.BernoulliProbs(value).to_event(event_dim)
