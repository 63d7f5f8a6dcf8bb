"""Make results of per-example bounds: means over the data with intervals, bits, and flags."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from jgen.diagnostics.weights.unseen_tail import LARGEST_K
from jgen.evaluation.likelihood.annealing import Passes
from jgen.evaluation.likelihood.importance import WeightStatistics
from jgen.evaluation.results import mean_result
from jgen.models import bits_per_dimension
from jgen.types import Result

LARGEST_SHARE = 0.1
"""Share of the examples that may have bad weights before a mean is flagged."""
FEWEST_EFFECTIVE = 2.0
LEAST_ACCEPTANCE, LARGEST_ACCEPTANCE = 0.4, 0.9999
LARGEST_GAP = 0.5
"""Nats by which bounds may lie apart before they are flagged: differences of models are often as small."""


class Bound(NamedTuple):
    """Bound on log p(x), or its exact value, of each example and in the mean.

    Attributes:
        mean: Mean over all examples, with the interval of the expected bound.
        bits: The same in bits per dimension; None where the width of the bins is not given.
        values: Of each example, in nats ``[example]``.
        errors: Monte Carlo standard error of each ``[example]``; 0 where it is exact.
        ess: Kish's effective number of the weights behind each ``[example]``; None where it is exact.
        pareto_k: Shape of the tail of these weights ``[example]``; None where there are fewer than 25.
        acceptance_rate: Mean over temperatures and chains ``[example]``; None without annealing.
        num_grads: Gradients of all chains ``[example]``; None without annealing.
    """

    mean: Result
    bits: Result | None
    values: np.ndarray
    errors: np.ndarray
    ess: np.ndarray | None = None
    pareto_k: np.ndarray | None = None
    acceptance_rate: np.ndarray | None = None
    num_grads: np.ndarray | None = None


class SimulatedGap(NamedTuple):
    """Bounds from both sides on log p(x) of examples that the model made.

    Attributes:
        gap: Mean of upper minus lower, with the interval of its expectation: the lower bound is too low by
            no more than this, in expectation, on such examples.
        lower: Mean lower bound.
        upper: Mean upper bound.
        lower_values: ``[simulated]``, in nats.
        upper_values: ``[simulated]``, in nats.
        x: The examples ``[simulated, *event]``.
        latents: The latents they were made from ``[simulated, *latent]``.
    """

    gap: Result
    lower: Result
    upper: Result
    lower_values: np.ndarray
    upper_values: np.ndarray
    x: Any
    latents: np.ndarray


class Units(NamedTuple):
    """Dimension of an example, and the width of the bins of its values where bits make sense."""

    num_dims: int
    bin_width: Any


def exact_value(values: np.ndarray, units: Units, protocol: Mapping[str, Any]) -> Bound:
    """Make the result of exact values."""
    values = np.asarray(values, np.float64)
    return _bound(values, "exact", units, {**protocol, "bound": "exact"}, errors=np.zeros_like(values))


def importance_bounds(
    statistics: WeightStatistics, num_particles: int, units: Units, protocol: Mapping[str, Any]
) -> dict[str, Bound]:
    """Make the evidence lower bound and the importance-weighted one of the same draws."""
    mean, mean_error, log_mean, log_mean_error, ess, k = (np.asarray(part, np.float64) for part in statistics)
    weights: dict[str, Any] = {"ess": ess, "pareto_k": None if np.isnan(k).all() else k}
    elbo = _bound(mean, "evidence lower bound", units, {**protocol, "method": "elbo"}, errors=mean_error)
    method = f"importance-weighted lower bound, {num_particles} particles"
    own = {**protocol, "method": "iwae", "num_particles": num_particles}
    iwae = _bound(log_mean, method, units, own, errors=log_mean_error, **weights)
    return {
        "elbo": elbo._replace(**weights),
        "iwae": _flagged(iwae, _faults_of_weights(ess, k, num_particles)),
    }


def annealed_bound(passes: Passes, units: Units, protocol: Mapping[str, Any]) -> Bound:
    """Make the lower bound by annealing."""
    log_weight = np.asarray(passes.log_weight, np.float64)  # [example, chain]
    values, errors, ess = _log_mean(log_weight)
    rate = np.asarray(passes.acceptance_rate, np.float64)
    cost = {"acceptance_rate": rate, "num_grads": np.asarray(passes.num_grads)}
    method = "lower bound by annealed importance sampling"
    bound = _bound(values, method, units, {**protocol, "method": "ais"}, errors=errors, ess=ess, **cost)
    return _flagged(bound, [*_faults_of_weights(ess, None, log_weight.shape[1]), *_faults_of_moves(rate)])


def simulated_gap(
    passes: Passes, back: np.ndarray, latents: np.ndarray, x: Any, protocol: Mapping[str, Any]
) -> SimulatedGap:
    """Make the bounds of simulated examples from both sides."""
    lower = _log_mean(np.asarray(passes.log_weight, np.float64))[0]
    upper = -_log_mean(-np.asarray(back, np.float64))[0]
    own = {**protocol, "method": "bdmc", "examples": "simulated by the model"}
    results = {
        name: mean_result(values, f"{words} on simulated examples", {**own, "bound": name})
        for name, words, values in [
            ("gap", "upper minus lower bound", upper - lower),
            ("lower", "lower bound by annealing from the start", lower),
            ("upper", "upper bound by annealing from exact draws", upper),
        ]
    }
    faults = _faults_of_moves(np.asarray(passes.acceptance_rate, np.float64))
    if not results["gap"].value <= LARGEST_GAP:
        faults.append(
            f"the bounds lie {float(results['gap'].value):.2g} nats apart, more than {LARGEST_GAP}: take "
            "more temperatures"
        )
    gap = results["gap"]._replace(flags=(*results["gap"].flags, *faults))
    return SimulatedGap(gap, results["lower"], results["upper"], lower, upper, x, latents)


def _bound(
    values: np.ndarray, method: str, units: Units, protocol: Mapping[str, Any], **fields: Any
) -> Bound:
    protocol = {"bound": "lower", **protocol}
    mean, bits = mean_result(values, method, {**protocol, "unit": "nats"}), None
    if units.bin_width is not None:
        in_bits = np.asarray(bits_per_dimension(values, units.num_dims, step=units.bin_width), np.float64)
        side = {"lower": "upper"}.get(protocol["bound"], protocol["bound"])
        bits = mean_result(in_bits, method, {**protocol, "bound": side, "unit": "bits per dimension"})
    return Bound(mean, bits, values, **fields)


def _flagged(bound: Bound, faults: list[str]) -> Bound:
    def flag(result: Result) -> Result:
        return result._replace(flags=(*result.flags, *faults))

    return bound._replace(mean=flag(bound.mean), bits=None if bound.bits is None else flag(bound.bits))


def above_exact(bound: Bound, exact: np.ndarray) -> Bound:
    """Flag a lower bound whose mean lies above that of the exact log p(x) by more than three errors."""
    excess = bound.values - exact
    size = len(excess)
    error = excess.std(ddof=1) / math.sqrt(size) if size > 1 else math.inf
    rounding = 1e-6 * (1 + np.abs(exact).max())
    if not excess.mean() > 3 * error + rounding:
        return bound
    return _flagged(
        bound,
        [f"it lies {excess.mean():.2g} nats above the exact log p(x), more than 3 errors: one is wrong"],
    )


def _log_mean(log_weight: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the log of the mean weight, its error by the delta method, and Kish's effective number."""
    size = log_weight.shape[1]
    top = np.where(np.isfinite(log_weight.max(1)), log_weight.max(1), 0.0)[:, None]
    scaled = np.exp(log_weight - top)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = scaled.mean(1)
        error = scaled.std(1, ddof=1) / (mean * math.sqrt(size)) if size > 1 else np.full(len(mean), np.nan)
        return np.log(mean) + top[:, 0], error, size * mean**2 / (scaled**2).mean(1)


def _faults_of_weights(ess: np.ndarray, k: np.ndarray | None, size: int) -> list[str]:
    faults = []
    if k is not None and (heavy := k > LARGEST_K).mean() > LARGEST_SHARE:
        faults.append(
            f"Pareto k of the weights is above {LARGEST_K} in {heavy.sum()} of {len(k)} examples: the bound "
            "may lie far below log p(x)"
        )
    few = ~(ess >= min(FEWEST_EFFECTIVE, size / 2))
    if few.mean() > LARGEST_SHARE:
        faults.append(
            f"the Kish ESS of {few.sum()} of {len(ess)} examples is below {FEWEST_EFFECTIVE:g}: one weight "
            "is more than all others"
        )
    return faults


def _faults_of_moves(rate: np.ndarray) -> list[str]:
    if LEAST_ACCEPTANCE <= rate.mean() <= LARGEST_ACCEPTANCE:
        return []
    return [
        f"the mean acceptance rate is {rate.mean():.2f}, not {LEAST_ACCEPTANCE} to {LARGEST_ACCEPTANCE}: the "
        "pilot did not find a step for these examples, so give a step_size"
    ]
