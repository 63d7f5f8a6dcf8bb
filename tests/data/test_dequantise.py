"""Check that dequantised values fill their cells, and what their density bounds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import norm

from jgen.data import binarise, dequantise, threshold
from tests.helpers.false_alarms import FALSE_ALARM


@pytest.mark.parametrize("levels", [2, 3, 17, 255, 256, 1000, 65536])
def test_integers_are_recovered_and_values_stay_below_one(levels):
    every = jnp.tile(jnp.array([0, 1, levels // 2, levels - 2, levels - 1], jnp.uint16), 20_000)
    y = dequantise(jax.random.key(0), every, levels)
    assert y.dtype == jnp.float32
    assert float(y.min()) > 0
    assert float(y.max()) < 1
    np.testing.assert_array_equal(jnp.floor(y * levels), every.astype(jnp.float32))


def test_values_fill_their_cells_uniformly():
    n = 1 << 16
    for x in (0, 255):
        u = np.sort(np.asarray(dequantise(jax.random.key(1), jnp.full(n, x), 256), float) * 256 - x)
        # Dvoretzky, Kiefer and Wolfowitz, and the step of the grid
        widest = np.sqrt(np.log(2 / FALSE_ALARM) / (2 * n)) + 2.0**-14
        assert np.abs(u - (np.arange(n) + 0.5) / n).max() < widest


def test_densities_with_the_jacobian_bound_the_log_probability():
    # y of density 2 y on [0, 1): P(x) = (2 x + 1) / L^2 exactly, and the bound is below log P(x), but near
    levels, n = 4, 1 << 14
    for x in range(levels):
        log_density = np.log(2 * np.asarray(dequantise(jax.random.key(2), jnp.full(n, x), levels), float))
        bound, error = log_density.mean() - np.log(levels), log_density.std() / np.sqrt(n)
        u = (np.arange(1 << 20) + 0.5) / (1 << 20)
        expected = np.log(2 * (x + u) / levels).mean() - np.log(levels)  # a midpoint sum, to 1e-6
        assert abs(bound - expected) < norm.isf(FALSE_ALARM) * error + 1e-6
        assert expected < np.log((2 * x + 1) / levels**2)


def test_keys_matter_and_jit_does_not():
    x, keys = jnp.arange(17).repeat(64), jax.random.split(jax.random.key(0))
    for draw in (lambda key: dequantise(key, x, 17), lambda key: binarise(key, x / 16)):
        eager = draw(keys[0])
        np.testing.assert_array_equal(eager, jax.jit(draw)(keys[0]))
        assert (eager != draw(keys[1])).mean() > 0.2


def test_invalid_values_are_rejected():
    key = jax.random.key(0)
    for call, words in (
        (lambda: dequantise(key, jnp.array([17]), 17), "from 0 to 16; got 17 to 17"),
        (lambda: dequantise(key, jnp.array([-1]), 17), "from 0 to 16"),
        (lambda: dequantise(key, jnp.array([0.5]), 17), "whole numbers"),
        (lambda: dequantise(key, jnp.array([jnp.nan]), 17), "whole numbers"),
        (lambda: dequantise(key, jnp.array([0]), 1), "levels must be"),
        (lambda: dequantise(key, jnp.array([0]), 1 << 17), "levels must be"),
        (lambda: binarise(key, jnp.array([0, 16])), "got 0 to 16: divide by the greatest"),
        (lambda: binarise(key, jnp.array([jnp.nan])), "in .0, 1."),
        (lambda: threshold(jnp.array([-0.1])), "in .0, 1."),
    ):
        with pytest.raises(ValueError, match=words):
            call()
