"""Rows of estimates of log Z from chains, ladders of temperatures and annealing in both directions."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.tree_util import Partial
from scipy import stats

from benchmarks.intervals.chains import autoregression, two_hills
from benchmarks.intervals.row import Ends, Row, ends_of, key_of, parts
from jgen.evaluation.evidence import bidirectional, bridge, stepping_stones, thermodynamic
from jgen.evaluation.evidence.bidirectional import Bounds
from jgen.samplers import AnnealingPath, hmc, metropolis, tempering
from jgen.sampling import sample
from jgen.types import Array, DrawKind, Draws, Result

LOG_Z = float(0.5 * np.log(2 * np.pi))
FINE, COARSE = jnp.linspace(0, 1, 17) ** 2, jnp.linspace(0, 1, 3)
NUM_PASSES = 100
EFFECTS = np.float32([28, 8, -3, 7, -1, 1, 18, 12])
ERRORS = np.float32([15, 10, 16, 11, 9, 11, 10, 18])


def shifted(x: Any) -> Any:
    """Return the log density of N(3, 1) without its constant."""
    return -0.5 * jnp.sum((x - 3.0) ** 2)


def hills(x: Any) -> Any:
    """Return the log density of two hills at -3 and 3 without its constant, twice that of one."""
    return jnp.logaddexp(shifted(x), shifted(-x)) - jnp.log(2.0)


def bridges(
    chains: Callable[..., np.ndarray], log_density: Any, centre: float, rng: np.random.Generator, repeats: int
) -> Ends:
    """Estimate log Z by a bridge from chains."""
    x = centre + chains(rng, repeats)[..., None]  # [repeat, chain, draw, 1]
    kind = DrawKind.MARKOV
    return ends_of(bridge(key_of(rng), Draws(one, {}, None, kind), log_density) for one in x)


def ladder(
    estimate: Callable[..., Result],
    betas: Any,
    sampler: Any,
    sizes: dict[str, int],
    num_chains: int,
    rng: np.random.Generator,
    repeats: int,
) -> Ends:
    """Estimate log Z by parallel tempering; a refusal counts as a flag."""
    run = sample(key_of(rng), sampler, num_chains=num_chains * repeats, **sizes)

    def intervals() -> Any:
        for one in parts(run.draws, num_chains):
            try:
                yield estimate(one, betas)
            except ValueError:
                yield Result(np.nan, np.nan, np.nan, 0, "", {}, flags=("refused",))

    return ends_of(intervals())


def normal_ladder(betas: Any) -> Any:
    """Return parallel tempering from N(0, 2^2) to N(3, 1)."""
    return tempering(AnnealingPath(dist.Normal(0.0, 2.0), shifted), Partial(metropolis, step_size=2.0), betas)


def schools(x: Array) -> Array:
    """Return the joint log density of the eight schools, not centred ``[]``: mu, log tau, eight effects."""
    mu, log_tau, raw = x[0], x[1], x[2:]
    prior = dist.Normal(0.0, 10.0).log_prob(mu) + dist.Normal(5.0, 1.0).log_prob(log_tau)
    likelihood = dist.Normal(mu + jnp.exp(log_tau) * raw, ERRORS).log_prob(EFFECTS).sum()
    return prior + dist.Normal(0.0, 1.0).log_prob(raw).sum() + likelihood


def schools_log_z() -> float:
    """Integrate over log tau; given tau the effects are Gaussian, with mu in common."""
    log_tau = np.linspace(-3.0, 13.0, 4001)
    log_p = [
        stats.multivariate_normal(np.zeros(8), np.diag(ERRORS**2 + np.exp(2 * t)) + 100.0).logpdf(EFFECTS)
        for t in log_tau
    ]
    return float(np.log(np.trapezoid(np.exp(log_p) * stats.norm.pdf(log_tau, 5.0, 1.0), log_tau)))


def schools_ladder(betas: Any) -> Any:
    """Return parallel tempering from the prior of the eight schools."""
    centre, spread = np.zeros(10, np.float32), np.ones(10, np.float32)
    centre[1], spread[0] = 5.0, 10.0
    path = AnnealingPath(dist.Normal(centre, spread).to_event(1), schools)
    return tempering(path, Partial(hmc, step_size=0.1, num_steps=5, inverse_mass_matrix=jnp.ones(10)), betas)


def bounds(read: Callable[[Bounds], Result], rng: np.random.Generator, repeats: int) -> Ends:
    """Anneal between N(0, 1) and N(3, 1) in both directions, and read one of the three results."""
    path, kernel, betas = AnnealingPath(dist.Normal(0.0, 1.0), shifted), metropolis, jnp.linspace(0, 1, 9)
    found = [
        read(bidirectional(key_of(rng), path, kernel, betas, np.float32(3.0 + rng.normal(size=NUM_PASSES))))
        for _ in range(repeats)
    ]
    return ends_of(found)


def about_their_mean(read: Callable[[Bounds], Result], rng: np.random.Generator, repeats: int) -> Ends:
    """Return bounds relative to the mean of all, whose error is that of one over the root of their number."""
    ends = bounds(read, rng, repeats)
    centre = np.mean((ends.low + ends.high) / 2)
    return ends._replace(low=ends.low - centre, high=ends.high - centre)


def rows() -> list[Row]:
    """List the rows."""
    short = {"num_draws": 100, "num_warmup": 50}
    of_normal = [partial(ladder, estimate, betas, normal_ladder(betas), short, 8)
                 for estimate, betas in [(stepping_stones, FINE), (thermodynamic, FINE), (thermodynamic, COARSE)]]
    cubes = jnp.linspace(0.0, 1.0, 16) ** 3
    long = {"num_draws": 500, "num_warmup": 200}
    of_schools = [partial(ladder, estimate, cubes, schools_ladder(cubes), long, 16)
                  for estimate in (stepping_stones, thermodynamic)]
    few, steps = {"share": 0.1}, {"share": 0.02}
    truth = schools_log_z()
    independent, correlated = partial(autoregression, 0.0, 4, 200), partial(autoregression, 0.8, 4, 500)
    stuck, short_chains = partial(two_hills, 0.0, 4, 200, True), partial(autoregression, 0.95, 4, 100)
    log_z, bound = "log Z", "expected log-weight"
    return [
        Row(bridge, log_z, "exact draws, 4 x 200", partial(bridges, independent, shifted, 3.0), LOG_Z, share=0.5),
        Row(bridge, log_z, "AR(1) of 0.8, 4 x 500", partial(bridges, correlated, shifted, 3.0), LOG_Z, share=0.5),
        Row(bridge, log_z, "AR(1) of 0.95, 4 x 100", partial(bridges, short_chains, shifted, 3.0), LOG_Z,
            is_hard=True, share=0.5),
        Row(bridge, log_z, "hills never crossed, chains in both", partial(bridges, stuck, hills, 0.0), LOG_Z,
            is_hard=True, share=0.5),
        Row(stepping_stones, log_z, "N(3, 1), 17 temperatures", of_normal[0], LOG_Z, **few),
        Row(stepping_stones, log_z, "eight schools, 16 temperatures", of_schools[0], truth, True, **steps),
        Row(thermodynamic, log_z, "N(3, 1), 17 temperatures", of_normal[1], LOG_Z, **few),
        Row(thermodynamic, log_z, "N(3, 1), 3 temperatures", of_normal[2], LOG_Z, True, **few),
        Row(thermodynamic, log_z, "eight schools, 16 temperatures", of_schools[1], truth, True, **steps),
        Row(bidirectional, bound, "N(3, 1), lower bound, 100 passes",
            partial(about_their_mean, lambda found: found.lower), share=0.5),
        Row(bidirectional, bound, "N(3, 1), upper bound, 100 passes",
            partial(about_their_mean, lambda found: found.upper), share=0.5),
        Row(bidirectional, log_z, "N(3, 1), between, 100 passes",
            partial(bounds, lambda found: found.log_evidence), LOG_Z, share=0.5),
    ]  # fmt: skip
