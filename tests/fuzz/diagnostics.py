"""Diagnostics of chains, against ArviZ in float64."""

from functools import partial

import numpy as np
from scipy import stats

from jgen import diagnostics
from jgen.types import DrawKind, Draws
from tests.helpers.arviz import arviz_before_1
from tests.helpers.fuzz import Row

PROB = 0.3
SUMS = 256  # as many autocorrelations are added


def chains(rng):
    """Return draws ``[chain, draw]``: independent, drifting or sticky, of one of two shapes."""
    shape = ((4, 64), (3, 25))[rng.integers(2)]
    draws = rng.normal(size=shape)
    if rng.random() < 0.5:
        draws = 0.3 * draws.cumsum(1) + rng.normal(size=(shape[0], 1))
    return {"draws": draws}


def in_unit(draws):
    """Return draws around their first, in a power of two of their unit, and that power.

    ArviZ takes draws below 1e-15 for constant.
    """
    draws = draws - draws.flat[np.argmax(np.isfinite(draws))]
    size = np.abs(draws[np.isfinite(draws)]).max(initial=0)
    unit = 2.0 ** np.floor(np.log2(size)) if size > 0 else 1.0
    return draws / unit, unit


def by_arviz(draws, kind, power=0, min_chains=1, **options):
    """Evaluate ArviZ's statistic ``kind`` in a good unit; a diagnostic of no finite draw is NaN."""
    if draws.ndim != 2:
        raise ValueError("[chain, draw]")
    if draws.shape[1] < 4 or len(draws) < min_chains or not np.isfinite(draws).any():
        return np.nan
    scaled, unit = in_unit(draws)
    return getattr(arviz_before_1(), kind)(scaled, **options) * unit**power


def mcse_sd(draws):
    """Compute as ArviZ, but around the variance: the differences of its moments cancel."""
    ess = by_arviz(np.square(draws - draws.mean()), "ess", method="mean")
    scaled, unit = in_unit(draws)
    square = (scaled - scaled.mean()) ** 2
    if ess is np.nan or draws.shape[1] < 4 or np.isnan(square).any():
        return np.nan
    return 0.0 if square.mean() == 0 else unit * square.std() / np.sqrt(ess * square.mean()) / 2


def normal_scores(x):
    ranks = stats.rankdata(x).reshape(x.shape)
    return stats.norm.ppf((ranks - 3 / 8) / (x.size + 1 / 4))


def classical_rhat(x):
    """Compute R-hat around the first draw of each chain, which is exact where a chain is stuck."""
    within = x - x[:, :1]
    between = (within.mean(1) + x[:, 0] - x[0, 0]).var(ddof=1)
    return np.sqrt(between / within.var(1, ddof=1).mean() + 1 - 1 / x.shape[1])


def rhat(draws):
    """Compute as ArviZ, whose variance of equal numbers is a rounding."""
    if draws.ndim != 2:
        raise ValueError("[chain, draw]")
    if draws.shape[1] < 4 or len(draws) < 2 or np.isnan(draws).any() or not np.isfinite(draws).any():
        return np.nan
    half = draws.shape[1] // 2
    split = np.concatenate([draws[:, :half], draws[:, -half:]])
    centred, _ = in_unit(split)
    folded = np.abs(centred - np.median(centred))
    return np.fmax(classical_rhat(normal_scores(split)), classical_rhat(normal_scores(folded)))


def bfmi(energy):
    if energy.ndim != 2:
        raise ValueError("[chain, draw]")
    if energy.shape[1] < 2:
        return np.full(len(energy), np.nan)
    if not energy.size:
        return np.zeros(0)
    scaled, _ = in_unit(energy)
    return np.square(np.diff(scaled, axis=1)).mean(1) / scaled.var(1, ddof=1)


def mcse_between(draws):
    if draws.ndim != 2:
        raise ValueError("[chain, draw]")
    if draws.shape[1] < 4 or len(draws) < 2:
        return np.nan
    scaled, unit = in_unit(draws)
    return unit * scaled.mean(1).std(ddof=1) / np.sqrt(len(draws))


def chain_row(name, reference, *arguments):
    return Row(
        lambda draws: getattr(diagnostics, name)(draws, *arguments),
        reference, chains, is_wide=True, is_free=True, steps=SUMS,
    )  # fmt: skip


