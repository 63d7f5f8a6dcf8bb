"""Every sampler, aimed at the first of a few targets that it claims; and when two runs are the same."""

import jax
import numpy as np

import jgen.samplers
from jgen.targets import asia, banana, beta, hidden_markov
from jgen.testing import members

TARGET = banana()
TARGETS = (TARGET, beta(), hidden_markov(), asia())


def first_claimed(module):
    """The first of the targets that a sampler claims, and the sampler aimed at it."""
    aimed = ((target, module.recipe(target)) for target in TARGETS)
    return next((target, recipe.sampler) for target, recipe in aimed if recipe is not None)


AIMED = {name: first_claimed(module) for name, module in members(jgen.samplers, "recipe").items()}
SAMPLERS = {name: sampler for name, (_, sampler) in AIMED.items()}


def same(first, second):
    return all(
        np.array_equal(a, b, equal_nan=True)
        for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True)
    )
