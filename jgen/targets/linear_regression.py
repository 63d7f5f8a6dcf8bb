"""Define a Bayesian linear regression with an unknown noise scale."""

from math import log, pi
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Normal

from jgen.targets.parts import coordinate_powers, make_target, sample_by_rejection
from jgen.types import Array, Key, Target

ANSCOMBE_X = (10.0, 8.0, 13.0, 9.0, 11.0, 14.0, 6.0, 4.0, 12.0, 7.0, 5.0)
ANSCOMBE_Y = (8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68)


def linear_regression(
    design: np.ndarray | None = None, response: np.ndarray | None = None, prior_scale: float = 5.0
) -> Target:
    r"""Make the posterior of coefficients and log noise scale.

    .. math:: y \sim N(X \beta, \sigma^2 I), \quad \beta_j \sim N(0, c^2), \quad \log \sigma \sim N(0, 1)

    with c the prior scale. Given sigma all is Gaussian, so each truth is a one-dimensional integral over
    log sigma, done by a trapezoid sum; an exact draw is log sigma by rejection from its prior, then beta.

    The proposal is the prior; the likelihood is largest at least squares, so ``log_bound`` is
    -n (1 + log(2 pi RSS / n)) / 2 exactly.

    Args:
        design: X ``[observation, coefficient]``; by default Anscombe's first quartet, standardised, with
            an intercept.
        response: y ``[observation]``, in units that put its noise near 1.
        prior_scale: c, the prior standard deviation of every coefficient, above 0.

    Returns:
        The target; its position is an array ``[coefficients + 1]``, log sigma last;
        ``log_evidence`` is log p(y).

    Raises:
        ValueError: The shapes do not agree, ``prior_scale`` is not positive, there is not one
            observation more than coefficients or the fit is perfect, or the noise is so far from 1
            that the integral would be cut off.

    Example:
        >>> target = linear_regression()
        >>> print(target.mean.round(1))
        [7.5 1.6 0.3]

    Reference:
        Anscombe, "Graphs in statistical analysis", American Statistician 27, 1973 (the data). Quadrature.
    """
    if (design is None) != (response is None):
        raise ValueError("linear_regression needs design and response together, or neither.")
    x, y = np.array(ANSCOMBE_X), np.array(ANSCOMBE_Y)
    if design is not None and response is not None:
        X, y = np.asarray(design, np.float64), np.asarray(response, np.float64)
    else:
        X = np.stack([np.ones(len(x)), (x - x.mean()) / x.std()], 1)
    if X.ndim != 2 or y.shape != X.shape[:1] or len(y) <= X.shape[1]:
        raise ValueError(
            "linear_regression needs design [n, p] and response [n] with n > p, "
            f"got shapes {X.shape} and {y.shape}."
        )
    if not 0 < prior_scale < float("inf"):
        raise ValueError(f"linear_regression needs prior_scale > 0, got {prior_scale}.")

    n = len(y)
    residual = y - X @ np.linalg.lstsq(X, y)[0]
    rss = float(residual @ residual)
    if not rss > 1e-12 * float(y @ y):
        raise ValueError(
            "linear_regression's fit is perfect: the likelihood is unbounded as sigma goes to 0."
        )
    eigenvalues, basis = np.linalg.eigh(X.T @ X)  # [p], [coefficient, p]
    score = basis.T @ X.T @ y  # [p]
    log_sigma, step = np.linspace(-12, 12, 24001, retstep=True)  # [node]
    log_likelihood, mean_p, precision = marginal(
        log_sigma, eigenvalues, score, float(y @ y), n, prior_scale, np
    )  # [node], [node, p], [node, p]
    log_weights = log_likelihood - log_sigma**2 / 2 - log(2 * pi) / 2
    log_evidence = float(np.logaddexp.reduce(log_weights) + np.log(step))
    weights = np.exp(log_weights - log_weights.max())
    if max(weights[0], weights[-1]) > 1e-15:
        raise ValueError("linear_regression needs noise within e^-10 and e^10: rescale the response.")
    weights /= weights.sum()
    mean = basis @ (weights @ mean_p)  # [coefficient]
    spread = np.square(mean_p @ basis.T) + (1 / precision) @ np.square(basis).T  # [node, coefficient]
    variance = weights @ spread - mean**2
    mean_log, square_log = weights @ log_sigma, weights @ log_sigma**2

    prior_scales = np.append(np.full(X.shape[1], prior_scale), 1.0)
    top = float(log_likelihood.max()) + 1e-4  # a node is within 1e-4 of the true top: the step is 0.001
    posterior = (eigenvalues, score, float(y @ y), float(n), prior_scale)
    means = np.append(mean, mean_log)
    variances = np.append(variance, square_log - mean_log**2)
    return make_target(
        log_density=Partial(log_density, X, y, prior_scale),
        start=np.zeros(X.shape[1] + 1),
        sample=Partial(sample, posterior, basis, top),
        mean=means,
        variance=variances,
        log_evidence=log_evidence,
        expectations={
            "x^2": (Partial(coordinate_powers, 2), variances + means**2),
            "sigma": (Partial(get_sigma), weights @ np.exp(log_sigma)),
        },
        proposal=Normal(np.zeros(X.shape[1] + 1), prior_scales).to_event(1),
        log_bound=-n * (1 + log(2 * pi * rss / n)) / 2,
        source="Anscombe 1973; quadrature",
    )


