"""Check that a step is a pure function: the same alone, compiled, vmapped and in a loop."""

import chex
import jax
import jax.numpy as jnp
import numpy as np

from jgen.samplers.reinitialize import names
from jgen.sampling.chains import place
from jgen.sampling.driver import resume
from jgen.testing.check_result import CheckFailed
from jgen.testing.requirements import require, require_close
from jgen.testing.sampler_checks.evaluation_counter import single_step, with_counter
from jgen.testing.sampler_checks.invalid_region import with_invalid_region
from jgen.testing.sampler_checks.target_draws import Make, positions, select_index
from jgen.types import Array, DrawKind, Key, PyTree, Target

NUM_CHAINS = 2
NUM_DRAWS = 32


def transform_consistency(make: Make, target: Target, key: Key) -> str:
    """Compare the driver's draws of many chains with one chain step by step, and with a repeated run.

    Draws of chains that are vmapped, in a compiled loop, equal those of a step that is traced and compiled
    alone. The state keeps its structure and its tuning, and holds the position that was returned as the
    draw. Two chains with different keys make different draws.

    Results of two compilations of one program may differ by rounding; they are compared to the square
    root of the machine epsilon, which leaves room for eight digits of rounding in float64 and none for
    another computation.

    Args:
        make: Makes the sampler.
        target: A target that the sampler claims.
        key: Any key.

    Returns:
        The largest difference, in words.

    Raises:
        CheckFailed: If one of these fails.
    """
    target = with_invalid_region(target)
    sampler = make(target, 0.125)
    placed = place(sampler, key, jnp.arange(NUM_CHAINS, dtype=jnp.uint32), positions(target, NUM_CHAINS))

    before = jax.eval_shape(lambda state: state, select_index(placed.states, 0))
    after = jax.eval_shape(sampler.step, key, select_index(placed.states, 0))[0]
    try:
        chex.assert_trees_all_equal_shapes_and_dtypes(before, after)
    except AssertionError as error:
        raise CheckFailed(
            f"the state changes its structure in a step, so it cannot be scanned:\n{before}\n{after}"
        ) from error

    run = resume(placed, sampler, num_draws=NUM_DRAWS)
    assert run.draws is not None
    message = "a step changes its tuning: adaptation goes on in sampling, where it must be off"
    require_close(tuning_in(placed.states), tuning_in(run.state.states), message, exact=True)
    message = (
        "a step differs when it is traced again, for one chain: does it read a Python value or other "
        "chains, or declare info constant that varies?"
    )
    alone = make(with_counter(target), 0.125)
    for chain in range(NUM_CHAINS):
        step_key = jax.random.fold_in(placed.keys[chain], 0)
        _, draw = single_step(alone, step_key, select_index(placed.states, chain))
        difference = require_close(select_index(run.draws, (chain, 0)), draw, message)

    again = resume(placed, sampler, num_draws=NUM_DRAWS)
    message = "the same key gives other draws: is there a hidden state?"
    require_close(again.draws, run.draws, message, exact=True)
    are_same = all(np.array_equal(leaf[0], leaf[1]) for leaf in jax.tree.leaves(run.draws.value))
    require(not are_same, f"two chains with different keys make the same {NUM_DRAWS} draws: is the key used?")

    position = getattr(run.state.states, "position", None)
    if position is not None and run.draws.kind in (DrawKind.MARKOV, DrawKind.BIASED):
        message = "the draw is not the position of the state: is it that of the step before, or not stored?"
        require_close(select_index(run.draws.value, (slice(None), -1)), position, message, exact=True)
    return f"compiled alone and in the driver: {difference}"


def tuning_in(state: PyTree) -> list[Array]:
    """List the leaves that warm-up may have adapted, wherever in the state they are."""
    leaves = jax.tree_util.tree_leaves_with_path(state)
    return [leaf for path, leaf in leaves if "tuning" in names(path)]
