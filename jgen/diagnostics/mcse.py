"""Compute Monte Carlo standard errors of means, standard deviations and quantiles."""

import jax.numpy as jnp
from jax import lax
from jax.scipy.special import betainc
from jax.typing import ArrayLike

from jgen.diagnostics.chain_statistics import check_probability, diagnose, in_unit, ordered
from jgen.diagnostics.ess import indicator_ess, split_ess
from jgen.types import Array

ONE_SD = (0.1586553, 0.8413447)  # Phi(-1), Phi(1)


def _beta_quantile(prob: float, alpha: Array, beta: Array) -> Array:
    """Invert the regularised incomplete beta function, by bisection to the last bit."""

    def halve(_, bracket):
        low, high = bracket
        middle = (low + high) / 2
        below = betainc(alpha, beta, middle) < prob
        return jnp.where(below, middle, low), jnp.where(below, high, middle)

    steps = 2 * jnp.finfo(alpha.dtype).nmant
    low, high = lax.fori_loop(0, steps, halve, (jnp.zeros_like(alpha), jnp.ones_like(alpha)))
    return (low + high) / 2


def _mean(draws: Array) -> Array:
    scaled, unit = in_unit(draws)
    return unit * (scaled.std(ddof=1) / jnp.sqrt(split_ess(scaled)))


def _sd(draws: Array) -> Array:
    scaled, unit = in_unit(draws)
    square = (scaled - scaled.mean()) ** 2  # [chain, draw]
    variance = square.mean()
    error = jnp.sqrt(((square - variance) ** 2).mean() / split_ess(square) / variance) / 2
    return jnp.where(variance == 0, 0.0, unit * error)


def _quantile(draws: Array, prob: float) -> Array:
    ess = indicator_ess(draws, prob)
    low, high = (_beta_quantile(p, ess * prob + 1, ess * (1 - prob) + 1) for p in ONE_SD)
    rising = ordered(draws)  # [S]
    first = jnp.floor(jnp.maximum(low * draws.size - 1, 0)).astype(int)
    last = jnp.ceil(jnp.minimum(high * draws.size - 1, draws.size - 1)).astype(int)
    return (rising[last] - rising[first]) / 2


def mcse_mean(draws: ArrayLike) -> Array:
    """Compute the standard error of the mean over all draws, sd / sqrt(ESS).

    It holds for chains that have mixed, R-hat at most 1.01 and a bulk ESS of 100 a chain: a mode that no
    chain visited is not in it (``mcse_between`` is the error of chains that do not mix).

    Args:
        draws: Draws of one scalar quantity ``[chain, draw]``; vmap over coordinates.

    Returns:
        Scalar, in the units of the draws; NaN for NaN draws or fewer than four draws.

    Raises:
        ValueError: If ``draws`` is not ``[chain, draw]``.

    Example:
        >>> import jax
        >>> draws = jax.random.normal(jax.random.key(0), (4, 2500))
        >>> bool(abs(mcse_mean(draws) / 0.01 - 1) < 0.25)
        True

    Reference:
        Geyer (1992), Practical Markov chain Monte Carlo, Statistical Science 7(4).
    """
    return diagnose(_mean, draws)


def mcse_sd(draws: ArrayLike) -> Array:
    r"""Compute the standard error of the standard deviation, by the delta method on y = (x - mean)^2.

    .. math:: se(s) = \sqrt{Var(y) / ESS(y)} \, / \, (2 s)

    It assumes a fourth moment, not normality.

    Args:
        draws: Draws of one scalar quantity ``[chain, draw]``; vmap over coordinates.

    Returns:
        Scalar, in the units of the draws; NaN for NaN draws or fewer than four draws.

    Raises:
        ValueError: If ``draws`` is not ``[chain, draw]``.

    Example:
        >>> import jax
        >>> draws = jax.random.normal(jax.random.key(0), (4, 2500))
        >>> bool(abs(mcse_sd(draws) / (0.01 / 2**0.5) - 1) < 0.25)  # normal draws: s / sqrt(2 n)
        True

    Reference:
        Kenney and Keeping (1951), Mathematics of Statistics II; ArviZ 0.23, ``mcse(method="sd")``.
    """
    return diagnose(_sd, draws)


def mcse_quantile(draws: ArrayLike, prob: float) -> Array:
    """Compute the standard error of a quantile: half the width of a one-sd interval on its rank.

    The rank of the quantile is Beta(ESS p + 1, ESS (1 - p) + 1); the draws at its 16 % and 84 %
    points bound the quantile without any density estimate.

    Args:
        draws: Draws of one scalar quantity ``[chain, draw]``; vmap over coordinates.
        prob: A Python number in [0, 1].

    Returns:
        Scalar, in the units of the draws; NaN for NaN draws or fewer than four draws.

    Raises:
        ValueError: If ``draws`` is not ``[chain, draw]``, or ``prob`` not a probability.

    Example:
        >>> import jax
        >>> draws = jax.random.uniform(jax.random.key(0), (4, 2500))
        >>> bool(abs(mcse_quantile(draws, 0.5) / 0.005 - 1) < 0.5)  # sqrt(p (1 - p) / n)
        True

    Reference:
        Vehtari et al. (2021), Bayesian Analysis 16(2), section 4.4.
    """
    check_probability("mcse_quantile", prob)
    return diagnose(_quantile, draws, prob)
