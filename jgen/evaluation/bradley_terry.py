"""Fit abilities to preferences between several models, from counts of people's answers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jax.typing import ArrayLike

from jgen.types import Result

PROTOCOL = {"of": "Bradley-Terry ability", "ties": "halved"}
MOST_STEPS, LONGEST_STEP, TOLERANCE = 500, 0.5, 1e-10


def bradley_terry(
    *,
    wins: ArrayLike,
    ties: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    num_resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Result]:
    r"""Fit Bradley-Terry abilities by maximum likelihood, in logits relative to the first player.

    .. math:: P(i \text{ is preferred to } j) = \frac{1}{1 + e^{\theta_j - \theta_i}}, \qquad \theta_0 = 0

    A tie counts as half a win of both. Of two players, :math:`\theta_1` is the logit of the second's win
    rate. The maximum is finite where, and only where, each player can be reached from each other along wins
    (Ford); one that never lost to those around the first player has an infinite ability, which is flagged.

    The 95 % interval is that of the ability in these comparisons, by the percentiles of bootstrap resamples
    of the answers of each pair of players; answers are taken as independent. A resample in which the ability
    is infinite counts as such.

    Args:
        wins: How often row i was preferred to column j ``[player, player]``, whole numbers.
        ties: How often i and j were neither preferred, symmetric ``[player, player]``; None for never.
        names: Names of the players; None for numbers.
        num_resamples: Number of bootstrap resamples.
        seed: Of the bootstrap and of the null.

    Returns:
        Name -> ability, in the order of the players; the first is exactly 0. The null is that of players who
        are all alike, in the same numbers of comparisons. There is no ceiling.

    Raises:
        ValueError: For counts that are none, another shape, or players between whom no chain of comparisons
            leads: their abilities cannot be compared.

    Example:
        >>> abilities = bradley_terry(wins=[[0, 75], [25, 0]], names=["real", "model"])
        >>> round(float(abilities["model"].value), 6)  # log(25 / 75)
        -1.098612

    Reference:
        Bradley and Terry (1952), Biometrika 39; Ford (1957), American Mathematical Monthly 64; Hunter (2004),
        "MM algorithms for generalized Bradley-Terry models", Annals of Statistics 32.
    """
    won, tied = _check(wins, ties)
    labels = [str(i) for i in range(len(won))] if names is None else [str(name) for name in names]
    if len(labels) != len(won) or len(set(labels)) < len(labels):
        raise ValueError(f"names must be {len(won)} different names; got {labels}")
    if num_resamples < 100:
        raise ValueError(f"num_resamples must be 100 or more for the ends of 95 %; got {num_resamples}")
    compared = won + won.T + tied
    reachable = _reachable(compared[None])[0, 0]
    if not reachable.all():
        apart = ", ".join(name for name, is_near in zip(labels, reachable, strict=True) if not is_near)
        raise ValueError(
            f"no chain of comparisons leads from {labels[0]} to {apart}, so their abilities cannot be "
            "compared: collect answers about such pairs, or leave those players out"
        )
    rng = np.random.default_rng(seed)
    (values,) = abilities((won + tied / 2)[None])
    low, high = _ends(abilities(_resample(won, tied, num_resamples, rng)))
    fair = (compared - tied) / 2
    null_low, null_high = _ends(abilities(_resample(fair, tied, num_resamples, rng)))
    method = f"Bradley-Terry, bootstrap of {num_resamples}"
    results = {}
    zero: Any = np.float64(0.0)
    for i, name in enumerate(labels):
        n = int(compared[i].sum())
        null = Result(zero, null_low[i], null_high[i], n, "players that are all alike", {})
        flags = _flags(name, labels[0], values[i], low[i], high[i])
        start, end = (low[i], high[i]) if np.isfinite(values[i]) else (zero - np.inf, zero + np.inf)
        protocol = {**PROTOCOL, "reference": labels[0], "players": tuple(labels)}
        results[name] = Result(values[i], start, end, n, method, protocol, flags=flags, null=null)
    return results


def _check(wins: ArrayLike, ties: ArrayLike | None) -> tuple[np.ndarray, np.ndarray]:
    won = np.asarray(wins, np.float64)
    tied = np.zeros_like(won) if ties is None else np.asarray(ties, np.float64)
    if won.ndim != 2 or won.shape[0] != won.shape[1] or len(won) < 2 or tied.shape != won.shape:
        raise ValueError(
            f"wins and ties must be counts [player, player] of two or more; got {won.shape} and {tied.shape}"
        )
    for name, counts in (("wins", won), ("ties", tied)):
        if not (np.isfinite(counts).all() and (counts >= 0).all() and (counts == np.floor(counts)).all()):
            raise ValueError(f"{name} must be whole numbers of 0 or more; got {counts.tolist()}")
        if np.diagonal(counts).any():
            raise ValueError(f"{name} has answers of a player against itself: leave the diagonal 0")
    if (tied != tied.T).any():
        raise ValueError("ties must be symmetric: a tie of i and j is one of j and i")
    return won, tied


def abilities(won: np.ndarray) -> np.ndarray:
    """Compute abilities relative to the first player ``[batch, player]`` from wins, ties halved.

    Infinite or NaN (not comparable) where the likelihood has no maximum. Newton's method, with steps of at
    most half a logit a player, within the players of finite ability.

    Args:
        won: ``[batch, player, player]``.
    """
    paths = _reachable(won)
    above, below = paths[:, :, 0], paths[:, 0, :]  # [batch, player]: it leads to the first, the first to it
    finite = above & below
    won = won * finite[:, :, None] * finite[:, None, :]
    compared, total = won + won.transpose(0, 2, 1), won.sum(2)
    players = np.arange(won.shape[1])
    fixed = ~finite | (players == 0)
    theta = np.zeros(total.shape)
    for _ in range(MOST_STEPS):
        rate = 1 / (1 + np.exp(theta[:, None, :] - theta[:, :, None]))
        gradient = np.where(fixed, 0.0, total - (compared * rate).sum(2))
        if (np.abs(gradient) <= TOLERANCE * np.maximum(1.0, total)).all():
            break
        weight = compared * rate * (1 - rate)
        hessian = -weight
        hessian[:, players, players] += weight.sum(2)
        free = ~fixed
        hessian = hessian * free[:, :, None] * free[:, None, :] + fixed[:, :, None] * np.eye(len(players))
        step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
        longest = np.abs(step).max(1, keepdims=True)
        theta += step * np.minimum(1.0, LONGEST_STEP / np.maximum(longest, LONGEST_STEP))
    infinite = np.where(above, np.inf, np.where(below, -np.inf, np.nan))
    return np.where(finite, theta, infinite)


def _reachable(counts: np.ndarray) -> np.ndarray:
    """Return whether a chain of positive counts leads from row to column ``[batch, player, player]``."""
    size = counts.shape[-1]
    paths = (counts > 0) | np.eye(size, dtype=bool)
    for _ in range(int(np.ceil(np.log2(size)))):
        paths = np.einsum("bij,bjk->bik", paths, paths)
    return paths


def _resample(won: np.ndarray, tied: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw the answers of each pair of players again; return wins, with half the ties, of each resample."""
    made = np.zeros((size, *won.shape))
    for i, j in zip(*np.triu_indices(len(won), 1), strict=True):
        parts = np.array([won[i, j], tied[i, j], won[j, i]])
        if total := int(parts.sum()):
            first, both, second = rng.multinomial(total, parts / total, size=size).T
            made[:, i, j], made[:, j, i] = first + both / 2, second + both / 2
    return made


def _ends(resamples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the 2.5 and 97.5 % points of resamples ``[resample, player]``; NaN counts as either infinity."""
    unknown = np.isnan(resamples)
    low = np.quantile(np.where(unknown, -np.inf, resamples), 0.025, 0, method="inverted_cdf")
    high = np.quantile(np.where(unknown, np.inf, resamples), 0.975, 0, method="inverted_cdf")
    return low, high


def _flags(name: str, first: str, value: float, low: float, high: float) -> tuple[str, ...]:
    if np.isnan(value):
        return (f"no chain of wins leads from {name} to {first} or back: their abilities do not compare",)
    if np.isinf(value):
        never = "lost" if value > 0 else "won"
        return (f"{name} never {never} along a chain that leads to {first}: its ability has no finite value",)
    if np.isinf(low) or np.isinf(high):
        return ("an end is infinite: too few answers against it, or for it",)
    return ()
