"""Compare times of NUTS with many chains in lockstep, as slow as the longest trajectory, and over lanes."""

import importlib
from functools import partial
from typing import Any

import jax

from benchmarks.timing import time_in_rounds
from benchmarks.warm_up import draw_with_driver, place_chains, warm_up
from jgen.samplers import nuts
from jgen.sampling.chains import RunState, start
from jgen.targets import breast_cancer, funnel
from jgen.testing.sampler_checks.target_draws import exact_draws
from jgen.types import Sampler

SHARES = (1, 4, 16)
"""Chains per lane."""
LOCKSTEP_DRAWS, LANES_DRAWS = 16, 100
"""Draws per call: few in lockstep, more over lanes, so that the idle time at the end is short."""


def lanes_rows(seconds: float, num_chains: int, num_warmup: int) -> list[dict[str, Any]]:
    """Measure utilisation and time of NUTS on Neal's funnel and on the breast-cancer regression.

    Args:
        seconds: Budget of each row.
        num_chains: Chains, and the largest number of lanes.
        num_warmup: Warm-up steps on the regression; on the funnel the step size is 0.2, from exact draws.

    Returns:
        A row for each number of lanes, None for lockstep. ``utilisation`` is useful over executed gradients,
        ``lockstep_ratio`` the time per useful gradient over that in lockstep.
    """
    rows = []
    for name, start_point in (
        ("funnel", start_funnel(num_chains)),
        ("breast_cancer", start_regression(num_chains, num_warmup)),
    ):
        lanes = [None, *dict.fromkeys(max(1, num_chains // share) for share in SHARES)]
        calls = {
            str(num): partial(
                draw_with_driver, *start_point, LANES_DRAWS if num else LOCKSTEP_DRAWS, num_lanes=num
            )
            for num in lanes
        }
        timed = time_in_rounds(calls, seconds)
        drawn = {key: call() for key, call in calls.items()}
        for num, key in zip(lanes, calls, strict=True):
            num_grads = drawn[key].num_grads
            relative = timed[key].ratio(timed["None"])
            rows.append(
                {
                    "target": name,
                    "chains": num_chains,
                    "lanes": num,
                    "utilisation": drawn[key].utilisation,
                    "us_per_evaluation": 1e6 * timed[key].median / num_grads,
                    "lockstep_ratio": relative * drawn["None"].num_grads / num_grads,
                    "compile_seconds": timed[key].compile_seconds,
                }
            )
    return rows


def start_funnel(num_chains: int) -> tuple[Sampler, RunState]:
    """Start from exact draws, with a step small enough for the neck, where trajectories are long."""
    target = funnel()
    sampler = nuts(target.log_density, step_size=0.2)
    position = exact_draws(jax.random.key(0), target, num_chains)
    return sampler, start(jax.random.key(1), sampler, num_chains=num_chains, position=position)[0]


def start_regression(num_chains: int, num_warmup: int) -> tuple[Sampler, RunState]:
    """Start after a warm-up; all trajectories have a similar length."""
    warm = warm_up(importlib.import_module("jgen.samplers.mcmc.nuts"), breast_cancer(), num_warmup)
    assert warm is not None
    return warm.sampler, place_chains(warm, num_chains)
