"""Mutants of the estimates from people's answers, and of the store and server of forced choices."""

import contextlib
import tempfile
from pathlib import Path

import numpy as np
import pytest

from tests.applications.forced_choice.test_analysis import check_analysis
from tests.applications.forced_choice.test_server import check_bodies, check_sources
from tests.applications.forced_choice.test_store import check_choices, check_once
from tests.evaluation.test_answers_needed import check_power
from tests.evaluation.test_bradley_terry import check_abilities, check_ends, check_infinite
from tests.evaluation.test_rater_agreement import check_alpha
from tests.evaluation.test_win_rate import check_win_rate
from tests.helpers.forced_choice import small_study
from tests.helpers.mutant import Mutant

FORCED_CHOICE = "applications.forced_choice"
CHECKS = f"{FORCED_CHOICE}.request_checks"


def in_folder(check):
    """Return a check of a new file in a folder that is removed."""

    def run(module):
        with tempfile.TemporaryDirectory() as folder:
            check(module, Path(folder) / "study.sqlite")

    return run


def with_study(check):
    """Return a check of a small study."""

    def run(module, path):
        with contextlib.closing(small_study(path, np.random.default_rng(0))) as store:
            check(module, store)

    return in_folder(run)


def failing(check):
    """Return the check with an expected error that is missing, or a broken reply, as a failed assertion."""

    def run(module):
        try:
            check(module)
        except (pytest.fail.Exception, RecursionError) as error:
            raise AssertionError(f"{type(error).__name__}: {error}") from error

    return run


def of_alpha(right, wrong):
    return Mutant("evaluation.rater_agreement", right, wrong, check=agreement)


def agreement(module):
    check_alpha(module, np.random.default_rng(0))


def of_store(right, wrong, check):
    return Mutant(f"{FORCED_CHOICE}.store", right, wrong, check=failing(in_folder(check)))


def of_requests(right, wrong, check):
    return Mutant(CHECKS, right, wrong, f"{FORCED_CHOICE}.server", failing(with_study(check)))


def of_rate(right, wrong):
    return Mutant("evaluation.win_rate", right, wrong, check=check_win_rate)


def of_abilities(right, wrong, check=check_abilities):
    return Mutant("evaluation.bradley_terry", right, wrong, check=check)


def of_power(right, wrong):
    return Mutant("evaluation.answers_needed", right, wrong, check=check_power)


MUTANTS = {
    "win rate, ties counted as losses": of_rate("(wins + ties / 2) / n", "wins / n"),
    "win rate, z for its square": of_rate("NORMAL_95**2 * _variance", "NORMAL_95 * _variance"),
    "win rate, ties with the variance of wins": of_rate("return max(2 * q + delta -", "return max(1.0 -"),
    "win rate, the roles exchanged": of_rate(
        "low = _lower_end(wins, losses", "low = _lower_end(losses, wins"
    ),
    "Bradley-Terry, the matrix transposed": of_abilities(
        "won.transpose(0, 2, 1), won.sum(2)", "won.transpose(0, 2, 1), won.sum(1)"
    ),
    "Bradley-Terry, ties dropped": of_abilities("(won + tied / 2)[None]", "won[None]"),
    "Bradley-Terry, Newton stopped early": of_abilities("= 500, 0.5", "= 5, 0.5"),
    "Bradley-Terry, 90 % interval": of_abilities("resamples), 0.025", "resamples), 0.05", check_ends),
    "Bradley-Terry, the null of the data": of_abilities("(compared - tied) / 2", "won", check_ends),
    "Bradley-Terry, infinite resamples made finite": of_abilities(
        "infinite = np.where(above, np.inf", "infinite = np.where(above, 50.0", check_infinite
    ),
    "Bradley-Terry, never beaten for never won": of_abilities(
        '"lost" if value > 0', '"won" if value > 0', check_infinite
    ),
    "alpha, an item's own size for one less": of_alpha(
        "(counts**2).sum(-1)) / (size - 1)", "(counts**2).sum(-1)) / size"
    ),
    "alpha, without the correction for size": of_alpha("1 - (n - 1) *", "1 - n *"),
    "alpha, equal labels among those that differ by chance": of_alpha("(n**2 - (totals**2).sum(-1))", "n**2"),
    "alpha, the jackknife without its factor": of_alpha("(size - 1) / size * ((", "1 / size * (("),
    "power, a one-sided test": of_power("isf(level / 2,", "isf(level,"),
    "power, one win too many": of_power("sizes, 0.5) + 1", "sizes, 0.5) + 2"),
    "power, the first size that reaches it": of_power(
        "np.flatnonzero(reached < power).max(initial=-1) + 1", "np.flatnonzero(reached >= power).min()"
    ),
    "forced choice, sides mixed up in the images": of_store(
        "= trial.is_swapped ", "<> trial.is_swapped ", check_choices
    ),
    "forced choice, sides mixed up in the answers": of_store(
        "(answer.choice = 'left') <> trial", "(answer.choice = 'left') = trial", check_choices
    ),
    "forced choice, a later answer replaces the first": of_store(
        "if stored and stored[0][0] != choice:", "if False:", check_once
    ),
    "forced choice, answers out of turn": of_store(
        "if not stored and position != following.position:", "if False:", check_once
    ),
    "forced choice, an answer that is not committed": of_store(
        '"COMMIT" if kind is None else "ROLLBACK"', '"ROLLBACK"', check_once
    ),
    "forced choice, those who fail stay in": Mutant(
        f"{FORCED_CHOICE}.analysis", "and not raters[one.rater].is_excluded", "", check=check_analysis
    ),
    "forced choice, wins of the second for the first": Mutant(
        f"{FORCED_CHOICE}.analysis",
        "(first, second) if one.is_first",
        "(second, first) if one.is_first",
        check=check_analysis,
    ),
    "forced choice, any host": of_requests(
        'if request.headers.getlist("host") not in', "if 0 and 0 not in", check_sources
    ),
    "forced choice, posts without an origin": of_requests(
        ' or request.method == "POST") and', ") and", check_sources
    ),
    "forced choice, any origin": of_requests("origins != [own]", "False", check_sources),
    "forced choice, any type of body": of_requests('!= "application/json"', "is None", check_bodies),
    "forced choice, no limit of a body without a length": of_requests(
        "        if len(body) > LARGEST_BODY:", "        if False:", check_bodies
    ),
    "forced choice, true for a number": of_requests(
        "type(number) is not int", "not isinstance(number, int)", check_bodies
    ),
    "forced choice, nested JSON ends the request": of_requests(
        "(ValueError, RecursionError)", "ValueError", check_bodies
    ),
}
