"""Compute the share of pairs in which a model's sample was preferred, from counts of people's answers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jax.tree_util import Partial
from scipy.optimize import brentq

from jgen.evaluation.metric import evaluate
from jgen.types import NORMAL_95, Metric, Result

NAMES = ("wins", "losses", "ties")
PROTOCOL = {"of": "win rate", "ties": "halved", "chance": 0.5}
Counts = Mapping[str, np.ndarray]


def win_rate(*, wins: int, losses: int, ties: int = 0) -> Result:
    r"""Compute the win rate from counts of independent answers, with Wilson's score interval.

    .. math:: \hat p = \frac{w + t / 2}{n}, \qquad |\hat p - p| \le 1.96 \sqrt{(p (1 - p) - \tau_p / 4) / n}

    at both ends, where :math:`\tau_p` is the share of ties that is most likely given the win rate p, as Tango
    derives it. Without ties it is 0, and the interval is Wilson's own. It is an interval of the probability
    that an answer of these raters prefers the model (and half of that of a tie), as answers are taken as
    independent: raters who differ among themselves make that of all raters longer.

    Args:
        wins: Number of answers that prefer the model.
        losses: Number of answers that prefer what it is compared with.
        ties: Number of answers that prefer neither.

    Returns:
        A ``Result`` in [0, 1]. Its null is a rater who cannot tell the two apart, 0.5, and the range of 95 %
        of the readings; its ceiling is 1.

    Raises:
        ValueError: For counts that are negative or no whole numbers, or no answer at all.

    Example:
        >>> win_rate(wins=40, losses=60)
        0.400 (95 % interval 0.309 to 0.498)
          n = 100, win rate, Wilson
          two samples of one distribution read 0.500

    Reference:
        Wilson (1927), "Probable inference, the law of succession, and statistical inference"; Tango (1998),
        "Equivalence test and confidence interval for the difference in proportions for the paired-sample
        design", Statistics in Medicine 17.
    """
    return evaluate(win_rate_metric(), wins=wins, losses=losses, ties=ties)


def win_rate_metric() -> Metric:
    """Return the metric ``win_rate``, whose state is the three counts.

    Example:
        >>> metric = win_rate_metric()
        >>> one, two = (metric.accumulate(metric.empty(), wins=w, losses=2) for w in (1, 5))
        >>> float(metric.compute(metric.merge(one, two)).value)
        0.6
    """
    return Metric(
        empty=Partial(dict),
        accumulate=Partial(_accumulate),
        merge=Partial(_merge),
        compute=Partial(_compute),
        larger_is_better=True,
    )


def _accumulate(state: Counts, **counts: int | None) -> Counts:
    if unknown := sorted(counts.keys() - set(NAMES)):
        raise TypeError(f"this metric takes {', '.join(NAMES)}; got {', '.join(unknown)}")
    return _merge(state, {name: _count(name, value) for name, value in counts.items() if value is not None})


def _count(name: str, value: object) -> np.ndarray:
    count = np.asarray(value)
    if count.shape != () or count.dtype.kind not in "iuf" or not (count >= 0 and count == np.floor(count)):
        raise ValueError(f"{name} must be a count, a whole number of 0 or more; got {value!r}")
    if not np.isfinite(count):
        raise ValueError(f"{name} must be a finite count; got {value!r}")
    return count.astype(np.int64)


def _merge(first: Counts, second: Counts) -> Counts:
    return {
        name: sum(one[name] for one in (first, second) if name in one)  # type: ignore[misc]
        for name in {**first, **second}
    }


def _compute(state: Counts) -> Result:
    from scipy.stats import binom

    wins, losses, ties = (int(state.get(name, 0)) for name in NAMES)
    n = wins + losses + ties
    if n == 0:
        raise ValueError("there is no answer, so there is no win rate: give wins, losses or ties")
    value, low, high = np.array([(wins + ties / 2) / n, *_ends(wins, losses, n)])
    fair = (binom.ppf([0.025, 0.975], n - ties, 0.5) + ties / 2) / n if n > ties else np.full(2, 0.5)
    chance: Any = np.float64(0.5)
    null = Result(chance, fair[0], fair[1], n, "a fair coin for each answer that is no tie", {})
    return Result(value, low, high, n, "win rate, Wilson", PROTOCOL, null=null, ceiling=1.0)


def _ends(wins: int, losses: int, n: int) -> tuple[float, float]:
    """Solve for both ends of the interval of the win rate."""
    low = _lower_end(wins, losses, n)
    return low, 1 - _lower_end(losses, wins, n)


def _lower_end(wins: int, losses: int, n: int) -> float:
    difference = (wins - losses) / n
    if difference == -1:
        return 0.0

    def excess(delta: float) -> float:
        return (difference - delta) ** 2 - NORMAL_95**2 * _variance(delta, wins, losses, n)

    inside = difference - 1 / (2 * n)  # the variance may be 0 at the difference itself, a root of its own
    return (1 + brentq(excess, -1.0, inside, xtol=1e-15)) / 2


def _variance(delta: float, wins: int, losses: int, n: int) -> float:
    """Compute the variance of (wins - losses) / n, if its mean is delta and ties are as likely as may be.

    The most likely probability q of a loss is a root of 2 n q^2 + b q - losses delta (1 - delta) = 0; for
    negative delta that of a win, with the two exchanged, as the root would lose its digits.
    """
    if delta < 0:
        wins, losses, delta = losses, wins, -delta
    b = (2 * n - wins + losses) * delta - wins - losses
    constant = losses * delta * (1 - delta)
    q = (np.sqrt(max(b**2 + 8 * n * constant, 0.0)) - b) / (4 * n)
    return max(2 * q + delta - delta**2, 0.0) / n
