"""The law of purity: a step is a function of its arguments, whatever transformation it runs under."""

import jax
import jax.numpy as jnp
import numpy as np

from jgen.samplers.reinitialize import names
from jgen.sampling.chains import place
from jgen.sampling.driver import resume
from jgen.testing.check_result import CheckFailed
from jgen.testing.sampler_checks.evaluation_counter import step_alone, with_counter
from jgen.testing.sampler_checks.invalid_region import with_invalid_region
from jgen.testing.sampler_checks.target_draws import Make, lane, positions
from jgen.types import Array, DrawKind, Key, PyTree, Target

NUM_CHAINS = 2
NUM_DRAWS = 32


def transform_consistency(make: Make, target: Target, key: Key) -> None:
    """What the driver makes of many chains, one chain makes step by step; the same key repeats it.

    Draws of chains that are vmapped, in a compiled loop, equal those of a step that is traced and compiled
    alone. The state keeps its structure and its tuning, and holds the position that was handed out as the
    draw. Two chains with keys of their own part.

    Results of two compilations of one program may differ by rounding; they are compared to the square
    root of the machine epsilon, which leaves room for eight digits of rounding in float64 and none for
    another computation.

    Args:
        make: Makes the sampler.
        target: A target that the sampler claims.
        key: Any key.

    Raises:
        LawBroken: Saying which of these fails.
    """
    target = with_invalid_region(target)
    sampler = make(target, 0.125)
    begun = place(sampler, key, jnp.arange(NUM_CHAINS, dtype=jnp.uint32), positions(target, NUM_CHAINS))

    before = jax.eval_shape(lambda state: state, lane(begun.states, 0))
    after = jax.eval_shape(sampler.step, key, lane(begun.states, 0))[0]
    kept = jax.tree.structure(before) == jax.tree.structure(after)  # type: ignore[operator]
    if not kept or not all(
        old.shape == new.shape and old.dtype == new.dtype
        for old, new in zip(jax.tree.leaves(before), jax.tree.leaves(after), strict=True)
    ):
        raise CheckFailed(
            f"the state changes its structure in a step, so it cannot be scanned:\n{before}\n{after}"
        )

    run = resume(begun, sampler, num_draws=NUM_DRAWS)
    assert run.draws is not None
    message = (
        "a step differs when it is traced again, for one chain: does it look at a Python value, or at others?"
    )
    alone = make(with_counter(target), 0.125)
    for chain in range(NUM_CHAINS):
        _, draw = step_alone(alone, jax.random.fold_in(begun.keys[chain], 0), lane(begun.states, chain))
        require_equal(lane(run.draws, (chain, 0)), draw, message)

    again = resume(begun, sampler, num_draws=NUM_DRAWS)
    message = "the same key gives other draws: is there a hidden state?"
    require_equal(again.draws, run.draws, message, exact=True)
    if all(np.array_equal(leaf[0], leaf[1]) for leaf in jax.tree.leaves(run.draws.value)):
        raise CheckFailed(f"two chains with different keys make the same {NUM_DRAWS} draws: is the key used?")

    message = "a step changes its tuning: adaptation goes on in sampling, where it must be off"
    require_equal(tuning_in(begun.states), tuning_in(run.state.states), message, exact=True)
    position = getattr(run.state.states, "position", None)
    if position is not None and run.draws.kind in (DrawKind.MARKOV, DrawKind.BIASED):
        message = "the draw is not where the chain stands: is it that of the step before, or not kept?"
        require_equal(lane(run.draws.value, (slice(None), -1)), position, message, exact=True)


def tuning_in(state: PyTree) -> list[Array]:
    """All that warm-up may have learned, wherever in the state it lies."""
    leaves = jax.tree_util.tree_leaves_with_path(state)
    return [leaf for path, leaf in leaves if "tuning" in names(path)]


def require_equal(first: PyTree, second: PyTree, message: str, *, exact: bool = False) -> None:
    """Compares two pytrees leaf by leaf."""
    for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True):
        if jnp.issubdtype(a.dtype, jax.dtypes.prng_key):
            a, b = jax.random.key_data(a), jax.random.key_data(b)
        a, b = np.asarray(a), np.asarray(b)
        inexact = np.issubdtype(a.dtype, np.inexact) and not exact
        tolerance = np.finfo(a.dtype).eps ** 0.5 if inexact else 0.0
        if not np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True):
            raise CheckFailed(f"{message} ({a} against {b})")
