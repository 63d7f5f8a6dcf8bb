"""Analyse the answers of a forced-choice study: raters, win rates, abilities, agreement, size."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from jgen.applications.forced_choice.store import Answer
from jgen.evaluation import answers_needed, bradley_terry, rater_agreement, win_rate
from jgen.types import Result

SHARE_OF_CHECKS = 0.8
"""Share of attention checks that a rater must pass."""
RATES, POWERS = (0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9), (0.8, 0.95)
DIFFERENCE_LEVEL = 0.01


class Rater(NamedTuple):
    """One rater.

    Attributes:
        name: Name that the rater gave.
        answers: Number of answers, without checks.
        checks: Number of attention checks answered.
        passed: Number of those answered correctly.
        seconds: Median time of an answer, in seconds; NaN without answers.
        is_excluded: Whether the answers are left out.
    """

    name: str
    answers: int
    checks: int
    passed: int
    seconds: float
    is_excluded: bool


class Analysis(NamedTuple):
    """What the answers of a study tell.

    Attributes:
        raters: Name -> rater, the excluded ones too.
        win_rates: (source, other) -> how often the first was preferred.
        correlations: (source, other) -> estimated correlation of two answers of one rater about the two.
        abilities: Source -> Bradley-Terry ability relative to the first source; empty where it is not known.
        agreement: Krippendorff's alpha; None where no pair has two raters' answers.
        notes: Sentences on what is missing, or to be known beside the numbers.
    """

    raters: Mapping[str, Rater]
    win_rates: Mapping[tuple[str, str], Result]
    correlations: Mapping[tuple[str, str], float]
    abilities: Mapping[str, Result]
    agreement: Result | None
    notes: tuple[str, ...]


def analyse_answers(
    answers: Sequence[Answer], sources: Sequence[str], *, share_of_checks: float = SHARE_OF_CHECKS
) -> Analysis:
    """Analyse answers: exclude raters by attention checks, then rate and compare the sources.

    A rater who passed fewer than a share of the attention checks answered so far is left out, and named. The
    rule looks at checks alone, so it favours no source.

    Args:
        answers: All answers of a study, ``store.answers()``.
        sources: Names of the sources, the real set first.
        share_of_checks: Share of the checks that must be passed.

    Returns:
        The analysis. Win rates have Wilson's interval and are flagged where raters differ more than by chance
        (a chi-square test at 1 %); abilities have a bootstrap interval.

    Example:
        >>> made = [Answer("ada", i, False, "real", "model", i % 4 > 0, 900) for i in range(40)]
        >>> made += [Answer("ada", 40, True, "real", "shuffled pixels", True, 900)]
        >>> analysis = analyse_answers(made, ["real", "model"])
        >>> float(analysis.win_rates["model", "real"].value), analysis.raters["ada"].is_excluded
        (0.25, False)
    """
    names = list(dict.fromkeys(one.rater for one in answers))
    raters = {name: _rater(name, [a for a in answers if a.rater == name], share_of_checks) for name in names}
    used = [one for one in answers if not one.is_check and not raters[one.rater].is_excluded]
    notes = [*_exclusions(raters, share_of_checks)]
    if not used:
        return Analysis(raters, {}, {}, {}, None, (*notes, "there is no answer to analyse"))
    wins = np.zeros((len(sources), len(sources)), int)
    for one in used:
        first, second = sources.index(one.first), sources.index(one.second)
        wins[(first, second) if one.is_first else (second, first)] += 1
    rates, correlations = {}, {}
    for i, j in combinations(range(len(sources)), 2):
        if wins[i, j] + wins[j, i]:
            pair = sources[j], sources[i]
            counts = counts_of(used, pair)
            result = win_rate(wins=int(wins[j, i]), losses=int(wins[i, j]))
            rates[pair], correlations[pair] = _flag_differing(result, counts), intraclass_correlation(counts)
    try:
        fitted: Mapping[str, Result] = bradley_terry(wins=wins, names=sources)
    except ValueError as error:
        fitted = {}
        notes.append(str(error))
    try:
        agreement = rater_agreement(answers=table_of(used))
    except ValueError as error:
        agreement = None
        notes.append(str(error))
    return Analysis(raters, rates, correlations, fitted, agreement, tuple(notes))


def _rater(name: str, answers: Sequence[Answer], share: float) -> Rater:
    passed = [one.is_first for one in answers if one.is_check]
    times = [one.milliseconds for one in answers if not one.is_check]
    seconds = float(np.median(times)) / 1000 if times else float("nan")
    return Rater(name, len(times), len(passed), sum(passed), seconds, sum(passed) < share * len(passed))


def _exclusions(raters: Mapping[str, Rater], share: float) -> list[str]:
    from scipy.stats import binom

    notes = [
        f"rater {one.name} is excluded: {one.passed} of {one.checks} attention checks passed"
        for one in raters.values()
        if one.is_excluded
    ]
    if unchecked := [one.name for one in raters.values() if not one.checks]:
        notes.append(f"no attention check was answered yet by {', '.join(unchecked)}")
    if checks := max((one.checks for one in raters.values()), default=0):
        by_chance = binom.sf(np.ceil(share * checks) - 1, checks, 0.5)
        notes.append(
            f"a rater stays in with {share:.0%} of the checks passed; one who guesses passes that many of "
            f"{checks} with probability {by_chance:.3f}"
        )
    return notes


def table_of(answers: Sequence[Answer]) -> np.ndarray:
    """Return whether raters preferred the first image of pairs ``[pair, rater]``; NaN for no answer."""
    pairs = {pair: i for i, pair in enumerate(dict.fromkeys(one.pair for one in answers))}
    raters = {name: i for i, name in enumerate(dict.fromkeys(one.rater for one in answers))}
    table = np.full((len(pairs), len(raters)), np.nan)
    for one in answers:
        table[pairs[one.pair], raters[one.rater]] = one.is_first
    return table


def counts_of(answers: Sequence[Answer], pair: tuple[str, str]) -> np.ndarray:
    """Count how often each rater preferred the second and the first image of pairs of two sources.

    Returns:
        ``[rater, 2]``, of the raters with such answers.
    """
    counts: dict[str, list[int]] = {}
    for one in answers:
        if {one.first, one.second} == set(pair):
            counts.setdefault(one.rater, [0, 0])[int(one.is_first)] += 1
    return np.array(list(counts.values())).reshape(-1, 2)


def intraclass_correlation(counts: np.ndarray) -> float:
    r"""Estimate the correlation of two answers of one rater, by the analysis of variance; 0 where negative.

    .. math:: \hat\rho = \frac{B - W}{B + (n_0 - 1) W}

    with B and W the mean squares between and within raters, and :math:`n_0` their mean number of answers less
    its variance over the total.

    Args:
        counts: How often each rater chose each of two ``[rater, 2]``.

    Example:
        >>> intraclass_correlation(np.array([[8, 0], [0, 8]]))
        1.0

    Reference:
        Ridout, Demétrio and Firth (1999), "Estimating intraclass correlation for binary data", Biometrics 55.
    """
    n, wins = counts.sum(1), counts[:, 1]
    total, raters = n.sum(), len(n)
    if raters < 2 or total == raters:
        return 0.0
    between = ((wins**2 / n).sum() - wins.sum() ** 2 / total) / (raters - 1)
    within = (wins.sum() - (wins**2 / n).sum()) / (total - raters)
    mean_size = (total - (n**2).sum() / total) / (raters - 1)
    if between <= within:
        return 0.0
    return float((between - within) / (between + (mean_size - 1) * within))


def _flag_differing(result: Result, table: np.ndarray) -> Result:
    """Flag a win rate whose raters differ by more than chance: its interval is of these raters alone."""
    from scipy.stats import chi2_contingency

    if len(table) < 2 or not table.sum(0).all():
        return result
    p_value = float(chi2_contingency(table, correction=False)[1])
    if p_value > DIFFERENCE_LEVEL:
        return result
    wrong = f"raters differ (chi-square, p = {p_value:.1g}): the interval is of these raters, not of all"
    return result._replace(flags=(*result.flags, wrong))


def size_table(answers_per_rater: int, *, correlation: float = 0.0) -> list[dict[str, Any]]:
    """List how many answers and raters tell a win rate from 1/2, by the exact power of the binomial test.

    Args:
        answers_per_rater: Number of answers of one rater about one pair of sources.
        correlation: Correlation of two answers of one rater.

    Example:
        >>> size_table(40)[1]
        {'win rate': 0.6, 'answers, 0.8': 210, 'raters, 0.8': 6, 'answers, 0.95': 333, 'raters, 0.95': 9}
    """
    rows = []
    for rate in RATES:
        row: dict[str, Any] = {"win rate": rate}
        for power in POWERS:
            options: Any = {"answers_per_rater": answers_per_rater, "correlation": correlation}
            needed = answers_needed(rate=rate, power=power, **options)
            row[f"answers, {power:g}"] = needed.answers
            row[f"raters, {power:g}"] = needed.raters
        rows.append(row)
    return rows
