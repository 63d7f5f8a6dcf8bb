"""Compute the parts of chain diagnostics: ranks, split chains, indicators, autocorrelation time."""

import math
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy.special import ndtri
from jax.typing import ArrayLike
from scipy.fft import next_fast_len

from jgen._internal.own_precision import in_own_precision
from jgen._internal.units import unit_of
from jgen.types import Array

MIN_DRAWS = 4


def diagnose(
    statistic: Callable[..., Array], draws: ArrayLike, *arguments: float, min_chains: int = 1
) -> Array:
    """Compute a statistic of draws of one scalar, or NaN where it is undefined.

    Too few draws or chains, one NaN among the draws, or no finite draw give NaN: a diagnostic of the other
    draws would hide the invalid one. 64-bit draws are diagnosed in 64 bits, integers by their differences.

    Args:
        statistic: ``statistic(draws, *arguments)`` -> scalar; a module-level function, compiled once.
        draws: Draws of one scalar quantity ``[chain, draw]``; real, integer or boolean.
        *arguments: Python numbers, passed on to ``statistic``.
        min_chains: Fewest chains that the statistic is defined for.

    Returns:
        The statistic, or NaN.

    Raises:
        ValueError: If ``draws`` is not ``[chain, draw]``, or complex.
    """
    if jnp.ndim(draws) != 2:
        raise ValueError(
            f"a diagnostic takes draws of one scalar, [chain, draw]; got shape {jnp.shape(draws)}. "
            "Pass one chain as draws[None, :], and vmap over the coordinates of a vector."
        )
    num_chains, num_draws = jnp.shape(draws)
    if num_chains < min_chains or num_draws < MIN_DRAWS:
        return jnp.asarray(jnp.nan)
    return in_own_precision(lambda draws: _nan_if_any(statistic, draws, *arguments), draws)


@partial(jax.jit, static_argnums=(0, 2))
def _nan_if_any(statistic, draws, *arguments):
    draws = to_floats(draws)
    undefined = jnp.isnan(draws).any() | ~jnp.isfinite(draws).any()
    return jnp.where(undefined, jnp.nan, statistic(draws, *arguments))


