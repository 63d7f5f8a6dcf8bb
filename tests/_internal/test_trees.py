"""Test selection between pytrees, and their flattening."""

import jax.numpy as jnp
import numpy as np

from jgen._internal.trees import flatten_event, select_tree


def test_a_condition_selects_along_its_own_axes():
    new, old = {"a": jnp.ones((2, 3)), "b": jnp.ones(2)}, {"a": jnp.zeros((2, 3)), "b": jnp.zeros(2)}
    chosen = select_tree(jnp.array([True, False]), new, old)
    np.testing.assert_array_equal(chosen["a"], [[1, 1, 1], [0, 0, 0]])
    np.testing.assert_array_equal(chosen["b"], [1, 0])
    assert select_tree(jnp.array(True), new, new)["a"] is new["a"]


def test_events_are_flattened_in_the_order_of_leaves():
    tree = {"b": np.full((2, 3, 2, 2), 1.0), "a": np.zeros((2, 3))}
    np.testing.assert_array_equal(flatten_event(tree, 2)[0, 0], [0, 1, 1, 1, 1])
