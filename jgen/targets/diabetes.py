"""Define a conjugate linear regression with unknown noise on the diabetes data."""

from math import inf, lgamma, log, pi

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from scipy.special import digamma, polygamma

from jgen.targets.parts import check_options, make_target
from jgen.types import Array, Key, Target

PRIOR_SHAPE, PRIOR_RATE = 2.0, 1.0
"""Parameters of the inverse gamma prior of sigma^2."""


def diabetes(prior_scale: float = 1.0) -> Target:
    r"""Make the posterior of an intercept, ten coefficients and log sigma.

    .. math:: y \sim N(X \beta, \sigma^2 I), \quad \beta \sim N(0, \sigma^2 c^2 I), \quad
        \sigma^2 \sim InvGamma(2, 1)

    442 patients; features and response are standardised. Some features are nearly collinear, so the
    posterior is ill-conditioned. With P = X'X + I/c^2, m = P^{-1} X'y, a = 2 + n/2 and
    b = 1 + (y'y - m'Pm)/2,

    .. math:: \log Z = \log \frac{\Gamma(a)}{\Gamma(2)} - a \log b - \tfrac12 \log |c^2 P|
        - \tfrac n2 \log 2 \pi, \quad E \beta = m, \quad Var \beta = \tfrac{b}{a - 1} diag P^{-1}, \quad
        E \log \sigma = \tfrac12 (\log b - \psi(a))

    The density is that of the position, so it holds the log-Jacobian of log sigma, log 2 sigma^2.

    Args:
        prior_scale: c, above 0.

    Returns:
        The target; its position is an array ``[12]``, the intercept first and log sigma last;
        ``log_evidence`` is log p(y).

    Raises:
        ValueError: ``prior_scale`` is not positive.

    Example:
        >>> target = diabetes()
        >>> round(float(target.mean[3]), 2)  # body mass index, in deviations of the response
        0.32

    Reference:
        Efron et al., "Least angle regression", Annals of Statistics 32, 2004; the copy in scikit-learn.
        Closed form.
    """
    check_options("diabetes", "prior_scale > 0", 0 < prior_scale < inf, prior_scale=prior_scale)
    from sklearn.datasets import load_diabetes

    features, response = load_diabetes(return_X_y=True)
    standardised = (features - features.mean(0)) / features.std(0)
    y = (response - response.mean()) / response.std()
    n, p = len(y), features.shape[1] + 1
    design = np.concatenate([np.ones((n, 1)), standardised], 1)  # [patient, coefficient]
    precision = design.T @ design + np.eye(p) / prior_scale**2
    mean = np.linalg.solve(precision, design.T @ y)
    a = PRIOR_SHAPE + n / 2
    b = PRIOR_RATE + (y @ y - mean @ precision @ mean) / 2
    covariance = np.linalg.inv(precision)
    log_det = np.linalg.slogdet(precision)[1] + 2 * p * log(prior_scale)
    log_evidence = lgamma(a) - lgamma(PRIOR_SHAPE) + PRIOR_SHAPE * log(PRIOR_RATE) - a * log(b)
    return make_target(
        log_density=Partial(log_density, design, y, prior_scale),
        start=np.zeros(p + 1),
        sample=Partial(sample, mean, np.linalg.cholesky(covariance), a, b),
        mean=np.append(mean, (log(b) - digamma(a)) / 2),
        variance=np.append(b / (a - 1) * np.diag(covariance), polygamma(1, a) / 4),
        log_evidence=log_evidence - log_det / 2 - n / 2 * log(2 * pi),
        expectations={"sigma^2": (Partial(noise_variance), b / (a - 1))},
        source="Efron et al. 2004; closed form",
    )


def noise_variance(position: Array) -> Array:
    """Return sigma squared."""
    return jnp.exp(2 * position[-1])


def log_density(design: Array, y: Array, prior_scale: float, position: Array) -> Array:
    """Evaluate log p(y, position), normalised over both."""
    beta, log_sigma = position[:-1], position[-1]
    misfit = y - jnp.matmul(design, beta, precision="highest")  # [patient]
    squares = misfit @ misfit + beta @ beta / prior_scale**2 + 2 * PRIOR_RATE
    count = len(y) + len(beta)
    normal = -count * (log_sigma + log(2 * pi) / 2) - len(beta) * jnp.log(prior_scale)
    prior = PRIOR_SHAPE * log(PRIOR_RATE) - lgamma(PRIOR_SHAPE) - 2 * (PRIOR_SHAPE + 1) * log_sigma
    log_jacobian = log(2) + 2 * log_sigma
    return normal + prior + log_jacobian - squares * jnp.exp(-2 * log_sigma) / 2


def sample(mean: Array, factor: Array, a: float, b: float, key: Key) -> Array:
    """Draw one exact sample ``[12]``: sigma, then beta."""
    scale_key, beta_key = jax.random.split(key)
    log_sigma = (jnp.log(b) - jax.random.loggamma(scale_key, a, dtype=mean.dtype)) / 2
    noise = jax.random.normal(beta_key, mean.shape, mean.dtype)
    beta = mean + jnp.exp(log_sigma) * jnp.matmul(factor, noise, precision="highest")
    return jnp.append(beta, log_sigma)
