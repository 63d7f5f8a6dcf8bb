"""Define the LKJ distribution of a correlation matrix, in Stan's unconstrained coordinates."""

from math import inf, log

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Logistic
from scipy.special import betaln, polygamma

from jgen.targets.parts import check_options, make_target, squared
from jgen.types import Array, Key, Target


def lkj(concentration: float = 2.0) -> Target:
    r"""Make a 3 x 3 correlation matrix R of density det(R)^(eta - 1), in unconstrained coordinates.

    .. math:: z = \tanh y, \quad R_{12} = z_1, \; R_{13} = z_2, \;
        R_{23} = z_1 z_2 + z_3 \sqrt{(1 - z_1^2)(1 - z_2^2)}

        \log \tilde p(y) = (\eta - 1) \log \det R + \log |dR / dz| + \log |dz / dy|

    The z are independent: (1 + z)/2 is Beta(b, b), with b = eta + 1/2 for the two correlations and eta for
    the partial one, so Var y = psi'(b) / 2 and
    log Z = sum (2b - 1) log 2 + log B(b, b), which at eta = 1 is log(pi^2 / 2), the volume of all correlation
    matrices. Each R_ij is again such a Beta, of b = eta + 1/2, with E R_ij^2 = 1/(2b + 1).

    The proposal is logistic of scale 1/2; the ratio is largest at 0, so ``log_bound`` = 3 log 2.

    Args:
        concentration: eta, at least 1; at 1 all correlation matrices are equally likely.

    Returns:
        The target; its position y is an array ``[3]``.

    Raises:
        ValueError: ``concentration`` is below 1.

    Example:
        >>> round(float(jnp.exp(lkj(1.0).log_evidence)), 4)  # pi^2 / 2
        4.9348

    Reference:
        Lewandowski, Kurowicka and Joe, "Generating random correlation matrices based on vines and extended
        onion method", Journal of Multivariate Analysis 100, 2009.
    """
    check_options("lkj", "concentration >= 1", 1 <= concentration < inf, concentration=concentration)
    b = np.array([concentration + 0.5, concentration + 0.5, concentration])
    zeros = np.zeros(3)
    return make_target(
        log_density=Partial(log_density, concentration),
        start=zeros,
        sample=Partial(sample, b),
        mean=zeros,
        variance=polygamma(1, b) / 2,
        log_evidence=((2 * b - 1) * log(2) + betaln(b, b)).sum(),
        expectations={
            "R": (Partial(correlations), zeros),
            "R^2": (Partial(squared, Partial(correlations)), np.full(3, 1 / (2 * concentration + 2))),
        },
        proposal=Logistic(zeros, np.full(3, 0.5)).to_event(1),
        log_bound=3 * log(2),
        source="Lewandowski, Kurowicka and Joe 2009; closed form",
    )


def log_density(concentration: float, y: Array) -> Array:
    """Evaluate the unnormalised log-density of ``y [3]``, log-Jacobians included."""
    log_cosh = jnp.logaddexp(y, -y) - log(2)  # [3]
    log_left = -2 * log_cosh  # [3], log(1 - z^2), which is also log dz/dy
    log_det, log_jacobian = log_left.sum(), log_left[:2].sum() / 2 + log_left.sum()
    return (concentration - 1) * log_det + log_jacobian


def correlations(y: Array) -> Array:
    """Return R_12, R_13 and R_23, ``[3]``."""
    z = jnp.tanh(y)
    rest = jnp.sqrt((1 - z[0] ** 2) * (1 - z[1] ** 2))
    return z.at[2].set(z[0] * z[1] + z[2] * rest)


def sample(b: Array, key: Key) -> Array:
    """Draw one exact sample ``[3]``: half the log-odds of a Beta(b, b), which is atanh of z."""
    log_g = jax.random.loggamma(key, b[None], (2, 3))  # [2, coordinate]
    return (log_g[0] - log_g[1]) / 2
