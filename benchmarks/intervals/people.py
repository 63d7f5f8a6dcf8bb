"""Rows of what people's answers give: win rates, abilities, agreement."""

from functools import partial

import numpy as np

from benchmarks.intervals.row import Ends, Row, ends_of
from jgen.evaluation import bradley_terry, rater_agreement, win_rate

RESAMPLES = 400


def of_answers(n: int, rate: float, tie: float, rng: np.random.Generator, repeats: int) -> Ends:
    """Estimate a win rate."""
    counts = rng.multinomial(n, [rate - tie / 2, 1 - rate - tie / 2, tie], size=repeats)
    unique, place = np.unique(counts, axis=0, return_inverse=True)
    found = ends_of(win_rate(wins=wins, losses=losses, ties=ties) for wins, losses, ties in unique)
    return Ends(*(column[place.ravel()] for column in found))


def of_players(
    abilities: tuple[float, ...], n: int, player: int, rng: np.random.Generator, repeats: int
) -> Ends:
    """Estimate the ability of one player from n comparisons of each two."""
    theta = np.array(abilities)
    rate = 1 / (1 + np.exp(theta - theta[:, None]))
    results = []
    for _ in range(repeats):
        above = np.triu(rng.binomial(n, rate), 1)
        wins = above + np.tril(n - above.T, -1)
        seed = int(rng.integers(2**31))
        results.append(bradley_terry(wins=wins, num_resamples=RESAMPLES, seed=seed)[str(player)])
    return ends_of(results)


def of_items(n: int, num_raters: int, correct: float, rng: np.random.Generator, repeats: int) -> Ends:
    """Estimate agreement of raters who answer one of two labels, correctly with a probability."""
    results = []
    for _ in range(repeats):
        wrong = rng.random((n, num_raters)) > correct
        results.append(rater_agreement(answers=(rng.integers(2, size=(n, 1)) + wrong) % 2))
    return ends_of(results)


def rows() -> list[Row]:
    """List the rows."""
    of_rate = [(100, 0.5, 0.0), (100, 0.35, 0.0), (40, 0.75, 0.0), (200, 0.9, 0.0), (60, 0.4, 0.3)]
    of_ability = [
        ((0.0, 0.0), 60, 1),
        ((0.0, -1.0), 60, 1),
        ((0.0, 0.0, 0.0), 40, 2),
        ((0.0, -0.5, -1.2), 60, 2),
    ]
    of_agreement = [(100, 2, 0.5), (100, 2, 0.8), (60, 4, 0.5), (60, 4, 0.75)]
    return [
        *(
            Row(
                win_rate,
                "win rate",
                f"{n} answers, {rate:g}, ties {tie:g}",
                partial(of_answers, n, rate, tie),
                rate,
            )
            for n, rate, tie in of_rate
        ),
        *(
            Row(
                bradley_terry,
                "ability",
                f"{len(theta)} players at {theta[player]:g}, {n} comparisons",
                partial(of_players, theta, n, player),
                theta[player],
            )
            for theta, n, player in of_ability
        ),
        *(
            Row(
                rater_agreement,
                "alpha",
                f"{n} items, {num} raters, {correct:g} correct",
                partial(of_items, n, num, correct),
                1 - 4 * correct * (1 - correct),
                share=0.25,
            )
            for n, num, correct in of_agreement
        ),
    ]
