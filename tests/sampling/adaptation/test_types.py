"""Check every adaptation of every sampler in each type of positions, with 64-bit types on and off.

Programs are traced, not compiled: a loop whose carry changes its type fails there.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.samplers import ghmc, hmc, jittered_hmc
from jgen.sampling import chains
from jgen.sampling.adaptation import chees, fisher, low_rank, meads, step_size, window
from tests.helpers.marking import first_of_each
from tests.helpers.members import SAMPLERS

KEY, NUM_CHAINS = jax.random.key(0), 8
GENERAL = {
    "step_size": step_size(),
    "window": window(),
    "dense window": window(dense=True),
    "fisher": fisher(),
    "low_rank": low_rank(rank=1, num_rows=4),
}
OWN = {"chees": (jittered_hmc, chees()), "meads": (ghmc, meads())}
X64 = [False, True]


def log_density(x):
    return -0.5 * jnp.sum((x - jnp.arange(3.0)) ** 2)


def trace(make, adaptation, dtype):
    """Trace the start, the warm-up and the draws of a run."""
    sampler = make(log_density)
    numbers, position = np.arange(NUM_CHAINS, dtype=np.uint32), jnp.zeros((NUM_CHAINS, 3), dtype)
    state = chains.place.shapes(sampler, KEY, numbers, position)
    adapted, states = chains._adaptation_init.shapes(adaptation, state.states)
    state = state._replace(states=states)
    _, after, _ = chains._warm_chunk.shapes(sampler, adaptation, adapted, state, 0, 10, 200)
    assert jax.tree.map(lambda leaf: leaf.dtype, after) == jax.tree.map(lambda leaf: leaf.dtype, state)
    draws = chains.draws_shapes(sampler, after)
    assert draws.value.dtype == dtype


def kernels():
    """Return the makers of all samplers with a tuning that a log density alone makes."""
    found = {}
    for name, module in SAMPLERS.items():
        make = getattr(module, name)
        try:
            sampler = make(log_density)
            state = jax.eval_shape(sampler.init, KEY, jnp.zeros(3))
            draws = jax.eval_shape(sampler.step, KEY, state)[1]
        except (TypeError, AttributeError):  # it needs more: a proposal, a path, data
            continue
        if hasattr(state, "tuning") and "acceptance_rate" in draws.info:
            found[name] = make
    return found


KERNELS = kernels()


def test_the_kernels_are_found():
    assert {"hmc", "nuts", "mala", "metropolis", "barker", "slice_sampler", "adjusted_mclmc"} <= set(KERNELS)


@pytest.mark.parametrize("x64", X64)
@pytest.mark.parametrize("adaptation", first_of_each([*OWN, *GENERAL], rest="slow"))
def test_types_of_positions_are_kept_through_warm_up(adaptation, x64):
    for name, make in (
        KERNELS.items() if adaptation in GENERAL else [(adaptation, OWN.get(adaptation, (hmc,))[0])]
    ):
        uses_gradients = adaptation in ("fisher", "low_rank")
        if uses_gradients and name in ("metropolis", "slice_sampler"):
            continue
        made = GENERAL.get(adaptation) or OWN[adaptation][1]
        with jax.enable_x64(x64):
            for dtype in (jnp.float32, *([jnp.float64] * x64)):
                trace(make, made, dtype)
            for dtype in (jnp.bfloat16, jnp.float16):
                with pytest.raises(TypeError, match=r"give position.astype\(jnp.float32\)"):
                    trace(make, made, dtype)
