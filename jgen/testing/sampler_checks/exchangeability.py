"""Pairs that may be swapped: an exact test of whether the first of each is like the second."""

import math
from typing import NamedTuple

import numpy as np

from jgen.testing.sampler_checks.compare_samples import statistic_names

NUM_WAVES = 3


class Asymmetry(NamedTuple):
    """Where two samples that could be swapped differ most.

    Attributes:
        deviation: In standard deviations of what chance makes.
        threshold: What chance passes with the probability asked for.
        between: Which statistics show it.
    """

    deviation: float
    threshold: float
    between: str


def asymmetry(first: np.ndarray, second: np.ndarray, false_alarm: float) -> Asymmetry:
    r"""Whether pairs (x, y) look the same as (y, x).

    Each statistic becomes its rank u in (0, 1) among both samples, and each rank the waves
    :math:`\phi_k(u) = \cos \pi k u`, and a 1. For any two waves a and b of any two statistics,

    .. math:: g = \phi_a(x) \phi_b(y) - \phi_b(x) \phi_a(y)

    changes its sign when x and y are swapped. If they may be, then given :math:`|g|` the sign is a fair coin,
    for each pair by itself, so that (Hoeffding)

    .. math:: P\left(|\sum g| \ge t \sqrt{\textstyle\sum g^2}\right) \le 2 e^{-t^2 / 2},

    whatever the distribution and the number of pairs. With b = 1 it asks whether y is distributed as x; with
    two waves, whether the way there is taken as often as the way back.

    Args:
        first: ``[statistic, pair]``, as ``jgen.testing.sampler_checks.base.statistics`` makes them.
        second: The other of each pair.
        false_alarm: Probability that pairs which may be swapped pass the threshold.

    Returns:
        The largest deviation.
    """
    waves = np.split(_waves(np.concatenate([first, second], axis=1)), 2, axis=1)  # 2 x [wave, pair]
    x, y = waves
    forth = x @ y.T  # [wave, wave]
    squares = (x**2) @ (y**2).T
    sizes = squares + squares.T - 2 * (x * y) @ (x * y).T
    # Where two statistics are one, as in one dimension, nothing is left of either but rounding.
    rounding = x.shape[1] * np.finfo(float).eps * (squares + squares.T)
    deviations = np.abs(forth - forth.T) / np.sqrt(np.maximum(sizes, rounding))
    worst = np.unravel_index(np.argmax(deviations), deviations.shape)
    num_tests = len(x) * (len(x) - 1) // 2
    names = statistic_names(len(first))
    between = " and ".join(sorted({names[(wave - 1) // NUM_WAVES] for wave in worst if wave}))
    return Asymmetry(float(deviations[worst]), math.sqrt(2 * math.log(2 * num_tests / false_alarm)), between)


def _waves(values: np.ndarray) -> np.ndarray:
    """A 1, then the waves of each row's ranks, equals in their middle ``[1 + waves * statistic, pair]``."""
    waves = [np.ones(values.shape[1])]
    for row in values:
        _, place, count = np.unique(row, return_inverse=True, return_counts=True)
        middle = (np.cumsum(count) - count / 2)[place] / len(row)
        waves += [np.cos(math.pi * k * middle) for k in range(1, NUM_WAVES + 1)]
    return np.stack(waves)
