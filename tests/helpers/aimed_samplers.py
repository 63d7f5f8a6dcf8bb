"""Make every sampler for a cheap target, and compare runs."""

import jax
import numpy as np

from tests.helpers.members import SAMPLERS as MODULES, first_claimed, recipe_of, target_of

TARGET = target_of("banana")
AIMED = {name: target_of(first_claimed(name)) for name in MODULES}
SAMPLERS = {name: recipe_of(name, first_claimed(name)).sampler for name in MODULES}


def same(first, second):
    return all(
        np.array_equal(a, b, equal_nan=True)
        for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True)
    )
