"""Test whether pairs are exchangeable, with an exact bound."""

import math
from typing import NamedTuple

import numpy as np
from scipy import stats

from jgen.testing.sampler_checks.compare_samples import statistic_names

NUM_WAVES = 3


class Asymmetry(NamedTuple):
    """Largest deviation of pairs from exchangeability.

    Attributes:
        deviation: In standard deviations under exchangeability.
        threshold: Exceeded by exchangeable pairs with the given probability at most.
        between: The statistics in which it is largest.
    """

    deviation: float
    threshold: float
    between: str


def asymmetry(first: np.ndarray, second: np.ndarray, false_alarm: float) -> Asymmetry:
    r"""Compare pairs (x, y) with (y, x).

    Each statistic becomes its rank u in (0, 1) among both samples, and each rank the waves
    :math:`\phi_k(u) = \cos \pi k u`, and a 1. For any two waves a and b of any two statistics,

    .. math:: g = \phi_a(x) \phi_b(y) - \phi_b(x) \phi_a(y)

    changes its sign when x and y are swapped. For exchangeable pairs, given :math:`|g|`, the sign is a fair
    coin, independent for each pair, so that (Hoeffding)

    .. math:: P\left(|\sum g| \ge t \sqrt{\textstyle\sum g^2}\right) \le 2 e^{-t^2 / 2},

    whatever the distribution and the number of pairs. With b = 1 it tests whether y is distributed as x; with
    two waves, whether a move is made as often as its reverse.

    Args:
        first: ``[statistic, pair]``, as ``compare_samples.statistics`` computes them.
        second: The other of each pair.
        false_alarm: Probability that exchangeable pairs pass the threshold.

    Returns:
        The largest deviation.
    """
    x, y = np.split(_waves(np.concatenate([first, second], axis=1)), 2, axis=1)  # [wave, pair]
    products = x @ y.T  # [wave, wave]
    squares = (x**2) @ (y**2).T
    sizes = squares + squares.T - 2 * (x * y) @ (x * y).T
    # Where two statistics are equal, as in one dimension, their difference is rounding alone.
    rounding = x.shape[1] * np.finfo(float).eps * (squares + squares.T)
    deviations = np.abs(products - products.T) / np.sqrt(np.maximum(sizes, rounding))
    worst = np.unravel_index(np.argmax(deviations), deviations.shape)
    num_tests = len(x) * (len(x) - 1) // 2
    names = statistic_names(len(first))
    between = " and ".join(sorted({names[(wave - 1) // NUM_WAVES] for wave in worst if wave}))
    return Asymmetry(float(deviations[worst]), math.sqrt(2 * math.log(2 * num_tests / false_alarm)), between)


def _waves(values: np.ndarray) -> np.ndarray:
    """Compute a 1 and the waves of ranks, ties at their middle ``[1 + waves * statistic, pair]``."""
    middle = (stats.rankdata(values, axis=1)[:, None] - 0.5) / values.shape[1]
    waves = np.cos(math.pi * np.arange(1, NUM_WAVES + 1)[:, None] * middle)  # [statistic, wave, pair]
    return np.concatenate([np.ones_like(values[:1]), waves.reshape(-1, values.shape[1])])
