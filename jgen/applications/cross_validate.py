"""Cross-validate the log-probability of a density estimator."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.distributions import Distribution

from jgen.distributions import log_prob_of
from jgen.types import Array, Key

_log_probs = jax.jit(jax.vmap(log_prob_of, in_axes=(None, 0)))


def cross_validate(
    key: Key, rows: Array, fit: Callable[[Array], Distribution | None], *, num_folds: int = 5
) -> np.ndarray:
    """Compute the log-probability of each row under a fit to the other folds.

    Args:
        key: Random key of the folds; the same key gives the same folds, so that fits compare in pairs.
        rows: The data ``[row, *event]``.
        fit: Function from rows to a distribution over one row; None if the fit failed.
        num_folds: Number of parts of the data, each held out once.

    Returns:
        In nats ``[row]``; NaN for the rows of a fold whose fit failed.

    Raises:
        ValueError: If there are fewer than two folds, or fewer rows than folds.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> rows = jnp.arange(10.0)
        >>> log_prob = cross_validate(jax.random.key(0), rows, lambda others: dist.Normal(others.mean(), 3.0))
        >>> log_prob.shape
        (10,)

    Reference:
        Stone (1974), "Cross-validatory choice and assessment of statistical predictions", JRSS B 36.
    """
    if not 2 <= num_folds <= len(rows):
        raise ValueError(f"num_folds must be 2 or more, and at most the {len(rows)} rows; got {num_folds}")
    log_prob = np.full(len(rows), np.nan)
    order = np.asarray(jax.random.permutation(key, len(rows)))
    for fold in np.array_split(order, num_folds):
        distribution = fit(jnp.asarray(rows)[np.setdiff1d(order, fold)])
        if distribution is not None:
            log_prob[fold] = _log_probs(distribution, jnp.asarray(rows)[fold])
    return log_prob
