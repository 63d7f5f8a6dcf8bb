"""Make categorical distributions from probabilities or unnormalised logs."""

from typing import Any

import numpy as np
import numpyro.distributions as dist

from jgen._internal.validation import is_traced
from jgen.distributions.input_checks import as_simplex, check_one, to_float
from jgen.distributions.parameters import unchecked_logits


def categorical(*, probs: Any = None, logits: Any = None) -> dist.Distribution:
    r"""Make the distribution of one of K categories: $P(x = k) = p_k = e^{l_k} / \sum_j e^{l_j}$.

    Args:
        probs: ``[*batch, category]``, non-negative, summing to 1 over the last axis.
        logits: ``[*batch, category]``, unnormalised log-probabilities; -inf excludes a category.

    Returns:
        A NumPyro ``CategoricalProbs`` or ``CategoricalLogits``, with integer draws ``0 .. K - 1``.

    Raises:
        TypeError: Neither or both of ``probs`` and ``logits`` were given.
        ValueError: No category axis, negative probabilities, a sum that is not 1, logits that are NaN or
            +inf, or all -inf.

    Example:
        >>> import jax.numpy as jnp
        >>> round(float(jnp.exp(categorical(probs=[0.25, 0.75]).log_prob(1))), 4)
        0.75
    """
    check_one("categorical", probs=probs, logits=logits)
    value = to_float(probs if logits is None else logits)
    if value.ndim == 0 or value.shape[-1] == 0:
        raise ValueError(f"categorical needs a last axis of categories; it was given shape {value.shape}.")
    if logits is None:
        return dist.CategoricalProbs(as_simplex("categorical: probs", probs))
    if not is_traced(logits):
        top = np.max(np.asarray(logits, dtype=float), axis=-1)
        if not np.all(np.isfinite(top)):
            raise ValueError(
                "categorical: each row of logits needs a finite largest entry (no NaN, no +inf); "
                f"the largest entries are {top}."
            )
    return unchecked_logits(value)
