"""Define a Dirichlet distribution in stick-breaking coordinates."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Logistic
from scipy.special import digamma, gammaln, polygamma

from jgen.targets.parts import check_options, log_beta_peak, make_target, squared
from jgen.types import Array, Key, Target

CONCENTRATION = (1.5, 2.0, 3.0, 4.5)


def dirichlet(concentration: Sequence[float] = CONCENTRATION) -> Target:
    r"""Make p ~ Dirichlet(a) in the K - 1 unconstrained coordinates of Stan's stick-breaking transform.

    .. math:: z_k = \sigma(y_k - \log(K - k)), \quad p_k = z_k \textstyle\prod_{j<k} (1 - z_j), \quad
        \log p(y) = \log Dir(p; a) + \sum_k \log z_k (1 - z_k) \textstyle\prod_{j<k} (1 - z_j)

    The last sum is the log-Jacobian. The fractions z_k are independent Beta(a_k, A_k), where A_k is the sum
    of the later a_j, so E y_k = psi(a_k) - psi(A_k) + log(K - k) and Var y_k = psi'(a_k) + psi'(A_k).

    The proposal is logistic, the distribution that uniform fractions have; each ratio is a Beta density, so
    ``log_bound`` is the log of the product of their modes.

    Args:
        concentration: a ``[K]``, each at least 1, so that the Beta densities are bounded; K >= 2.

    Returns:
        The target; its position is an array ``[K - 1]``. log Z = 0.

    Raises:
        ValueError: There are fewer than two, or one is below 1.

    Example:
        >>> function, truth = dirichlet().expectations["p"]
        >>> print(function(jnp.zeros(3)))  # the middle of the simplex
        [0.25 0.25 0.25 0.25]

    Reference:
        Stan reference manual, "Unit simplex"; closed form.
    """
    a = np.asarray(concentration, np.float64)
    fulfilled = a.ndim == 1 and len(a) >= 2 and bool(((a >= 1) & np.isfinite(a)).all())
    needs = "at least two concentrations, each >= 1"
    check_options("dirichlet", needs, fulfilled, concentration=concentration)
    later = a[::-1].cumsum()[::-1][1:]  # [K - 1], A_k
    offset = np.log(np.arange(len(a) - 1, 0, -1))  # [K - 1], log(K - k)
    total = a.sum()
    return make_target(
        log_density=Partial(log_density, a, offset, gammaln(a).sum() - gammaln(total)),
        start=np.zeros(len(a) - 1),
        sample=Partial(sample, a, offset),
        mean=digamma(a[:-1]) - digamma(later) + offset,
        variance=polygamma(1, a[:-1]) + polygamma(1, later),
        log_evidence=0.0,
        expectations={
            "p": (Partial(simplex, offset), a / total),
            "p^2": (Partial(squared, Partial(simplex, offset)), a * (a + 1) / total / (total + 1)),
        },
        proposal=Logistic(offset, np.ones(len(offset))).to_event(1),
        log_bound=log_beta_peak(a[:-1], later).sum(),
    )


def break_stick(offset: Array, y: Array) -> tuple[Array, Array]:
    """Return log-probabilities ``[K]`` of the simplex, and the log-Jacobian."""
    log_z, log_rest = jax.nn.log_sigmoid(y - offset), jax.nn.log_sigmoid(offset - y)  # [K - 1]
    left = jnp.cumsum(jnp.append(0.0, log_rest))  # [K], log of the stick left before each break
    return jnp.append(log_z + left[:-1], left[-1]), (log_z + log_rest + left[:-1]).sum()


def log_density(a: Array, offset: Array, log_norm: float, y: Array) -> Array:
    """Evaluate the normalised log-density of ``y [K - 1]``, log-Jacobian included."""
    log_p, log_jacobian = break_stick(offset, y)
    return (a - 1) @ log_p - log_norm + log_jacobian


def simplex(offset: Array, y: Array) -> Array:
    """Return the probabilities ``[K]``."""
    return jnp.exp(break_stick(offset, y)[0])


def sample(a: Array, offset: Array, key: Key) -> Array:
    """Draw one exact sample ``[K - 1]``: log-odds of each gamma variable against all later ones."""
    log_g = jax.random.loggamma(key, a)  # [K]
    later = jax.lax.cumlogsumexp(log_g, reverse=True)[1:]  # [K - 1]
    return log_g[:-1] - later + offset
