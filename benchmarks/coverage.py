"""Count how often the intervals that jgen prints cover the truth, on easy and on hard cases.

``python -m benchmarks.coverage --json coverage.json``

Each row repeats one estimate. Of the intervals that are not flagged, those of nominal 95 % should cover in 93
to 97 % of the repeats; the share that is flagged should be 5 % at most on an easy case, and large on a hard
one, where an interval would mislead. The verdict allows for the number of repeats: it is "no" only where an
exact binomial test at 1e-6 excludes the range.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.tree_util import Partial
from rich.console import Console
from scipy import stats

from benchmarks.command_line import main, show_rows
from jgen.diagnostics import mcse_mean, mcse_quantile, mcse_sd, summary, weights
from jgen.distributions import kl
from jgen.evaluation.evidence import bridge, stepping_stones, thermodynamic
from jgen.evaluation.results import mean_result
from jgen.samplers import AnnealingPath, metropolis, tempering
from jgen.sampling import sample
from jgen.types import DrawKind, Draws, Result

FALSE_ALARM = 1e-6
COLUMNS = {
    "interval": "interval",
    "of": "of",
    "case": "case",
    "repeats": "repeats",
    "flagged": "flagged",
    "covered": "covered",
    "within 93-97 %": "verdict",
}


@dataclass(frozen=True)
class Config:
    """How often do intervals cover the truth?"""

    repeats: int = 2000
    """Repeats of a row; rows of whole runs make a tenth of them."""
    seed: int = 0
    """Seed of the draws."""

    def __post_init__(self) -> None:
        """Check the options."""
        if self.repeats < 10:
            raise ValueError(f"repeats must be at least 10; got {self.repeats}")


class Ends(NamedTuple):
    """Interval of one repeat: its ends, and whether the estimate is flagged."""

    low: float
    high: float
    flagged: bool


class Row(NamedTuple):
    """Row of the table.

    Attributes:
        interval: The function that gives it.
        of: What it is an interval of.
        case: The draws behind it.
        hard: Whether it should be flagged.
        truth: What it should cover.
        repeat: ``repeat(rng, number of repeats)`` -> the intervals.
        share: Share of the repeats that are made.
    """

    interval: str
    of: str
    case: str
    hard: bool
    truth: float
    repeat: Callable[[np.random.Generator, int], Iterator[Ends]]
    share: float = 1.0


def of_result(result: Result) -> Ends:
    """Read the interval of a result."""
    return Ends(float(result.low), float(result.high), bool(result.flags))


def of_error(value: float, error: float) -> Ends:
    """Make an interval of an estimate and its standard error."""
    return Ends(value - 1.96 * error, value + 1.96 * error, not np.isfinite(error))


def log_z(k: float, size: int, rng: np.random.Generator, repeats: int) -> Iterator[Ends]:
    """Estimate log Z = 0 from weights with a Pareto tail of shape k."""
    for _ in range(repeats):
        yield of_result(weights.log_evidence(np.log(1 - k) - k * np.log(rng.uniform(size=size))))


def weighted_mean(spread: float, rng: np.random.Generator, repeats: int) -> Iterator[Ends]:
    """Estimate the mean 0 of N(0, 1) from draws of N(0, spread^2)."""
    for _ in range(repeats):
        x = spread * rng.normal(size=1000)
        log_weight = stats.norm.logpdf(x) - stats.norm.logpdf(x, scale=spread)
        draws = Draws(x[None], {}, log_weight[None], DrawKind.WEIGHTED)
        found = summary(draws)
        mean, error = found.table["mean"][0], found.table["mcse"][0]
        yield of_error(mean, error)._replace(flagged=bool(found.totals["log_evidence"].flags))


def autoregression(r: float, rng: np.random.Generator) -> np.ndarray:
    """Draw four chains of 1,000 from their stationary distribution N(0, 1)."""
    noise = rng.normal(size=(4, 1000)) * np.sqrt(1 - r**2)
    x = np.empty_like(noise)
    x[:, 0] = rng.normal(size=4)
    for t in range(1, x.shape[1]):
        x[:, t] = r * x[:, t - 1] + noise[:, t]
    return x


def of_chains(statistic: str, r: float, rng: np.random.Generator, repeats: int) -> Iterator[Ends]:
    """Estimate the mean, the sd or a quantile of an autoregression."""
    for _ in range(repeats):
        x = autoregression(r, rng)
        value, error = {
            "mean": lambda x: (x.mean(), mcse_mean(x)),
            "sd": lambda x: (x.std(ddof=1), mcse_sd(x)),
            "quantile": lambda x: (np.quantile(x, 0.9), mcse_quantile(x, 0.9)),
        }[statistic](x)
        yield of_error(float(value), float(error))


def of_examples(draw: Callable[..., np.ndarray], rng: np.random.Generator, repeats: int) -> Iterator[Ends]:
    """Estimate the mean of held-out examples."""
    for _ in range(repeats):
        yield of_result(mean_result(draw(rng), "examples", {}))


def divergence(q: Any, rng: np.random.Generator, repeats: int) -> Iterator[Ends]:
    """Estimate a divergence from a normal by draws."""
    for seed in rng.integers(2**31, size=repeats):
        yield of_result(kl(dist.Cauchy() if q is None else dist.StudentT(9.0), q or dist.Normal(),
                           key=jax.random.key(seed), num_samples=1000))  # fmt: skip


def shifted(x: Any) -> Any:
    """Return the log density of N(3, 1) up to log Z = log sqrt(2 pi)."""
    return -0.5 * jnp.sum((x - 3.0) ** 2)


def ladder(
    estimate: Callable[..., Result], betas: Any, rng: np.random.Generator, repeats: int
) -> Iterator[Ends]:
    """Estimate log Z by parallel tempering; a refusal counts as a flag."""
    path = AnnealingPath(dist.Normal(0.0, 2.0), shifted)
    sampler = tempering(path, Partial(metropolis, step_size=2.0), betas)
    key = jax.random.key(int(rng.integers(2**31)))
    run = sample(key, sampler, num_chains=8 * repeats, num_draws=100, num_warmup=50)
    for start in range(0, 8 * repeats, 8):
        one = jax.tree.map(lambda leaf, start=start: leaf[start : start + 8], run.draws)
        try:
            yield of_result(estimate(one, betas))
        except ValueError:
            yield Ends(np.nan, np.nan, True)


def bridges(rng: np.random.Generator, repeats: int) -> Iterator[Ends]:
    """Estimate log Z of a normal from exact draws."""
    for seed in rng.integers(2**31, size=repeats):
        x = 3.0 + rng.normal(size=(4, 200, 1)).astype(np.float32)
        draws = Draws(x, {}, None, DrawKind.INDEPENDENT)
        yield of_result(bridge(jax.random.key(seed), draws, shifted))


LOG_Z = float(0.5 * np.log(2 * np.pi))
FINE, COARSE = jnp.linspace(0, 1, 17) ** 2, jnp.linspace(0, 1, 3)
KL_OF_T = float(stats.t(9).expect(lambda x: stats.t.logpdf(x, 9) - stats.norm.logpdf(x), epsabs=1e-10))
QUANTILE = float(stats.norm.ppf(0.9))
by_steps = partial(ladder, stepping_stones, FINE)
by_integration, by_coarse_integration = (partial(ladder, thermodynamic, betas) for betas in (FINE, COARSE))


def normals(rng: np.random.Generator) -> np.ndarray:
    """Draw 50 normals."""
    return rng.normal(size=50)


def exponentials(rng: np.random.Generator) -> np.ndarray:
    """Draw 500 exponentials."""
    return rng.exponential(size=500)


ROWS = [
    Row("log_evidence", "log Z", "weights of k = 0.1", False, 0.0, partial(log_z, 0.1, 1000)),
    Row("log_evidence", "log Z", "weights of k = 0.4", False, 0.0, partial(log_z, 0.4, 1000)),
    Row("log_evidence", "log Z", "weights of k = 0.9", True, 0.0, partial(log_z, 0.9, 1000)),
    Row("log_evidence", "log Z", "eight weights of k = 0.1", False, 0.0, partial(log_z, 0.1, 8)),
    Row("summary", "weighted mean", "proposal of sd 1.5", False, 0.0, partial(weighted_mean, 1.5)),
    Row("summary", "weighted mean", "proposal of sd 0.4", True, 0.0, partial(weighted_mean, 0.4)),
    Row("mcse_mean", "mean", "AR(1), 0.5", False, 0.0, partial(of_chains, "mean", 0.5)),
    Row("mcse_mean", "mean", "AR(1), 0.95", False, 0.0, partial(of_chains, "mean", 0.95)),
    Row("mcse_sd", "sd", "AR(1), 0.5", False, 1.0, partial(of_chains, "sd", 0.5)),
    Row("mcse_quantile", "90 % quantile", "AR(1), 0.5", False, QUANTILE, partial(of_chains, "quantile", 0.5)),
    Row("mean_result", "held-out mean", "50 normals", False, 0.0, partial(of_examples, normals)),
    Row("mean_result", "held-out mean", "500 exponentials", False, 1.0, partial(of_examples, exponentials)),
    Row("kl", "divergence", "t of 9 from a normal", False, KL_OF_T, partial(divergence, dist.Normal())),
    Row("kl", "divergence", "Cauchy from a normal", True, np.inf, partial(divergence, None)),
    Row("stepping_stones", "log Z", "17 temperatures", False, LOG_Z, by_steps, 0.1),
    Row("thermodynamic", "log Z", "17 temperatures", False, LOG_Z, by_integration, 0.1),
    Row("thermodynamic", "log Z", "3 temperatures", True, LOG_Z, by_coarse_integration, 0.1),
    Row("bridge", "log Z", "exact draws", False, LOG_Z, bridges, 0.1),
]  # fmt: skip


def measure(row: Row, rng: np.random.Generator, repeats: int) -> dict[str, Any]:
    """Repeat one row."""
    found = list(row.repeat(rng, max(10, round(row.share * repeats))))
    flagged = sum(one.flagged for one in found)
    kept = [one for one in found if not one.flagged]
    covered = sum(one.low <= row.truth <= one.high for one in kept)
    low, high = stats.binomtest(covered, len(kept)).proportion_ci(1 - FALSE_ALARM) if kept else (0.0, 1.0)
    return {
        "interval": row.interval,
        "of": row.of,
        "case": f"{'hard' if row.hard else 'easy'}: {row.case}",
        "repeats": len(found),
        "flagged": flagged / len(found),
        "covered": covered / len(kept) if kept else None,
        "verdict": "none left" if not kept else "yes" if low <= 0.97 and high >= 0.93 else "no",
    }


def run(config: Config, console: Console) -> dict[str, Any]:
    """Measure, show and return all figures."""
    rng = np.random.default_rng(config.seed)
    rows = [measure(row, rng, config.repeats) for row in ROWS]
    show_rows(console, "coverage of unflagged intervals of nominal 95 %", rows, COLUMNS)
    return {"rows": rows}


if __name__ == "__main__":
    main(run, Config)
