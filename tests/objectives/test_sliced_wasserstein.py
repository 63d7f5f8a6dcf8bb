"""Test the sliced Wasserstein distance against closed forms."""

import jax
import numpy as np
import pytest

from jgen.objectives import sliced_wasserstein
from jgen.objectives.sliced_wasserstein import transport_cost
from tests.helpers.linear_gaussian import BLIND, SCALE, SHIFT, exact_params
from tests.helpers.many_keys import assert_mean, outcomes


def shift_costs(cost_of):
    """Compute the costs ``[key, draw]`` of a transport by SHIFT, along one line a key."""
    y = np.random.default_rng(3).normal(size=(7, 2))
    keys = jax.random.split(jax.random.key(0), 4000)
    return jax.jit(jax.vmap(lambda key: cost_of(key, y + SHIFT, y, 1)))(keys)


def check_shift(cost_of):
    """Check that a shift costs its square over the dimension, for each draw, in float64."""
    with jax.enable_x64(True):
        assert_mean(shift_costs(cost_of), SHIFT @ SHIFT / 2)


def test_a_shift_costs_its_square_over_the_dimension():
    check_shift(transport_cost)


@pytest.mark.usefixtures("x64")
def test_draws_on_a_line_are_transported_in_order():
    x, y = np.array([[3.0], [1.0], [2.0]]), np.array([[10.0], [-1.0], [4.0]])  # to 10, -1 and 4

    def loss(x):
        cost = transport_cost(jax.random.key(0), x, y, 3)
        return cost.mean(), cost

    (_, cost), gradient = jax.jit(jax.value_and_grad(loss, has_aux=True))(x)
    np.testing.assert_allclose(cost, [49.0, 4.0, 4.0], rtol=1e-12)
    np.testing.assert_allclose(gradient[:, 0], 2 * np.array([3 - 10, 1 + 1, 2 - 4]) / 3, rtol=1e-12)


@pytest.mark.usefixtures("x64")
def test_the_mean_distance_of_samples_is_that_of_order_statistics():
    r"""Codes along a line are N(m, s^2) and draws N(0, 1), and :math:`E m^2 = |d|^2 / 2` over all lines.

    With U and V the order statistics of three of N(0, 1) each, independent,
    :math:`E (m + s U_i - V_i)^2 = m^2 + s^2 + 1 - 2 s (E U_i)^2` averaged over i, where the mean of the
    :math:`(E U_i)^2` is :math:`\tfrac23 (3 / 2 \sqrt\pi)^2 = 3 / 2 \pi`.
    """
    loss, aux = outcomes(sliced_wasserstein(BLIND, 4), exact_params(), np.zeros((3, 6)))
    assert_mean(loss, SHIFT @ SHIFT / 2 + SCALE**2 + 1 - 2 * SCALE * 3 / (2 * np.pi))
    np.testing.assert_allclose(aux["transport_cost"].mean(1), loss, rtol=1e-12)
