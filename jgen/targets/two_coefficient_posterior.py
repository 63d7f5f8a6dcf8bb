"""Integrate posteriors of two coefficients with a log-concave likelihood and a normal prior."""

from collections.abc import Callable
from math import log, pi
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Normal

from jgen.targets.parts import make_target, sample_by_rejection
from jgen.types import Array, Key, LogDensity, Target

Likelihood = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]
"""Linear predictors ``[..., observation]`` -> log-likelihoods, their slopes and their curvatures."""


def make_posterior(
    source: str,
    *,
    log_density: Partial,
    design: np.ndarray,
    prior: tuple[tuple[float, float], tuple[float, float]],
    likelihood: Likelihood,
    rates: tuple[Callable[[Array, Array], Array], Callable[[np.ndarray], np.ndarray]],
    start: np.ndarray,
) -> Target:
    """Make the posterior of two coefficients, with truths by a trapezoid sum about the mode.

    The mode is found by Newton's method. The nodes reach 14 standard deviations, of the normal that has the
    mode's curvature, to each side, at steps of a tenth: the sum converges geometrically, as everything is
    analytic. The proposal is the prior moved to the mode: a concave log-likelihood plus that of a normal
    prior N(m, c^2) is at most peak - |w - mode|^2 / 2c^2, for the sum of the log-likelihood and the linear
    part of the log-prior is concave and flat at the mode. So ``log_bound`` is exact, and draws are by
    rejection.

    Args:
        source: Where the data come from.
        log_density: log p(y, w).
        design: ``[observation, 2]``.
        prior: Mean and standard deviation of both coefficients.
        likelihood: The log-likelihood with its derivatives.
        rates: ``(design, w) -> rates [observation]``, an expectation of the target, and the same as a NumPy
            function of the linear predictor.
        start: ``[2]``.
    """
    prior_mean, prior_scale = (np.array(each) for each in prior)

    def log_joint(w: np.ndarray) -> Any:
        log_prior = -np.square((w - prior_mean) / prior_scale) / 2 - np.log(prior_scale) - log(2 * pi) / 2
        return likelihood(w @ design.T)[0].sum(-1) + log_prior.sum(-1)

    mode = prior_mean
    for _ in range(100):  # a step of at most one prior deviation keeps Newton's method from diverging
        _, slope, curvature = likelihood(design @ mode)
        gradient = design.T @ slope - (mode - prior_mean) / prior_scale**2
        hessian = (design.T * curvature) @ design - np.diag(1 / prior_scale**2)
        step = np.linalg.solve(-hessian, gradient)
        mode = mode + step / max(1.0, np.abs(step / prior_scale).max())
    factor = np.linalg.cholesky(np.linalg.inv(-hessian))
    axis = np.arange(-14, 14.05, 0.1)
    u = np.stack([each.ravel() for each in np.meshgrid(axis, axis, indexing="ij")], 1)  # [node, 2]
    nodes, peak = mode + u @ factor.T, log_joint(mode)
    weights = np.exp(log_joint(nodes) - peak)
    log_evidence = peak + np.log(weights.sum() * 0.1**2 * np.prod(np.diag(factor)))
    weights /= weights.sum()
    mean = weights @ nodes
    return make_target(
        log_density=log_density,
        start=start,
        sample=Partial(sample, log_density, mode, prior_scale, peak),
        mean=mean,
        variance=weights @ np.square(nodes - mean),
        log_evidence=log_evidence,
        expectations={"rates": (Partial(rates[0], design), weights @ rates[1](nodes @ design.T))},
        proposal=Normal(mode, prior_scale).to_event(1),
        log_bound=peak + np.log(prior_scale).sum() + log(2 * pi),
        source=f"{source}; quadrature",
    )


def log_normal_prior(prior: tuple[tuple[float, float], tuple[float, float]], w: Array) -> Array:
    """Evaluate the normalised log-prior of the coefficients ``w [2]``."""
    mean, scale = (jnp.array(each, w.dtype) for each in prior)
    return -jnp.square((w - mean) / scale).sum() / 2 - jnp.log(scale).sum() - log(2 * pi)


def sample(log_density: LogDensity, mode: Array, prior_scale: Array, peak: float, key: Key) -> Array:
    """Draw one exact sample ``[2]`` by rejection from the prior moved to the mode."""
    accept = Partial(log_accept, log_density, mode, prior_scale, peak)
    return sample_by_rejection(Partial(propose, mode, prior_scale), accept, key)


def propose(mode: Array, prior_scale: Array, key: Key) -> Array:
    """Propose coefficients ``[2]``."""
    return mode + prior_scale * jax.random.normal(key, mode.shape, mode.dtype)


def log_accept(log_density: LogDensity, mode: Array, prior_scale: Array, peak: float, w: Array) -> Array:
    """Evaluate the log-probability of accepting ``w [2]``: its density over the bound."""
    return log_density(w) - peak + jnp.square((w - mode) / prior_scale).sum() / 2
