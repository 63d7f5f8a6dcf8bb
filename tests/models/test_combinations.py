"""Model x objective x head x prior: what should work together takes three steps, all of it from one table.

A row says which parts its objective trains. After three steps of the shipped train step all parameters are
finite, every part that should learn has moved, and every part that should not is where it was.
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jgen.training import init_state, make_train_step
from tests.helpers.combined_models import TABLE
from tests.helpers.marking import some_in_ci
from tests.helpers.model_parts import random_params

OPTIMIZER = optax.sgd(0.01)
QUICK = {
    *("vae-elbo-vamp-flow", "vae-iwae-mixture", "autoencoder-mmd", "wasserstein_gan-delta"),
    "autoencoder-perceptual-digits_classifier",
}
"""One of each kind; the default suite has time for no more."""


def by_part(params):
    """The parts of a model or of a game, those without parameters left out."""
    flat = params.get("model", params) | ({"critic": params["critic"]} if "critic" in params else {})
    return {part: leaves for part, leaves in flat.items() if jax.tree.leaves(leaves)}


@pytest.mark.usefixtures("unoptimised")
@pytest.mark.parametrize("name", some_in_ci(TABLE, 3, QUICK))
def test_three_steps(name):
    row = TABLE[name]
    objective, init = row.make()
    params = random_params(init)
    step = jax.jit(make_train_step(objective, OPTIMIZER))
    state = init_state(jax.random.key(0), params, OPTIMIZER)
    for _ in range(3):
        before, (state, aux) = state, step(state, row.data)
        gradients = jax.tree.map(lambda old, new: (old - new) / 0.01, before.params, state.params)
        assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves((gradients, aux)))
    moved = {
        part: max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(leaves))
        for part, leaves in by_part(gradients).items()
    }
    assert {part for part, size in moved.items() if size > 0} == (row.learns or set(moved))


def test_the_table_is_long_enough_and_everyone_is_in_it():
    """Sixty sensible combinations or more; a quick row that was renamed would be run by nobody."""
    assert len(TABLE) >= 60
    assert set(TABLE) >= QUICK
