"""Rows of estimates of log Z from chains, ladders of temperatures and annealing in both directions."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.tree_util import Partial
from scipy import stats

from benchmarks.intervals.chains import autoregression, two_hills
from benchmarks.intervals.row import Ends, Repeat, Row, ends_of, key_of, parts
from jgen.evaluation.evidence import bidirectional, bridge, stepping_stones, thermodynamic
from jgen.samplers import AnnealingPath, hmc, metropolis, tempering
from jgen.sampling import sample
from jgen.types import Array, DrawKind, Draws, Result, Sampler

LOG_Z = float(0.5 * np.log(2 * np.pi))
FINE, COARSE = jnp.linspace(0, 1, 17) ** 2, jnp.linspace(0, 1, 3)
NUM_PASSES = 100
EFFECTS, ERRORS = np.array([[28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18]], np.float32)


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
    betas: Array,
    sampler: Sampler,
    num_chains: int,
    num_draws: int,
    num_warmup: int,
    rng: np.random.Generator,
    repeats: int,
) -> Ends:
    """Estimate log Z by parallel tempering; a refusal counts as a flag."""
    size = num_chains * repeats
    run = sample(key_of(rng), sampler, num_chains=size, num_draws=num_draws, num_warmup=num_warmup)
    none: Any = np.float64(np.nan)
    refused = Result(none, none, none, 0, "", {}, flags=("refused",))

    def result(draws: Draws) -> Result:
        try:
            return estimate(draws, betas)
        except ValueError:
            return refused

    return ends_of(result(one) for one in parts(run.draws, num_chains))


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


def bounds(name: str, rng: np.random.Generator, repeats: int) -> Ends:
    """Anneal between N(0, 1) and N(3, 1) in both directions, and read one of the three results."""
    path, betas = AnnealingPath(dist.Normal(0.0, 1.0), shifted), jnp.linspace(0, 1, 9)
    exact = np.float32(3.0) + rng.normal(size=(repeats, NUM_PASSES)).astype(np.float32)
    found = [bidirectional(key_of(rng), path, metropolis, betas, one) for one in exact]
    return ends_of(getattr(one, name) for one in found)


def about_their_mean(name: str, rng: np.random.Generator, repeats: int) -> Ends:
    """Return bounds relative to the mean of all, whose error is that of one over the root of their number."""
    ends = bounds(name, rng, repeats)
    centre = np.mean((ends.low + ends.high) / 2)
    return ends._replace(low=ends.low - centre, high=ends.high - centre)


def rows() -> list[Row]:
    """List the rows."""
    easy = {
        "exact draws, 4 x 200": partial(autoregression, 0.0, 4, 200),
        "AR(1) of 0.8, 4 x 500": partial(autoregression, 0.8, 4, 500),
    }
    short, stuck = partial(autoregression, 0.95, 4, 100), partial(two_hills, 0.0, 4, 200, True)
    hard = {
        "AR(1) of 0.95, 4 x 100": partial(bridges, short, shifted, 3.0),
        "hills never crossed, chains in both": partial(bridges, stuck, hills, 0.0),
    }
    cubes, truth = jnp.linspace(0.0, 1.0, 16) ** 3, schools_log_z()

    def of_normal(estimate: Callable[..., Result], betas: Array) -> Repeat:
        return partial(ladder, estimate, betas, normal_ladder(betas), 8, 100, 50)

    def of_schools(estimate: Callable[..., Result]) -> Repeat:
        return partial(ladder, estimate, cubes, schools_ladder(cubes), 16, 500, 200)

    fine, coarse, schools = (
        "N(3, 1), 17 temperatures",
        "N(3, 1), 3 temperatures",
        "eight schools, 16 temperatures",
    )
    log_z, bound = "log Z", "expected log-weight"
    return [
        *(
            Row(bridge, log_z, case, partial(bridges, chains, shifted, 3.0), LOG_Z, share=0.5)
            for case, chains in easy.items()
        ),
        *(Row(bridge, log_z, case, repeat, LOG_Z, is_hard=True, share=0.5) for case, repeat in hard.items()),
        Row(stepping_stones, log_z, fine, of_normal(stepping_stones, FINE), LOG_Z, share=0.1),
        Row(stepping_stones, log_z, schools, of_schools(stepping_stones), truth, is_hard=True, share=0.02),
        Row(thermodynamic, log_z, fine, of_normal(thermodynamic, FINE), LOG_Z, share=0.1),
        Row(thermodynamic, log_z, coarse, of_normal(thermodynamic, COARSE), LOG_Z, is_hard=True, share=0.1),
        Row(thermodynamic, log_z, schools, of_schools(thermodynamic), truth, is_hard=True, share=0.02),
        *(
            Row(
                bidirectional,
                bound,
                f"N(3, 1), {name} bound, 100 passes",
                partial(about_their_mean, name),
                share=0.5,
            )
            for name in ("lower", "upper")
        ),
        Row(
            bidirectional,
            log_z,
            "N(3, 1), between, 100 passes",
            partial(bounds, "log_evidence"),
            LOG_Z,
            share=0.5,
        ),
    ]