def log_density(design: Array, response: Array, prior_scale: float, position: Array) -> Array:
    """Evaluate log p(y, position), normalised over both; ``position`` is beta, then log sigma."""
    beta, log_sigma = position[:-1], position[-1]
    misfit = (response - jnp.matmul(design, beta, precision="highest")) * jnp.exp(-log_sigma)  # [observation]
    squares = misfit @ misfit + beta @ beta / prior_scale**2 + log_sigma**2
    constant = (len(response) + len(position)) * log(2 * pi) / 2 + len(beta) * jnp.log(prior_scale)
    return -squares / 2 - len(response) * log_sigma - constant


def get_sigma(position: Array) -> Array:
    """Return the noise scale."""
    return jnp.exp(position[-1])


def marginal(
    log_sigma: Any, eigenvalues: Any, score: Any, squares: Any, n: Any, prior_scale: Any, xp: Any = jnp
) -> tuple[Any, Any, Any]:
    """Return log p(y given sigma), and mean and precision of beta given both, in the eigenbasis of X'X.

    With NumPy it gives truths in float64, with JAX draws.

    Args:
        log_sigma: ``[...]``.
        eigenvalues: Of X'X ``[p]``.
        score: X'y in the eigenbasis ``[p]``.
        squares: y'y.
        n: Number of observations.
        prior_scale: Prior standard deviation of every coefficient.
        xp: numpy or jax.numpy.
    """
    sigma2 = xp.exp(2 * log_sigma)[..., None]  # [..., 1]
    precision = eigenvalues / sigma2 + 1 / prior_scale**2  # [..., p]
    mean = score / sigma2 / precision  # [..., p]
    quadratic = squares / sigma2[..., 0] - (mean**2 * precision).sum(-1)
    log_det = xp.log(precision * prior_scale**2).sum(-1) + n * (2 * log_sigma + log(2 * pi))
    return -(quadratic + log_det) / 2, mean, precision


def log_accept(posterior: tuple, top: float, log_sigma: Array) -> Array:
    """Evaluate the log-probability of accepting ``log_sigma []``: its likelihood over the largest one."""
    return marginal(log_sigma, *posterior)[0] - top


def sample(posterior: tuple, basis: Array, top: float, key: Key) -> Array:
    """Draw one exact sample ``[coefficients + 1]``."""
    scale_key, beta_key = jax.random.split(key)
    log_sigma = sample_by_rejection(
        Partial(jax.random.normal), Partial(log_accept, posterior, top), scale_key
    )
    _, mean, precision = marginal(log_sigma, *posterior)
    u = mean + jax.random.normal(beta_key, mean.shape, mean.dtype) / jnp.sqrt(precision)  # [p]
    return jnp.append(jnp.matmul(basis, u, precision="highest"), log_sigma)
