"""NUTS on many chains: all together, waiting for the longest trajectory, and over lanes at their own pace."""

import importlib
from functools import partial
from typing import Any

import jax

from benchmarks.base import in_turn
from benchmarks.warm_base import place, through_the_driver, warm_up
from jgen.samplers import nuts
from jgen.sampling.chains import RunState, start
from jgen.targets import breast_cancer, funnel
from jgen.testing.sampler_checks.target_draws import exact_draws
from jgen.types import Sampler

SHARES = (1, 4, 16)
"""Chains a lane."""
TOGETHER_DRAWS, LANES_DRAWS = 16, 100
"""Draws a call: few where each costs as much as the longest; over lanes enough to make the end short."""


def lanes_rows(seconds: float, num_chains: int, num_warmup: int) -> list[dict[str, Any]]:
    """Utilisation and time of NUTS on Neal's funnel and on the breast-cancer regression.

    Args:
        seconds: Budget of each row.
        num_chains: Chains, and the largest number of lanes.
        num_warmup: Warm-up steps on the regression; on the funnel the step size is 0.2, from exact draws.

    Returns:
        A row for each number of lanes, None for all chains together. ``utilisation`` is useful over executed
        gradients, ``together_ratio`` the time per useful gradient over that of all together.
    """
    rows = []
    for name, at_rest in (
        ("funnel", funnel_at_rest(num_chains)),
        ("breast_cancer", regression_at_rest(num_chains, num_warmup)),
    ):
        lanes = [None, *dict.fromkeys(max(1, num_chains // share) for share in SHARES)]
        calls = {
            str(num): partial(
                through_the_driver, *at_rest, LANES_DRAWS if num else TOGETHER_DRAWS, num_lanes=num
            )
            for num in lanes
        }
        timed = in_turn(calls, seconds)
        drawn = {way: call() for way, call in calls.items()}
        together = timed["None"], drawn["None"].num_grads
        for num, way in zip(lanes, calls, strict=True):
            num_grads = drawn[way].num_grads
            rows.append(
                {
                    "target": name,
                    "chains": num_chains,
                    "lanes": num,
                    "utilisation": drawn[way].utilisation,
                    "us_per_evaluation": 1e6 * timed[way].median / num_grads,
                    "together_ratio": timed[way].ratio(together[0]) * together[1] / num_grads,
                    "compile_seconds": timed[way].compile_seconds,
                }
            )
    return rows


def funnel_at_rest(num_chains: int) -> tuple[Sampler, RunState]:
    """From exact draws, with a step small enough for the neck: some trajectory is nearly always long."""
    target = funnel()
    sampler = nuts(target.log_density, step_size=0.2)
    position = exact_draws(jax.random.key(0), target, num_chains)
    return sampler, start(jax.random.key(1), sampler, num_chains=num_chains, position=position)[0]


def regression_at_rest(num_chains: int, num_warmup: int) -> tuple[Sampler, RunState]:
    """Warmed up; its trajectories are of much the same length."""
    warm = warm_up(importlib.import_module("jgen.samplers.mcmc.nuts"), breast_cancer(), num_warmup)
    assert warm is not None
    return warm.sampler, place(warm, num_chains)
