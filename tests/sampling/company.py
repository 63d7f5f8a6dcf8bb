"""Run as a program with a sampler's name: how far its chains are from themselves in other company.

It needs eight virtual devices and float64, which a process chooses once; so it is one of its own, and prints
one JSON object: in what company -> the largest difference of any number drawn or told.
"""

import json
import os
import sys

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=8"
os.environ["JAX_ENABLE_X64"] = "1"

import jax
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec

import jgen.samplers
from jgen.laws.base import positions
from jgen.sampling import resume, start
from jgen.targets import asia, banana, beta, hidden_markov, standard_gaussian, three_modes
from jgen.testing import members

TARGETS = [make() for make in (standard_gaussian, banana, beta, asia, hidden_markov, three_modes)]
NUM_DRAWS = 6


def placed(sampler, target, num_chains, first_chain=0):
    key = jax.random.key(20)
    options = {"num_chains": num_chains, "position": positions(target, num_chains)}
    return start(key, sampler, first_chain=first_chain, **options)[0]


def over_devices(state):
    """The same state, a chain on each of the eight devices."""
    mesh = jax.make_mesh((8,), ("chain",), axis_types=(AxisType.Auto,))
    by_chain, whole = (NamedSharding(mesh, PartitionSpec(*axes)) for axes in (("chain",), ()))
    return jax.tree.map(lambda leaf: jax.device_put(leaf, by_chain if leaf.ndim else whole), state)


def largest_difference(draws, expected):
    """Of any number; NaN and infinities must stand where they stood."""
    largest = 0.0
    for ours, theirs in zip(jax.tree.leaves(draws), jax.tree.leaves(expected), strict=True):
        unequal = (ours != theirs) & ~((ours != ours) & (theirs != theirs))
        if unequal.any():
            largest = max(largest, float(np.abs(ours.astype(float) - theirs.astype(float))[unequal].max()))
    return largest


def main(name):
    recipes = ((target, members(jgen.samplers, "recipe")[name].recipe(target)) for target in TARGETS)
    target, sampler = next((target, recipe.sampler) for target, recipe in recipes if recipe is not None)
    state = placed(sampler, target, 8)
    eight = resume(state, sampler, num_draws=NUM_DRAWS).draws

    def chains(draws, which):
        return jax.tree.map(lambda leaf: leaf[which], draws)

    def go_on(state, **options):
        return resume(state, sampler, num_draws=NUM_DRAWS, **options).draws

    half = resume(state, sampler, num_draws=NUM_DRAWS // 2)
    rest = resume(half.state, sampler, num_draws=NUM_DRAWS // 2).draws
    spread = resume(over_devices(state), sampler, num_draws=NUM_DRAWS)
    assert len(spread.state.keys.devices()) == 8
    found = {
        "alone": (go_on(placed(sampler, target, 1, 3)), chains(eight, slice(3, 4))),
        "among 256": (chains(go_on(placed(sampler, target, 256)), slice(8)), eight),
        "in chunks": (go_on(state, chunk_size=4), eight),
        "resumed": (jax.tree.map(lambda a, b: np.concatenate([a, b], 1), half.draws, rest), eight),
        "over eight devices": (spread.draws, eight),
    }
    print(json.dumps({company: largest_difference(*pair) for company, pair in found.items()}))


if __name__ == "__main__":
    main(sys.argv[1])
