"""Compute how many answers, and raters, a test of people's preferences needs for a wanted power."""

import math
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri


class AnswersNeeded(NamedTuple):
    """Size of a study.

    Attributes:
        answers: Number of independent answers.
        raters: Number of raters who give them.
        power: Probability that so many answers reject, at the rate that was asked for.
    """

    answers: int
    raters: int
    power: float


def answers_needed(
    *,
    rate: float,
    power: float = 0.8,
    level: float = 0.05,
    answers_per_rater: int = 1,
    correlation: float = 0.0,
) -> AnswersNeeded:
    r"""Compute the number of answers from which on the exact binomial test has the wanted power.

    The test is two-sided, of rate 1/2; it rejects where the tail has a probability of level / 2 at most. Its
    power is exact, and rises and falls with n by the discreteness of counts: at the n that is returned and at
    each larger one it is what was asked for. Answers of one rater that are correlated count for less:

    .. math:: \text{raters} = \lceil n (1 + (m - 1) \rho) / m \rceil

    Args:
        rate: Probability of a win that should be told from 1/2.
        power: Wanted probability of rejection.
        level: Level of the test.
        answers_per_rater: m, the number of answers of one rater.
        correlation: rho, the correlation of two answers of one rater about one model, 0 to 1.

    Returns:
        The numbers of answers and of raters, and the power at that number of answers.

    Raises:
        ValueError: For a rate of 1/2 or within 0.001 of it, or arguments outside of their range.

    Example:
        >>> answers_needed(rate=0.6, answers_per_rater=40)
        AnswersNeeded(answers=210, raters=6, power=0.82...)

    Reference:
        Chernick and Liu (2002), "The saw-toothed behavior of power versus sample size", The American
        Statistician 56; Kish (1965), Survey sampling.
    """
    if not (0 <= rate <= 1 and abs(rate - 0.5) >= 0.001):
        raise ValueError(f"rate must be 0 to 1 and 0.001 or more away from 1/2; got {rate}")
    if not (0 < level < 1 and level <= power < 1):
        raise ValueError(f"level and power must be within 0 to 1, level below power; got {level} and {power}")
    if answers_per_rater < 1 or not 0 <= correlation <= 1:
        raise ValueError(
            "answers_per_rater must be 1 or more and correlation 0 to 1; got "
            f"{answers_per_rater} and {correlation}"
        )
    away = abs(rate - 0.5)
    near = ((ndtri(1 - level / 2) / 2 + ndtri(power) * math.sqrt(rate * (1 - rate))) / away) ** 2
    sizes = np.arange(max(1, int(0.7 * near) - 60), int(1.4 * near) + 60)
    reached = power_of_test(sizes, rate, level)
    answers = sizes[np.flatnonzero(reached < power).max(initial=-1) + 1]
    effective = answers * (1 + (answers_per_rater - 1) * correlation)
    found = float(reached[answers - sizes[0]])
    return AnswersNeeded(int(answers), math.ceil(effective / answers_per_rater), found)


def power_of_test(sizes: np.ndarray, rate: float, level: float = 0.05) -> np.ndarray:
    """Compute the power of the exact two-sided binomial test of rate 1/2, at each number of answers.

    Args:
        sizes: Numbers of answers ``[size]``.
        rate: Probability of a win.
        level: Level of the test.

    Example:
        >>> power_of_test(np.array([5, 6]), 1.0)  # 5 of 5 has a tail of 1/32, 6 of 6 one of 1/64
        array([0., 1.])
    """
    from scipy.stats import binom

    least = binom.isf(level / 2, sizes, 0.5) + 1  # wins from which on it rejects
    return binom.sf(least - 1, sizes, rate) + binom.cdf(sizes - least, sizes, rate)
