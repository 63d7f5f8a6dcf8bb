"""Compute metrics of a run on a target of known moments: accuracy, ESS, cost and speed."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from jgen._internal.own_precision import in_own_precision
from jgen._internal.trees import flatten_event
from jgen.diagnostics import mcse_between, rhat, weights
from jgen.sampling.driver import Run
from jgen.types import Array, DrawKind, Draws

MEAN_ERROR, ESS, ESS_PER_GRADIENT = "error (MCSEs)", "ESS", "ESS/gradient"
DRAWS_PER_SECOND, LOG_EVIDENCE, LOG_EVIDENCE_ERROR, RHAT = "draws/s", "log Z", "log Z s.e.", "R-hat"


def evaluate_draws(run: Run, *, seconds: float, mean: Array, variance: Array) -> dict[str, Any]:
    r"""Compute accuracy, effective sample size, cost and speed of a run, with one set of columns.

    With :math:`\hat\mu` the estimate of the mean, :math:`\mu` and :math:`\sigma^2` the known moments,

    .. math:: \text{mean error} = \max_i \frac{|\hat\mu_i - \mu_i|}{se_i}, \qquad
              \text{ESS} = \min_i \frac{\sigma_i^2}{se_i^2}:

    the number of exact draws with the same standard error of the mean, in the worst coordinate. The standard
    error of independent and weighted draws is the self-normalised one; so is that of ensembles, each
    population being one draw. That of Markov chains is the one between chains, ``mcse_between``, which is
    valid only where the chains are independent and **were started at exact draws**.

    Args:
        run: With its draws stored.
        seconds: Time of the draws, without compilation.
        mean: E x, ravelled ``[dim]``.
        variance: Var x, ravelled ``[dim]``.

    Returns:
        Column -> number, in the order of the table. ``ESS/gradient`` is None for a sampler that takes no
        gradients, and counts those of the draws, not of warm-up. ``log Z`` and its standard error, in nats,
        are None for draws without weights, such as those of Markov chains; the error is inf where
        ``weights.log_evidence`` flags the weights. ``R-hat``, the largest over coordinates, is None for all
        but Markov chains.

    Raises:
        ValueError: If the draws were not stored, or do not have the size of the moments.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.samplers import direct
        >>> from jgen.sampling import sample
        >>> run = sample(jax.random.key(0), direct(dist.Normal(3.0, 2.0)), num_chains=10, num_draws=100)
        >>> row = evaluate_draws(run, seconds=0.5, mean=jnp.array([3.0]), variance=jnp.array([4.0]))
        >>> row["draws/s"], row["error (MCSEs)"] < 4, row["R-hat"]
        (2000.0, True, None)

    Reference:
        Vehtari et al. (2021), Bayesian Analysis 16(2); Owen (2013), Monte Carlo theory, chapter 9.
    """
    if run.draws is None:
        raise ValueError("evaluate_draws needs the draws of a run; sample with store=True")
    axes = 3 if run.draws.kind is DrawKind.ENSEMBLE else 2  # chain, draw, and particle
    value = flatten_event(run.draws.value, axes)  # [*run, dim]
    if value.shape[axes:] != np.shape(mean) or value.shape[axes:] != np.shape(variance):
        raise ValueError(
            f"draws of shape {value.shape} have {math.prod(value.shape[axes:])} coordinates; mean and "
            f"variance must be ravelled to as many, got shapes {np.shape(mean)} and {np.shape(variance)}"
        )
    if not value.size:
        raise ValueError(f"evaluate_draws takes one draw or more; got draws of shape {value.shape}")
    estimate, error, others = ESTIMATES[run.draws.kind](value, run.draws)
    known_error = np.asarray(error, np.float64)  # [dim]
    with np.errstate(divide="ignore", invalid="ignore"):  # draws that are all equal have no error
        z_score = np.abs(np.asarray(estimate, np.float64) - np.asarray(mean)) / known_error  # [dim]
        ess = float(np.min(np.asarray(variance) / known_error**2))
    return {
        MEAN_ERROR: float(np.max(z_score)),
        ESS: ess,
        ESS_PER_GRADIENT: ess / run.cost.num_grads if run.cost.num_grads else None,
        DRAWS_PER_SECOND: math.prod(value.shape[:-1]) / seconds,
        **dict.fromkeys((LOG_EVIDENCE, LOG_EVIDENCE_ERROR, RHAT)),
        **others,
    }


def round_metrics(row: Mapping[str, Any]) -> dict[str, Any]:
    """Round a row to three significant digits, R-hat to three decimals, with log Z and its error in one cell.

    Args:
        row: From ``evaluate_draws``, with further columns if any; only floats are rounded. What matters of
            R-hat is its distance from 1, and 1.0049 must not show as 1.

    Returns:
        The same columns without that of the error of log Z.

    Example:
        >>> round_metrics({"sampler": "hmc", "ESS": 291.9641, "log Z": -0.0084467, "log Z s.e.": 0.0058})
        {'sampler': 'hmc', 'ESS': 292.0, 'log Z': '-0.0084 ± 0.0058'}
    """
    rounded = {name: float(f"{cell:.3g}") if isinstance(cell, float) else cell for name, cell in row.items()}
    if row.get(RHAT) is not None:
        rounded[RHAT] = round(row[RHAT], 3)
    error = rounded.pop(LOG_EVIDENCE_ERROR, None)
    if error is not None:
        rounded[LOG_EVIDENCE] = f"{row[LOG_EVIDENCE]:.2g} ± {error:.2g}"
    return rounded


def _independent(value: Any, draws: Draws) -> tuple[Array, Array, dict[str, Any]]:
    if draws.log_weight is not None:
        return _weighted(value, draws)
    mean, error = weights.self_normalised_mean(
        value.reshape(-1, value.shape[-1]), np.zeros(value[..., 0].size, value.dtype)
    )
    return mean, error, {}


def _weighted(value: Any, draws: Draws) -> tuple[Array, Array, dict[str, Any]]:
    if draws.log_weight is None:
        raise ValueError(
            f"{draws.kind.value} draws carry a log_weight (0 where all count the same); got None"
        )
    log_weight = np.ravel(draws.log_weight)  # [chain * draw]
    mean, error = weights.self_normalised_mean(value.reshape(log_weight.size, -1), log_weight)
    result = weights.log_evidence(log_weight)
    return (
        mean,
        error,
        {
            LOG_EVIDENCE: float(result.value),
            LOG_EVIDENCE_ERROR: float(result.standard_error),
        },
    )


def _ensemble(value: Any, draws: Draws) -> tuple[Array, Array, dict[str, Any]]:
    assert draws.log_weight is not None
    population = weights.population_log_weight(draws.log_weight)  # [chain, draw]
    return _weighted(weights.population_mean(value, draws.log_weight), replace(draws, log_weight=population))


def _markov(value: Any, draws: Draws) -> tuple[Array, Array, dict[str, Any]]:  # noqa: ARG001
    with np.errstate(invalid="ignore"):
        mean = np.asarray(value).mean((0, 1), dtype=np.float64)
    error, mixing = in_own_precision(
        jax.vmap(lambda x: (mcse_between(x), rhat(x)), in_axes=2), value
    )  # [dim]
    return mean, error, {RHAT: float(mixing.max())}


ESTIMATES: Mapping[DrawKind, Callable[[Any, Draws], tuple[Array, Array, dict[str, Any]]]] = {
    DrawKind.INDEPENDENT: _independent,
    DrawKind.APPROXIMATE: _independent,
    DrawKind.WEIGHTED: _weighted,
    DrawKind.ENSEMBLE: _ensemble,
    DrawKind.MARKOV: _markov,
    DrawKind.BIASED: _markov,
}
