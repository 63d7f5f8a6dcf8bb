"""Warm up the samplers of jgen on a target before they are timed."""

from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.contenders import Drawn
from jgen.sampling.adaptation import window
from jgen.sampling.adaptation.tuning import set_tuning
from jgen.sampling.chains import RunState
from jgen.sampling.driver import resume, sample, start
from jgen.targets import Target
from jgen.types import PyTree, Sampler

WARM_CHAINS = 32


class Warm(NamedTuple):
    """Sampler after its warm-up on a target.

    Attributes:
        sampler: The sampler that its recipe returns.
        positions: Positions of its chains after warm-up ``[32, *event]``.
        tuning: Tuning found in warm-up; None if there is nothing to tune.
    """

    sampler: Sampler
    positions: PyTree
    tuning: Any


def warm_up(module: ModuleType, target: Target, num_warmup: int) -> Warm | None:
    """Warm up a sampler on a target; return None if it cannot sample the target."""
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


def place_chains(warm: Warm, num_chains: int) -> RunState:
    """Start this many chains at the positions and with the tuning of a warm-up."""
    chosen = np.arange(num_chains) % WARM_CHAINS
    position = jax.tree.map(lambda leaf: leaf[chosen], warm.positions)
    state, _ = start(jax.random.key(1), warm.sampler, num_chains=num_chains, position=position)
    if warm.tuning is None:
        return state
    return state._replace(states=set_tuning(state.states, **warm.tuning._asdict()))


def draw_with_driver(
    sampler: Sampler, state: RunState, num_draws: int, *, num_lanes: int | None = None
) -> Drawn:
    """Draw as ``sample`` does: arrays on the host, with all that the sampler reports."""
    run = resume(state, sampler, num_draws=num_draws, num_lanes=num_lanes)
    return Drawn(run.draws, run.cost.num_grads, run.cost.num_log_densities, run.utilisation)
