"""Check that relabelling undoes random permutations of components."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.models import relabel_components


def test_permuted_components_are_restored_to_one_order(rng):
    """Three components twenty standard deviations apart; their spreads differ a hundredfold by part."""
    centres = np.array([[0.0, 0.0], [20.0, 0.0], [0.0, 0.2]])
    draws = centres[None] + rng.normal(size=(500, 3, 2)) * np.array([1.0, 0.01])
    orders = np.argsort(rng.uniform(size=(500, 3)), axis=1)
    shuffled = np.take_along_axis(draws, orders[:, :, None], axis=1)
    found = relabel_components(jnp.asarray(shuffled, jnp.float32))
    np.testing.assert_array_equal(found, jnp.asarray(draws[:, orders[0]], jnp.float32))


def test_too_many_components_are_rejected():
    with pytest.raises(ValueError, match="more than 7"):
        jax.eval_shape(relabel_components, jnp.zeros((2, 8, 1)))


def test_orders_do_not_depend_on_the_unit_and_exist_for_finite_draws_only():
    draws = np.float32([[[-2.0], [2.0]], [[2.1], [-1.9]], [[-2.2], [1.8]]])
    for scale in (2.0**-60, 2.0**60):
        np.testing.assert_array_equal(relabel_components(scale * draws), scale * relabel_components(draws))
    with pytest.raises(ValueError, match="NaN or infinite"):
        relabel_components(np.where(draws == 1.8, np.nan, draws))
