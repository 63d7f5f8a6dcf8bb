"""Rows of log Z by every sampler whose draws have weights, and of what is told of its run."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.tree_util import Partial

from benchmarks.intervals.chains import two_hills
from benchmarks.intervals.row import Ends, Row, ends_of, ends_of_errors, key_of, parts
from benchmarks.intervals.weights import pareto
from jgen.diagnostics import log_evidence, summary
from jgen.evaluation import evaluate_draws
from jgen.evaluation.sampler_metrics import LOG_EVIDENCE, LOG_EVIDENCE_ERROR, MEAN_ERROR
from jgen.samplers import (
    AnnealingPath,
    adaptive_importance,
    adaptive_rejection,
    annealed,
    hmc,
    importance,
    metropolis,
    multiple_importance,
    rejection,
    smc,
)
from jgen.sampling import Cost, Run, sample
from jgen.targets import many_wells
from jgen.types import Array, DrawKind, Draws, Sampler

DrawsOf = Callable[[np.random.Generator], Draws]
NORMAL = dist.Normal(0.0, 1.0)
BETAS = jnp.linspace(0.0, 1.0, 9)


def log_density(x: Array) -> Array:
    """Return the log density of N(1, 1)."""
    return dist.Normal(1.0, 1.0).log_prob(x)


def logistic(x: Array) -> Array:
    """Return the log density of the logistic distribution."""
    return dist.Logistic(0.0, 1.0).log_prob(x)


def by_sampler(
    sampler: Sampler, num_draws: int, rng: np.random.Generator, repeats: int, truth: float = 0.0
) -> Ends:
    """Estimate log Z from as many runs of one chain."""
    run = sample(key_of(rng), sampler, num_chains=repeats, num_draws=num_draws)
    ends = ends_of(log_evidence(one) for one in parts(run.draws, 1))
    return ends._replace(low=ends.low - truth, high=ends.high - truth)


def samplers() -> dict[str, tuple[Sampler, int]]:
    """Make each sampler of N(1, 1): case -> sampler and its draws."""
    wide, path = dist.Normal(0.0, 2.0), AnnealingPath(NORMAL, log_density)
    return {
        "importance, 400": (importance(log_density, wide), 400),
        "rejection, 400": (rejection(log_density, wide, 1.0), 400),
        "multiple_importance, 50 x 4": (multiple_importance(log_density, [wide, NORMAL], counts=[2, 2]), 50),
        "annealed, 400": (annealed(path, metropolis, BETAS), 400),
        "smc, 20 x 50": (smc(path, metropolis, num_particles=50), 20),
        "adaptive_importance, 20 x 50": (adaptive_importance(log_density, wide, num_particles=50), 20),
        "adaptive_rejection, 8 knots, 2,000": (
            adaptive_rejection(logistic, jnp.array([-2.0, 2.0]), max_knots=8),
            2000,
        ),
        "smc, 20 x 50, fixed temperatures": (smc(path, metropolis, num_particles=50, betas=BETAS), 20),
    }


def wells(rng: np.random.Generator, repeats: int) -> Ends:
    """Anneal to 16 double wells, 2,000 passes, a few repeats at a time."""
    target = many_wells(16)
    truth = float(jnp.asarray(target.log_evidence))
    path = AnnealingPath(dist.Normal(jnp.zeros(16), 1.0).to_event(1), target.log_density)
    sampler = annealed(path, Partial(hmc, step_size=0.15, num_steps=5), jnp.linspace(0.0, 1.0, 200))
    ends = [by_sampler(sampler, 2000, rng, 1, truth) for _ in range(repeats)]
    return Ends(*(np.concatenate(column) for column in zip(*ends, strict=True)))


def weighted(k: float, rng: np.random.Generator) -> Draws:
    """Draw normals with independent weights of shape k."""
    x: Any = rng.normal(size=(1, 1000))
    log_weight: Any = pareto(k, 1000, rng)[None]
    return Draws(x, {}, log_weight, DrawKind.WEIGHTED)


def populations(rng: np.random.Generator) -> Draws:
    """Draw 50 populations of 20 particles of N(0, 1.5^2), weighted to N(0, 1)."""
    x: Any = 1.5 * rng.normal(size=(1, 50, 20))
    return Draws(x, {}, (x / 1.5) ** 2 / 2 - x**2 / 2, DrawKind.ENSEMBLE)


def independent(kind: DrawKind, size: int, rng: np.random.Generator) -> Draws:
    """Draw normals."""
    return Draws(rng.normal(size=(1, size)), {}, None, kind)


def markov(rate: float, rng: np.random.Generator) -> Draws:
    """Draw four chains that cross between two hills."""
    return Draws(two_hills(rate, 4, 1000, True, rng, 1)[0], {}, None, DrawKind.MARKOV)


def by_summary(draw: DrawsOf, rng: np.random.Generator, repeats: int) -> Ends:
    """Read the mean, its error and what is wrong from a summary."""
    found = [summary(draw(rng)) for _ in range(repeats)]
    flagged = [bool("num_unmixed" in one.totals or has_flags(one.totals)) for one in found]
    name = "mcse" if "mcse" in found[0].table else "mcse_mean"
    mean, error = ([one.table[column][0] for one in found] for column in ("mean", name))
    return ends_of_errors(mean, error, flagged)


def has_flags(totals: dict[str, Any]) -> bool:
    """Return whether log Z is flagged."""
    return "log_evidence" in totals and bool(totals["log_evidence"].flags)


def evaluated(draws: Draws) -> dict[str, Any]:
    """Evaluate draws of a target of mean 0 and variance 1."""
    state: Any = None
    run = Run(draws, {}, state, Cost(0, 0), Cost(0, 0))
    return evaluate_draws(run, seconds=1.0, mean=jnp.zeros(1), variance=jnp.ones(1))


def by_row(draw: DrawsOf, rng: np.random.Generator, repeats: int) -> Ends:
    """Read the distance of the mean from the truth, in errors."""
    found = [evaluated(draw(rng))[MEAN_ERROR] for _ in range(repeats)]
    return ends_of_errors(found, np.ones(repeats))


def by_log_z(draw: DrawsOf, rng: np.random.Generator, repeats: int) -> Ends:
    """Read log Z and its error."""
    found = [evaluated(draw(rng)) for _ in range(repeats)]
    return ends_of_errors([one[LOG_EVIDENCE] for one in found], [one[LOG_EVIDENCE_ERROR] for one in found])


def exact_starts(rng: np.random.Generator) -> Draws:
    """Draw 100 chains that never cross, from exact starts, with mean 0."""
    return Draws(two_hills(0.0, 100, 50, False, rng, 1)[0][..., None], {}, None, DrawKind.MARKOV)


def rows() -> list[Row]:
    """List the rows."""
    log_z, mean = "log Z", "mean"
    kinds: dict[str, DrawsOf] = {
        "50 independent draws": partial(independent, DrawKind.INDEPENDENT, 50),
        "50 approximate draws": partial(independent, DrawKind.APPROXIMATE, 50),
        "weights of k = 0.1, 1,000": partial(weighted, 0.1),
        "50 populations of 20": populations,
        "4 chains, hills crossed 1 in 2": partial(markov, 0.5),
    }
    hard: dict[str, DrawsOf] = {
        "weights of k = 0.8, 1,000": partial(weighted, 0.8),
        "4 chains, hills crossed 1 in 200": partial(markov, 0.005),
    }
    few = 0.25
    return [
        *(
            Row(log_evidence, log_z, case, partial(by_sampler, sampler, num_draws), share=few)
            for case, (sampler, num_draws) in samplers().items()
        ),
        Row(
            log_evidence,
            log_z,
            "adaptive_rejection, 400",
            partial(by_sampler, adaptive_rejection(logistic, jnp.array([-2.0, 2.0])), 400),
            is_hard=True,
            share=few,
        ),
        Row(log_evidence, log_z, "annealed, 16 wells, 2,000 passes", wells, is_hard=True, share=0.01),
        *(Row(summary, mean, case, partial(by_summary, draw), share=few) for case, draw in kinds.items()),
        *(
            Row(summary, mean, case, partial(by_summary, draw), is_hard=True, share=few)
            for case, draw in hard.items()
        ),
        Row(
            evaluate_draws,
            mean,
            "hills never crossed, 100 starts",
            partial(by_row, exact_starts),
            share=few,
        ),
        Row(evaluate_draws, log_z, "weights of k = 0.4, 1,000", partial(by_log_z, with_axis(0.4)), share=few),
        Row(
            evaluate_draws,
            log_z,
            "weights of k = 0.8, 1,000",
            partial(by_log_z, with_axis(0.8)),
            is_hard=True,
            share=few,
        ),
    ]


def with_axis(k: float) -> DrawsOf:
    """Return a function that draws weighted vectors of one coordinate."""

    def draw(rng: np.random.Generator) -> Draws:
        draws = weighted(k, rng)
        return Draws(draws.value[..., None], {}, draws.log_weight, draws.kind)

    return draw
