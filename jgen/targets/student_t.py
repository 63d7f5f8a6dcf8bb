"""Define independent Student t coordinates: heavy tails with a variance."""

from math import inf, lgamma, log, pi

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import StudentT
from scipy.special import digamma

from jgen.distributions.parameters import log_one_plus_square
from jgen.targets.parts import check_options, covering_scale, make_target
from jgen.types import Array, Key, Target, Trait


def student_t(dim: int = 10, dof: float = 5.0) -> Target:
    r"""Make ``dim`` independent coordinates, Student t with nu degrees of freedom, normalised.

    .. math:: Var x = \frac{\nu}{\nu - 2}, \qquad
        E \log(1 + x^2/\nu) = \psi(\tfrac{\nu + 1}{2}) - \psi(\tfrac{\nu}{2}), \qquad \log Z = 0

    Tails fall like a power, so that a kernel of fixed step size returns from them slowly. Exact
    draws are Bailey's: (u, v) uniform give sqrt(nu (u^{-2/nu} - 1)) cos(2 pi v).

    The proposal is the same distribution of scale s, s^dim = e; the ratio is largest at 0, so ``log_bound =
    1``.

    Args:
        dim: Number of coordinates, at least 1.
        dof: nu, above 2, so that there is a variance.

    Returns:
        The target; its position is an array ``[dim]``.

    Raises:
        ValueError: ``dim`` is below 1, or ``dof`` not above 2.

    Example:
        >>> print(student_t(dim=2, dof=4.0).variance)
        [2. 2.]

    Reference:
        Bailey, "Polar generation of random variates with the t-distribution", Mathematics of Computation
        62, 1994.
    """
    needs, fulfilled = "dim >= 1 and, to have a variance, dof > 2", dim >= 1 and 2 < dof < inf
    check_options("student_t", needs, fulfilled, dim=dim, dof=dof)
    zeros, ones = np.zeros(dim), np.ones(dim)
    log_term = digamma((dof + 1) / 2) - digamma(dof / 2)
    log_norm = lgamma((dof + 1) / 2) - lgamma(dof / 2) - log(pi * dof) / 2
    return make_target(
        Trait.HEAVY_TAILED,
        log_density=Partial(log_density, dof, log_norm),
        start=ones,
        sample=Partial(sample, dof, zeros),
        mean=zeros,
        variance=dof / (dof - 2) * ones,
        log_evidence=0.0,
        expectations={"log(1 + x^2/nu)": (Partial(log_terms, dof), log_term * ones)},
        proposal=StudentT(dof, zeros, covering_scale(dim) * ones).to_event(1),
        log_bound=1.0,
    )


def log_terms(dof: float, x: Array) -> Array:
    """Return log(1 + x^2/nu), ``[dim]``."""
    return log_one_plus_square(x / dof**0.5)


def log_density(dof: float, log_norm: float, x: Array) -> Array:
    """Evaluate the normalised log-density of ``x [dim]``."""
    return len(x) * log_norm - (dof + 1) / 2 * log_terms(dof, x).sum()


def sample(dof: float, zeros: Array, key: Key) -> Array:
    """Draw one exact sample ``[dim]``; -expm1(2 log(u) / nu) keeps its digits where u is near 1."""
    u, v = jax.random.uniform(key, (2, *zeros.shape), zeros.dtype)
    log_u = jnp.log1p(-u)  # [dim]; u < 1, so it is finite
    return jnp.sqrt(dof * jnp.expm1(-2 * log_u / dof)) * jnp.cos(2 * pi * v)
