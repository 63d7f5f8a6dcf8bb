"""Integrate posteriors of two coefficients with a log-concave likelihood and a normal prior."""

from collections.abc import Callable
from math import log, pi
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Normal

from jgen.targets.finite_states import enumerate_weights
from jgen.targets.parts import make_target, sample_by_rejection, sample_from
from jgen.types import Array, LogDensity, Target

Data = tuple[Any, Any, float, float]
Function = Callable[[np.ndarray], np.ndarray]


def make_posterior(
    name: str,
    source: str,
    *,
    data: Data,
    prior: tuple[tuple[float, float], tuple[float, float]],
    functions: tuple[Partial, Partial],
    in_float64: tuple[Function, Function, Function],
    start: np.ndarray,
) -> Target:
    r"""Make the posterior of two coefficients w, with truths by a trapezoid sum about the mode.

    .. math:: \log p(y | w) = \sum_i y_i \eta_i - n A(\eta_i) + constant, \qquad \eta = X w

    The mode is found by Newton's method. The nodes reach 14 standard deviations, of the normal that has the
    mode's curvature, to each side, at steps of a tenth: the sum converges geometrically, as everything is
    analytic. The proposal is the prior moved to the mode: a concave log-likelihood plus that of a normal
    prior N(m, c^2) is at most peak - |w - mode|^2 / 2c^2, for the sum of the log-likelihood and the linear
    part of the log-prior is concave and flat at the mode. So ``log_bound`` is exact, and draws are by
    rejection.

    Args:
        name: Name of the target.
        source: Where the data come from.
        data: X ``[observation, 2]``, y ``[observation]``, n, and the constant, which does not depend on w.
        prior: Mean and standard deviation of both coefficients.
        functions: The convex A and its derivative, whose values are an expectation of the target, ``rates``.
        in_float64: A and its first two derivatives in NumPy.
        start: ``[2]``.
    """
    prior_mean, prior_scale = (np.array(each) for each in prior)
    (design, counts, trials, constant), (cumulant, rate, slope) = data, in_float64

    def log_joint(w: np.ndarray) -> Any:
        predictor = w @ design.T
        log_prior = -np.square((w - prior_mean) / prior_scale) / 2 - np.log(prior_scale) - log(2 * pi) / 2
        return (counts * predictor - trials * cumulant(predictor)).sum(-1) + constant + log_prior.sum(-1)

    mode = prior_mean
    for _ in range(100):  # a step of at most one prior deviation keeps Newton's method from diverging
        predictor = design @ mode
        gradient = design.T @ (counts - trials * rate(predictor)) - (mode - prior_mean) / prior_scale**2
        hessian = -trials * (design.T * slope(predictor)) @ design - np.diag(1 / prior_scale**2)
        step = np.linalg.solve(-hessian, gradient)
        mode = mode + step / max(1.0, np.abs(step / prior_scale).max())
    factor = np.linalg.cholesky(np.linalg.inv(-hessian))
    axis = np.arange(-14, 14.05, 0.1)
    u = np.stack([each.ravel() for each in np.meshgrid(axis, axis, indexing="ij")], 1)  # [node, 2]
    nodes, peak = mode + u @ factor.T, log_joint(mode)
    log_volume = np.log(0.1**2 * np.prod(np.diag(factor)))
    log_evidence, weights, mean, variance = enumerate_weights(nodes, log_joint(nodes) + log_volume)
    log_density = Partial(log_posterior, functions[0], data, (prior_mean, prior_scale))
    proposal = Normal(mode, prior_scale).to_event(1)
    accept = Partial(log_accept, log_density, mode, prior_scale, peak)
    return make_target(
        log_density=log_density,
        start=start,
        sample=Partial(sample_by_rejection, Partial(sample_from, proposal), accept),
        mean=mean,
        variance=variance,
        log_evidence=log_evidence,
        expectations={"rates": (Partial(rates, functions[1], design), weights @ rate(nodes @ design.T))},
        proposal=proposal,
        log_bound=peak + np.log(prior_scale).sum() + log(2 * pi),
        name=name,
        source=f"{source}; quadrature",
    )


def rates(rate: Partial, design: Array, w: Array) -> Array:
    """Return the derivative of A for each observation: the expected count of one trial."""
    return rate(jnp.matmul(design, w, precision="highest"))


def log_posterior(cumulant: Partial, data: Data, prior: tuple[Array, Array], w: Array) -> Array:
    """Evaluate log p(y, w), normalised over both, at ``w [2]``."""
    (design, counts, trials, constant), (prior_mean, prior_scale) = data, prior
    predictor = jnp.matmul(design, w, precision="highest")  # [observation]
    likelihood = (counts * predictor - trials * cumulant(predictor)).sum() + constant
    white = (w - prior_mean) / prior_scale
    return likelihood - jnp.square(white).sum() / 2 - jnp.log(prior_scale).sum() - log(2 * pi)


def log_accept(log_density: LogDensity, mode: Array, prior_scale: Array, peak: float, w: Array) -> Array:
    """Evaluate the log-probability of accepting ``w [2]``: its density over the bound."""
    return log_density(w) - peak + jnp.square((w - mode) / prior_scale).sum() / 2
