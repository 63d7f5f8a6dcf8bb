"""Posteriors of two coefficients with a concave likelihood and a normal prior: truths, an envelope, draws."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen.targets.bindable import accepted
from jgen.types import Array, Key, LogDensity

Family = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]
"""Linear predictors ``[..., observation]`` -> log-likelihoods, their slopes and their curvatures."""


class Posterior(NamedTuple):
    """A posterior on the nodes of a grid.

    Attributes:
        mode: ``[2]``.
        peak: The unnormalised log-density at the mode.
        log_evidence: log p(y).
        nodes: ``[node, 2]``.
        weights: ``[node]``, of sum 1.
        mean: ``[2]``.
        variance: ``[2]``.
    """

    mode: np.ndarray
    peak: float
    log_evidence: float
    nodes: np.ndarray
    weights: np.ndarray
    mean: np.ndarray
    variance: np.ndarray


def fit(design: np.ndarray, prior_mean: np.ndarray, prior_scale: np.ndarray, family: Family) -> Posterior:
    """Finds the mode by Newton's method, and all integrals by a trapezoid sum about it.

    The nodes reach 14 standard deviations, of the normal law that has the mode's curvature, to each
    side, at steps of a tenth: the sum converges geometrically, as everything is analytic.

    Args:
        design: ``[observation, 2]``.
        prior_mean: ``[2]``.
        prior_scale: ``[2]``.
        family: The log-likelihood.
    """

    def log_density(w: np.ndarray) -> np.ndarray:
        prior = -np.square((w - prior_mean) / prior_scale) / 2 - np.log(prior_scale) - np.log(2 * np.pi) / 2
        return family(w @ design.T)[0].sum(-1) + prior.sum(-1)

    mode = prior_mean
    for _ in range(100):  # a step of at most one prior deviation cannot overshoot a concave function for ever
        _, slope, curvature = family(design @ mode)
        gradient = design.T @ slope - (mode - prior_mean) / prior_scale**2
        hessian = (design.T * curvature) @ design - np.diag(1 / prior_scale**2)
        step = np.linalg.solve(-hessian, gradient)
        mode = mode + step / max(1.0, np.abs(step / prior_scale).max())
    factor = np.linalg.cholesky(np.linalg.inv(-hessian))
    axis = np.arange(-14, 14.05, 0.1)
    u = np.stack([each.ravel() for each in np.meshgrid(axis, axis, indexing="ij")], 1)  # [node, 2]
    nodes = mode + u @ factor.T
    log_weights, peak = log_density(nodes), float(log_density(mode))
    weights = np.exp(log_weights - peak)
    log_evidence = peak + float(np.log(weights.sum() * 0.1**2 * np.prod(np.diag(factor))))
    weights /= weights.sum()
    mean = weights @ nodes
    return Posterior(mode, peak, log_evidence, nodes, weights, mean, weights @ np.square(nodes - mean))


def envelope_sample(log_density: LogDensity, mode: Array, prior_scale: Array, peak: float, key: Key) -> Array:
    """One exact draw ``[2]``, by rejection from the prior moved to the mode.

    A concave likelihood times a normal prior N(m, c^2) is at most peak - |x - mode|^2 / 2c^2, in logs: the
    sum of the likelihood and of the prior's linear part is concave, and flat at the mode.
    """
    return accepted(
        Partial(propose, mode, prior_scale),
        Partial(log_accept, log_density, mode, prior_scale, peak),
        key,
    )


def propose(mode: Array, prior_scale: Array, key: Key) -> Array:
    """One draw of the envelope ``[2]``."""
    return mode + prior_scale * jax.random.normal(key, mode.shape, mode.dtype)


def log_accept(log_density: LogDensity, mode: Array, prior_scale: Array, peak: float, w: Array) -> Array:
    """The log-probability of accepting ``w [2]``: its density over the envelope."""
    return log_density(w) - peak + jnp.square((w - mode) / prior_scale).sum() / 2
