"""Compare chains of a sampler, named on the command line, run alone, among others and on several devices.

Eight virtual devices and float64 are set once per process, so this is a separate program. It prints one JSON
object: kind of target -> setting of the run -> largest difference of positions, and of positions, weights
and info.
"""

import json
import os
import sys

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=8"
os.environ["JAX_ENABLE_X64"] = "1"

import jax
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from jgen.sampling.driver import resume, start
from jgen.targets import asia, banana, hidden_markov, normal_from_laplace, standard_gaussian, three_modes
from jgen.testing.sampler_checks.target_draws import positions, select_index
from tests.helpers.gaps import largest_difference
from tests.helpers.members import SAMPLERS

TARGETS = {
    "elementwise": (normal_from_laplace, banana),  # no sum whose order XLA may choose
    "any": (standard_gaussian, three_modes, hidden_markov, asia),
}
NUM_DRAWS = 6


def placed(sampler, target, num_chains, first_chain=0):
    key = jax.random.key(20)
    options = {"num_chains": num_chains, "position": positions(target, num_chains)}
    return start(key, sampler, first_chain=first_chain, **options)[0]


def over_devices(state):
    """Return the same state with one chain on each of eight devices."""
    mesh = jax.make_mesh((8,), ("chain",), axis_types=(AxisType.Auto,))
    by_chain, whole = (NamedSharding(mesh, PartitionSpec(*axes)) for axes in (("chain",), ()))
    return jax.tree.map(lambda leaf: jax.device_put(leaf, by_chain if leaf.ndim else whole), state)


def first_claimed(name, makers):
    """Return the first target for which a sampler has a recipe, and the sampler; None if there is none."""
    aimed = ((target, SAMPLERS[name].recipe(target)) for target in (make() for make in makers))
    return next(((target, recipe.sampler) for target, recipe in aimed if recipe is not None), None)


def differences(target, sampler):
    """Return setting -> largest difference of positions, and of positions, weights and info."""
    state = placed(sampler, target, 8)
    eight = resume(state, sampler, num_draws=NUM_DRAWS).draws

    def go_on(state, **options):
        return resume(state, sampler, num_draws=NUM_DRAWS, **options).draws

    half = resume(state, sampler, num_draws=NUM_DRAWS // 2)
    rest = resume(half.state, sampler, num_draws=NUM_DRAWS // 2).draws
    spread = resume(over_devices(state), sampler, num_draws=NUM_DRAWS)
    assert len(spread.state.keys.devices()) == 8
    found = {
        "alone": (go_on(placed(sampler, target, 1, 3)), select_index(eight, slice(3, 4))),
        "among 256": (select_index(go_on(placed(sampler, target, 256)), slice(8)), eight),
        "in chunks": (go_on(state, chunk_size=4), eight),
        "resumed": (jax.tree.map(lambda a, b: np.concatenate([a, b], 1), half.draws, rest), eight),
        "over eight devices": (spread.draws, eight),
    }
    return {
        company: (largest_difference(ours.value, theirs.value), largest_difference(ours, theirs))
        for company, (ours, theirs) in found.items()
    }


def main(name):
    aimed = {kind: first_claimed(name, makers) for kind, makers in TARGETS.items()}
    print(json.dumps({kind: differences(*pair) for kind, pair in aimed.items() if pair is not None}))


if __name__ == "__main__":
    main(sys.argv[1])
