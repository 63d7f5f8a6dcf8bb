"""Define a Bayesian linear regression with an unknown noise scale."""

from math import inf, log, pi
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Normal

from jgen.targets.finite_states import enumerate_weights
from jgen.targets.parts import check_options, coordinate_powers, make_target, sample_by_rejection
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
    together = (design is None) == (response is None)
    check_options("linear_regression", "design and response together, or neither", together, design=design)
    x = np.array(ANSCOMBE_X)
    standard = np.stack([np.ones(len(x)), (x - x.mean()) / x.std()], 1)
    X = np.asarray(standard if design is None else design, np.float64)
    y = np.asarray(ANSCOMBE_Y if response is None else response, np.float64)
    shapes, more = (X.shape, y.shape), X.ndim == 2 and y.shape == X.shape[:1] and len(y) > X.shape[1]
    check_options("linear_regression", "design [n, p] and response [n], n > p", more, shapes=shapes)
    positive = 0 < prior_scale < inf
    check_options("linear_regression", "prior_scale > 0", positive, prior_scale=prior_scale)

    n, dim = len(y), X.shape[1] + 1
    rss = float(np.square(y - X @ np.linalg.lstsq(X, y)[0]).sum())
    needs = "noise, as a perfect fit has an unbounded likelihood"
    check_options("linear_regression", needs, rss > 1e-12 * float(y @ y), rss=rss)
    eigenvalues, basis = np.linalg.eigh(X.T @ X)  # [p], [coefficient, p]
    posterior = (eigenvalues, basis.T @ X.T @ y, float(y @ y), float(n), prior_scale)
    log_sigma, step = np.linspace(-12, 12, 24001, retstep=True)  # [node]
    log_likelihood, mean_p, precision = marginal(log_sigma, *posterior, np)  # [node], [node, p], [node, p]
    log_weights = log_likelihood - log_sigma**2 / 2 - log(2 * pi) / 2
    needs = "noise within e^-10 and e^10 (rescale the response)"
    edges = max(log_weights[0], log_weights[-1]) - log_weights.max()
    check_options("linear_regression", needs, edges <= log(1e-15), rss=rss)
    rows = np.column_stack([mean_p @ basis.T, log_sigma])  # [node, dim]
    spread = np.column_stack([(1 / precision) @ np.square(basis).T, 0 * log_sigma])
    log_evidence, weights, mean, _ = enumerate_weights(rows, log_weights + log(step))
    square = weights @ (rows**2 + spread)
    top = float(log_likelihood.max()) + 1e-4  # a node is within 1e-4 of the true top: the step is 0.001
    return make_target(
        log_density=Partial(log_density, X, y, prior_scale),
        start=np.zeros(dim),
        sample=Partial(sample, posterior, basis, top),
        mean=mean,
        variance=square - mean**2,
        log_evidence=log_evidence,
        expectations={
            "x^2": (Partial(coordinate_powers, 2), square),
            "sigma": (Partial(get_sigma), weights @ np.exp(log_sigma)),
        },
        proposal=Normal(np.zeros(dim), np.append(np.full(dim - 1, prior_scale), 1.0)).to_event(1),
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
    accept = Partial(log_accept, posterior, top)
    log_sigma = sample_by_rejection(Partial(jax.random.normal), accept, scale_key)
    _, mean, precision = marginal(log_sigma, *posterior)
    u = mean + jax.random.normal(beta_key, mean.shape, mean.dtype) / jnp.sqrt(precision)  # [p]
    return jnp.append(jnp.matmul(basis, u, precision="highest"), log_sigma)
