"""Compute the expected log predictive density by leave-one-out cross-validation, PSIS-LOO."""

from functools import partial
from typing import NamedTuple

import jax
import numpy as np
from jax.scipy.special import logsumexp
from jax.typing import ArrayLike

from jgen._internal.own_precision import in_own_precision
from jgen.diagnostics import ess_mean
from jgen.diagnostics.weights import psis
from jgen.evaluation.results import mean_result
from jgen.types import Array, Result

LARGEST_K = 0.7


class Loo(NamedTuple):
    """Leave-one-out cross-validation.

    Attributes:
        elpd: Expected log predictive density of as many new observations, in nats.
        mean: The same per observation, in nats.
        values: Log predictive density of each observation, the others given ``[observation]``.
        pareto_k: Shape of the tail of each observation's weights ``[observation]``.
        num_effective: Effective number of parameters: how far the log density of the draws is above.
    """

    elpd: Result
    mean: Result
    values: np.ndarray
    pareto_k: np.ndarray
    num_effective: float


def loo(log_likelihood: ArrayLike, *, relative_efficiency: float | None = None) -> Loo:
    r"""Estimate the expected log predictive density of new observations from one posterior's draws.

    The posterior without observation i is that with it, weighted by :math:`1 / p(y_i | \theta)`; the weights
    are smoothed by ``psis``:

    .. math:: elpd_i = \log \frac{\sum_s w_{is} \, p(y_i | \theta_s)}{\sum_s w_{is}}

    The 95 % interval is of the expected log predictive density of as many new observations of the same
    source: that of the sum of as many independent values, by ``mean_result``. It leaves out the error of the
    draws, which grows with k. With the weights of an observation of k above 0.7 an estimate is not reliable,
    and the result is flagged: refit without that observation. WAIC, which fails in the same cases without a
    sign of it, is not offered.

    Args:
        log_likelihood: Log density of each observation under each draw, in nats ``[chain, draw,
            observation]``, or of independent draws ``[draw, observation]``.
        relative_efficiency: ESS over number of draws, by which the tail is lengthened; None for the mean over
            observations of that of their likelihoods, over the chains, and 1 for independent draws.

    Returns:
        The estimate, with the parts of each observation.

    Raises:
        ValueError: For other shapes, fewer than two observations, or values that are NaN or +inf.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> y, mean = rng.normal(size=30), rng.normal(0, 30**-0.5, size=(1000, 1))
        >>> found = loo(-0.5 * (y - y.mean() - mean) ** 2 - 0.5 * np.log(2 * np.pi))
        >>> bool(abs(found.num_effective - 1) < 0.7), bool((found.pareto_k < 0.7).all())
        (True, True)

    Reference:
        Vehtari, Gelman and Gabry (2017), Practical Bayesian model evaluation using leave-one-out
        cross-validation and WAIC, Statistics and Computing 27.
    """
    values = np.asarray(log_likelihood)
    if values.ndim not in (2, 3) or min(values.shape) == 0 or values.shape[-1] < 2:
        raise ValueError(
            "loo takes log_likelihood [chain, draw, observation] or [draw, observation], of two observations "
            f"or more; got shape {values.shape}"
        )
    if np.isnan(values).any() or (values == np.inf).any():
        raise ValueError("log_likelihood has NaN or +inf: a draw at which the density is not a number")
    if relative_efficiency is None:
        relative_efficiency = _relative_efficiency(values) if values.ndim == 3 else 1.0
    by_observation = np.moveaxis(values.reshape(-1, values.shape[-1]), 0, 1)  # [observation, draw]
    found = in_own_precision(partial(_loo, relative_efficiency=relative_efficiency), by_observation)
    per_observation, k, full = (np.asarray(part, np.float64) for part in found)
    num_observations = len(k)
    protocol = {"observations": num_observations, "unit": "nats"}
    mean = mean_result(per_observation, "PSIS-LOO", protocol)
    worst = float(k.max())
    if worst > LARGEST_K:
        num_bad = int((k > LARGEST_K).sum())
        sentence = (
            f"Pareto k is above {LARGEST_K} for {num_bad} of {num_observations} observations (the largest is "
            f"{worst:.2f}): refit without each of them"
        )
        mean = mean._replace(flags=(*mean.flags, sentence))
    mean = mean._replace(pareto_k=worst)
    scaled = [num_observations * part for part in mean[:3]]
    elpd = mean._replace(value=scaled[0], low=scaled[1], high=scaled[2])
    return Loo(elpd, mean, per_observation, k, float((full - per_observation).sum()))


def _loo(log_likelihood: Array, relative_efficiency: float) -> tuple[Array, Array, Array]:
    """Compute the log predictive density without each observation, k, and that with all ``[observation]``."""

    def one(values: Array) -> tuple[Array, Array, Array]:
        log_weight, k = psis(-values, relative_efficiency)
        full = logsumexp(values) - np.log(values.size)
        return logsumexp(log_weight + values) - logsumexp(log_weight), k, full

    return jax.vmap(one)(log_likelihood)


def _relative_efficiency(values: np.ndarray) -> float:
    """Compute the mean of ESS over draws of the likelihoods, to two digits, as psis compiles for each."""
    likelihood = np.exp(values - values.max((0, 1)))  # [chain, draw, observation]
    by_observation = np.moveaxis(likelihood, 2, 0)
    ess = in_own_precision(jax.vmap(ess_mean), by_observation)
    mean = float(np.nanmean(np.asarray(ess))) / (values.shape[0] * values.shape[1])
    return float(f"{mean:.2g}") if np.isfinite(mean) else 1.0
