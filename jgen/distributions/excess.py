r"""Evaluate the differences that divergences are made of without cancellation.

Divergences of near distributions are small differences of large logarithms. Here each is written as a sum of
terms that are not negative, such as $e^l - 1 - l$.
"""

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import digamma, gammaln, i0e, i1e

from jgen.types import Array

NEAR = 0.5
"""Below it the Taylor series of sixteen terms is exact in float64."""


def exp_excess(x: Array) -> Array:
    r"""Evaluate $e^x - 1 - x$, which is never negative, to full relative precision.

    Example:
        >>> float(exp_excess(jnp.array(-jnp.inf)))
        inf
    """
    is_near = jnp.abs(x) < NEAR
    near = jnp.where(is_near, x, 0)
    series = jnp.ones_like(near)
    for order in range(17, 2, -1):
        series = 1 + near / order * series
    return jnp.where(is_near, near**2 / 2 * series, jnp.expm1(x) - x)


def log_ratio(x: Array, y: Array) -> Array:
    """Return log(x / y) of positive numbers whose ratio need not be a normal number."""
    ratio = x / y
    limits = jnp.finfo(ratio.dtype)
    is_normal = (ratio > limits.tiny) & (ratio < limits.max)
    return jnp.where(is_normal, jnp.log(jnp.where(is_normal, ratio, 1)), jnp.log(x) - jnp.log(y))


def mass_excess(p: Array, q: Array, log_q_over_p: Array) -> Array:
    r"""Evaluate $p \log(p / q) - p + q$ of masses that may be 0: q where p is, infinite where only q is."""
    holds = p > 0
    ratio = jnp.where(holds, log_q_over_p, 0)
    is_far = ratio > 1
    far = q - p - p * ratio  # where the exponential may overflow
    near = p * exp_excess(jnp.where(is_far, 0, ratio))
    return jnp.where(holds, jnp.where(is_far, far, near), q)


LARGE = 10.0
"""From here on, Stirling's series of six terms is exact in float64."""
STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360)
DIGAMMA = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760)


def _series(coefficients: tuple[float, ...], x: Array) -> Array:
    total = jnp.zeros_like(x)
    for coefficient in reversed(coefficients):
        total = coefficient + x * total
    return total


def log_gamma_excess(x: Array) -> Array:
    r"""Evaluate $\log \Gamma(x) - x \log x + x$, which is about $-\tfrac12 \log x$ for large x."""
    is_large = x > LARGE
    large, small = jnp.where(is_large, x, LARGE), jnp.where(is_large, 1, x)
    tail = (np.log(2 * np.pi) - jnp.log(large)) / 2 + _series(STIRLING, large**-2) / large
    return jnp.where(is_large, tail, gammaln(small) - small * jnp.log(small) + small)


def log_excess_of_digamma(x: Array) -> Array:
    r"""Evaluate $\log x - \psi(x)$, which is about $1 / (2 x)$ for large x."""
    is_large = x > LARGE
    large, small = jnp.where(is_large, x, LARGE), jnp.where(is_large, 1, x)
    tail = 1 / (2 * large) + _series(DIGAMMA, large**-2) / large**2
    return jnp.where(is_large, tail, jnp.log(small) - digamma(small))


def gamma_excess(p: Array, q: Array) -> Array:
    r"""Evaluate the divergence of $\log \Gamma$ at two concentrations less that of $x \log x - x$."""
    return log_gamma_excess(q) - log_gamma_excess(p) + (q - p) * log_excess_of_digamma(p)


ZETA_OVER_ORDER = tuple(
    (-1) ** k * z / k
    for k, z in zip(
        range(2, 26),
        (np.pi**2 / 6, 1.2020569031595942, np.pi**4 / 90, 1.03692775514337, np.pi**6 / 945,
         1.0083492773819228, np.pi**8 / 9450, 1.0020083928260822, 1.0009945751278181,
         1.0004941886041195, 1.0002460865533080, 1.0001227133475785, 1.0000612481350587,
         1.0000305882363070, 1.0000152822594086, 1.0000076371976379, 1.0000038172932650,
         1.0000019082127166, 1.0000009539620339, 1.0000004769329868, 1.0000002384505027,
         1.0000001192199260, 1.0000000596081891, 1.0000000298035035),
        strict=True,
    )
)  # fmt: skip


def log_gamma_of_one_plus_excess(x: Array) -> Array:
    r"""Evaluate $\log \Gamma(1 + x) + \gamma x$ for $x \ge 0$, of order $x^2$ near 0."""
    is_near = x < NEAR / 2
    near = jnp.where(is_near, x, 0)
    far = gammaln(1 + jnp.where(is_near, 1, x)) + np.euler_gamma * x
    return jnp.where(is_near, near**2 * _series(ZETA_OVER_ORDER, near), far)


BESSEL = (1 / 2, 1 / 8, 1 / 8, 25 / 128, 13 / 32, 1073 / 1024)


def resultant_gap(concentration: Array) -> Array:
    r"""Evaluate $1 - I_1(\kappa) / I_0(\kappa)$, about $1 / (2 \kappa)$ for large concentrations."""
    is_large = concentration > 100
    large, small = jnp.where(is_large, concentration, 100), jnp.where(is_large, 1, concentration)
    return jnp.where(is_large, _series(BESSEL, 1 / large) / large, 1 - i1e(small) / i0e(small))
