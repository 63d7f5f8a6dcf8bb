"""Check three training steps of every combination of model, objective, head and prior."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jgen.training import init_state, make_train_step
from tests.helpers.combined_models import TABLE
from tests.helpers.marking import first_of_each
from tests.helpers.model_parts import random_params

OPTIMIZER = optax.sgd(0.01)


def kind_of(name):
    """Return vae, autoencoder or gan; None for all others."""
    kind = name.partition("-")[0]
    return kind if kind in ("vae", "autoencoder", "gan") else None


def by_part(params):
    """Return the parts of a model, and of its critic, that have parameters."""
    flat = params.get("model", params) | ({"critic": params["critic"]} if "critic" in params else {})
    return {part: leaves for part, leaves in flat.items() if jax.tree.leaves(leaves)}


@pytest.mark.usefixtures("unoptimised")
@pytest.mark.parametrize("name", first_of_each(TABLE, family=kind_of))
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


def test_the_table_has_at_least_sixty_rows():
    assert len(TABLE) >= 60