def to_floats(draws: Array) -> Array:
    """Convert draws to floats; integers relative to a middle one, as a float32 has seven digits only.

    Args:
        draws: Real, integer or boolean, of any shape.
    """
    if not jnp.issubdtype(draws.dtype, jnp.integer) or draws.size == 0:
        return draws.astype(float)
    unsigned = np.dtype(f"uint{8 * draws.dtype.itemsize}")
    middle = jnp.sort(draws.ravel())[draws.size // 2]
    apart = jnp.where(draws < middle, middle - draws, draws - middle)  # modulo 2^bits: right as unsigned
    return jnp.where(draws < middle, -1.0, 1.0) * apart.astype(unsigned).astype(float)


def in_unit(draws: Array) -> tuple[Array, Array]:
    """Return the draws relative to the first, divided by a power of two, and that power ``[]``.

    A statistic of squares neither underflows nor overflows in this unit.

    Args:
        draws: ``[chain, draw]``.
    """
    centred = draws - draws[0, 0]
    unit = unit_of(centred)[0, 0]
    return centred / unit, unit


def check_probability(name: str, prob: float) -> None:
    """Check that a number is a probability.

    Raises:
        ValueError: If it is not.
    """
    if not 0 <= prob <= 1:
        raise ValueError(f"{name} takes a probability between 0 and 1; got {prob}")


def split_chains(draws: Array) -> Array:
    """Split each chain in two, so that a drifting chain disagrees with itself; an odd middle draw is dropped.

    Args:
        draws: ``[chain, draw]``.

    Returns:
        ``[2 chain, draw // 2]``.
    """
    half = draws.shape[1] // 2
    return jnp.concatenate([draws[:, :half], draws[:, -half:]])  # [2 chain, draw // 2]


def ordered(draws: Array) -> Array:
    """Sort all draws, in rising order ``[S]`` except NaN; as integers, 3.5 times faster on CPU.

    Args:
        draws: Any shape, S floats.
    """
    integer = jnp.dtype(f"int{8 * draws.dtype.itemsize}")
    bits = jnp.sort(_rising(lax.bitcast_convert_type(draws.ravel(), integer)), stable=False)  # [S]
    return lax.bitcast_convert_type(_rising(bits), draws.dtype)


def _rising(bits: Array) -> Array:
    """Convert IEEE bits to integers of the same order, and back: invert magnitude bits of negative floats."""
    return jnp.where(bits < 0, bits ^ jnp.iinfo(bits.dtype).max, bits)


def distance_from_median(draws: Array) -> Array:
    """Compute |x - median|, the median being the mean of the two middle draws.

    The mean of two large numbers is rounded, and half their difference is not.

    Args:
        draws: Any shape.

    Returns:
        Distances of the same shape.
    """
    rising = ordered(draws)  # [S]
    middle = rising[(draws.size - 1) // 2]
    return jnp.abs((draws - middle) - (rising[draws.size // 2] - middle) / 2)


def rank_normalise(draws: Array) -> Array:
    r"""Compute normal scores of the ranks, :math:`\Phi^{-1}((r - 3/8) / (S + 1/4))`; ties share a rank.

    The rank of tied draws is their average. The scores have all moments even where the draws have none. The
    tail probability nearer to zero is inverted, so that float32 does not round the largest rank to
    probability one.

    Args:
        draws: Any shape, S values.

    Returns:
        Scores of the same shape.

    Reference:
        Blom (1958), Statistical estimates and transformed beta-variables.
    """
    size = draws.size
    rising = ordered(draws)  # [S]
    below = jnp.searchsorted(rising, draws, side="left")
    not_above = jnp.searchsorted(rising, draws, side="right")
    twice_rank = below + not_above + 1
    nearer = jnp.minimum(twice_rank, 2 * (size + 1) - twice_rank)
    score = ndtri((nearer.astype(draws.dtype) / 2 - 3 / 8) / (size + 1 / 4))
    return jnp.where(twice_rank <= size + 1, score, -score)


def below_quantile(draws: Array, prob: float) -> Array:
    """Return which draws are at most the quantile, like ``draws``; rounding of the quantile moves none.

    Args:
        draws: Any shape.
        prob: A Python number in [0, 1].
    """
    return draws <= ordered(draws)[math.floor(prob * (draws.size - 1))]


def effective_sample_size(draws: Array) -> Array:
    r"""Compute the number of draws over the autocorrelation time, by Geyer's initial monotone sequence.

    With W the mean within-chain variance, B / n the variance of the chain means, V = W (n-1)/n + B/n
    and c_t the mean autocovariance at lag t, :math:`\rho_t = 1 - (W - c_t) / V`. Sums of neighbours
    :math:`P_k = \rho_{2k} + \rho_{2k+1}` are positive and decreasing for a reversible chain, so
    the sum stops at the first that is not positive, and each is at most the one before:

    .. math:: \tau = -1 + 2 \sum_{k < m} \min_{j \le k} P_j + \rho_{2m}, \qquad ESS = M n / \tau.

    Args:
        draws: ``[chain, draw]``, at least two draws; they are neither split nor ranked.

    Returns:
        Scalar; at most M n log10(M n), and M n where all draws are equal.

    Reference:
        Geyer (1992), Practical Markov chain Monte Carlo; Vehtari et al. (2021), section 3.
    """
    num_chains, num_draws = draws.shape
    size = num_chains * num_draws
    centred, _ = in_unit(draws)
    chain_mean = centred.mean(axis=1)  # [chain]
    padded = next_fast_len(2 * num_draws, real=True)
    spectrum = jnp.fft.rfft(centred - chain_mean[:, None], n=padded, axis=1)  # [chain, frequency]
    power = (spectrum.real**2 + spectrum.imag**2).mean(axis=0)  # [frequency]
    autocovariance = jnp.fft.irfft(power, n=padded)[:num_draws] / num_draws  # [lag]
    between = chain_mean.var(ddof=1) if num_chains > 1 else 0.0
    within = autocovariance[0] * num_draws / (num_draws - 1)
    rho = 1 - (within - autocovariance) / (autocovariance[0] + between)  # [lag]
    even = rho[: num_draws // 2 * 2 : 2].at[0].set(1.0)  # [pair]
    pair = even + rho[1::2]  # [pair]
    index = jnp.arange(pair.size)  # [pair]
    stop = jnp.argmax(~(pair > 0) | (2 * index + 1 >= num_draws - 3))
    last = jnp.where((even[stop] > 0) | (pair[stop] >= 0), even[stop], 0.0)
    time = -1 + 2 * jnp.where(index < stop, lax.cummin(pair), 0.0).sum() + last
    ess = size / jnp.maximum(time, 1 / math.log10(size))
    ess = jnp.where(jnp.isnan(rho).any(), jnp.nan, ess)
    return jnp.where(draws.max() == draws.min(), float(size), ess)