def columns(draws, found):
    """Return columns of a summary as arrays ``[coordinate]``."""
    coordinates = draws.reshape(*draws.shape[:2], -1)
    rows = [found(coordinates[..., index]) for index in range(coordinates.shape[2])]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]} if rows else {}


STATISTICS = {
    "mcse_mean": partial(by_arviz, kind="mcse", power=1, method="mean"),
    "ess_bulk": partial(by_arviz, kind="ess", method="bulk"),
    "ess_tail": partial(by_arviz, kind="ess", method="tail"),
    "rhat": rhat,
}


def spread(draws):
    """Return the standard deviation ``ddof=1`` and the number of draws that are not finite."""
    if draws.size < 2 or not np.isfinite(draws).all():
        return {"sd": np.nan, "non_finite": (~np.isfinite(draws)).sum()}
    scaled, unit = in_unit(draws)
    return {"sd": unit * scaled.std(ddof=1), "non_finite": 0}


def of_markov(draws):
    found = {name: statistic(draws) for name, statistic in STATISTICS.items()}
    return spread(draws) | found


def of_independent(draws):
    found = spread(draws)
    return found | {"mcse": found["sd"] / np.sqrt(draws.size) if draws.size else np.nan}


def runs(rng):
    """Return draws of two coordinates ``[chain, draw, 2]``."""
    return {"draws": np.stack([chains(np.random.default_rng(s))["draws"][:3, :25] for s in rng.bytes(2)], -1)}


def summarised(draws, kind):
    table = diagnostics.summary(Draws(draws, {}, None, kind)).table
    return {name: column for name, column in table.items() if name != "mean"}


def summary_row(kind, reference):
    def expected(draws):
        if draws.ndim < 2 or 0 in draws.shape[:2]:
            raise ValueError("[chain, draw, *event]")
        return columns(draws, reference)

    return Row(partial(summarised, kind=kind), expected, runs, is_wide=True, is_free=True, steps=SUMS)


def means(draws):
    if draws.ndim < 2 or 0 in draws.shape[:2]:
        raise ValueError("[chain, draw, *event]")
    return draws.reshape(draws.shape[0] * draws.shape[1], -1).mean(0)


def freedom(errors, dofs):
    """Compute Welch's and Satterthwaite's degrees of freedom in units of the largest error."""
    if errors.shape != dofs.shape or errors.ndim != 1 or not errors.size or (dofs < 0).any():
        raise ValueError("one of each")
    if np.isnan(dofs).any():
        raise ValueError("not a number")
    if not 0 < np.abs(errors).max() < np.inf:
        return dofs.min()
    squares, dofs = np.square(errors / np.abs(errors).max())[errors != 0], dofs[errors != 0]
    return squares.sum() ** 2 / (squares**2 / dofs).sum()


ROWS = {
    **{f"diagnostics.{name}": chain_row(name, reference) for name, reference in STATISTICS.items()},
    "diagnostics.ess_mean": chain_row("ess_mean", partial(by_arviz, kind="ess", method="mean")),
    "diagnostics.ess_quantile": chain_row(
        "ess_quantile", partial(by_arviz, kind="ess", method="quantile", prob=PROB), PROB
    ),
    "diagnostics.mcse_quantile": chain_row(
        "mcse_quantile", partial(by_arviz, kind="mcse", power=1, method="quantile", prob=PROB), PROB
    ),
    "diagnostics.mcse_sd": chain_row("mcse_sd", mcse_sd),
    "diagnostics.mcse_between": chain_row("mcse_between", mcse_between),
    "diagnostics.bfmi": Row(
        diagnostics.bfmi, bfmi, lambda rng: {"energy": chains(rng)["draws"]}, is_wide=True, is_free=True
    ),
    "diagnostics.summary, markov": summary_row(DrawKind.MARKOV, of_markov),
    "diagnostics.summary, independent": summary_row(DrawKind.INDEPENDENT, of_independent),
    "diagnostics.summary, means": Row(
        lambda draws: diagnostics.summary(Draws(draws, {}, None, DrawKind.APPROXIMATE)).table.get(
            "mean", np.zeros(0)
        ),
        means,
        runs,
        is_wide=True,
    ),
    "diagnostics.welch_satterthwaite": Row(
        diagnostics.welch_satterthwaite,
        freedom,
        lambda rng: {"errors": rng.exponential(size=3), "dofs": rng.uniform(1, 50, 3)},
        is_wide=True,
    ),
}
