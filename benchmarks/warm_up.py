"""Samplers of jgen made ready for the clock: aimed at a target, warmed up once, put at many chains."""

from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.base import Drawn
from jgen.sampling.adaptation import window
from jgen.sampling.adaptation.tuning import retune
from jgen.sampling.chains import RunState
from jgen.sampling.driver import resume, sample, start
from jgen.targets import Target
from jgen.types import PyTree, Sampler

WARM_CHAINS = 32


class Warm(NamedTuple):
    """A sampler that knows its target.

    Attributes:
        sampler: As its recipe makes it.
        positions: Where its chains stand after warm-up ``[32, *event]``.
        tuning: What warm-up found; None where there is nothing to tune.
    """

    sampler: Sampler
    positions: PyTree
    tuning: Any


def warm_up(module: ModuleType, target: Target, num_warmup: int) -> Warm | None:
    """Aims a sampler at a target and warms it up; None where it does not claim the target."""
    recipe = module.recipe(target)
    if recipe is None:
        return None
    adaptation = None if recipe.target_acceptance is None else window(recipe.target_acceptance)
    run = sample(
        jax.random.key(0),
        recipe.sampler,
        num_draws=1,
        num_chains=WARM_CHAINS,
        num_warmup=num_warmup if adaptation is not None else 0,
        adaptation=adaptation,
        position=jax.tree.map(lambda leaf: jnp.stack([leaf] * WARM_CHAINS), target.start),
    )
    assert run.draws is not None
    tuning = None if adaptation is None else jax.tree.map(lambda leaf: leaf[0], run.state.states.tuning)
    return Warm(recipe.sampler, jax.tree.map(lambda leaf: leaf[:, 0], run.draws.value), tuning)


def place(warm: Warm, num_chains: int) -> RunState:
    """That many chains, where the warm ones stand and tuned as they are."""
    chosen = np.arange(num_chains) % WARM_CHAINS
    position = jax.tree.map(lambda leaf: leaf[chosen], warm.positions)
    state, _ = start(jax.random.key(1), warm.sampler, num_chains=num_chains, position=position)
    if warm.tuning is None:
        return state
    return state._replace(states=retune(state.states, **warm.tuning._asdict()))


def through_the_driver(
    sampler: Sampler, state: RunState, num_draws: int, *, num_lanes: int | None = None
) -> Drawn:
    """What a user of ``sample`` waits for: host arrays, with all that the sampler reports."""
    run = resume(state, sampler, num_draws=num_draws, num_lanes=num_lanes)
    return Drawn(run.draws, run.cost.num_grads, run.cost.num_log_densities, run.utilisation)
