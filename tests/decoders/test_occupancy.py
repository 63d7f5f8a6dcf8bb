"""Test the implicit decoder on grids and points."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.decoders import Delta, Occupancy
from jgen.models.flax_functions import apply_of
from tests.helpers.decoder_params import some_params


def test_a_finer_grid_and_points_agree_with_a_coarser_grid():
    """The centre of a cell is that of its middle third; single points agree too."""
    decoder = Occupancy((2, 3, 1), hidden=(8, 8), num_frequencies=2)
    params = some_params(decoder)
    z = jnp.asarray(np.random.default_rng(1).normal(size=(3, 2)), jnp.float32)
    call = jax.jit(lambda apply, *inputs: apply(*inputs))
    coarse = call(apply_of(decoder), params, z).base_dist.logits
    fine = call(apply_of(decoder.clone(shape=(6, 9, 1))), params, z).base_dist.logits
    np.testing.assert_allclose(fine[:, 1::3, 1::3], coarse, rtol=1e-4, atol=1e-4)

    centres = jnp.array([[y, x] for y in (-0.5, 0.5) for x in (-2 / 3, 0.0, 2 / 3)])
    at_points = call(apply_of(decoder), params, z, centres)
    assert (at_points.batch_shape, at_points.event_shape) == ((3,), (6, 1))
    np.testing.assert_allclose(at_points.base_dist.logits.reshape(3, 2, 3, 1), coarse, rtol=1e-4, atol=1e-4)


def test_positions_are_read_at_every_frequency():
    """A linear network of coordinates, sines and cosines, against NumPy."""
    decoder = Occupancy((4, 1), hidden=(), num_frequencies=2)
    params = some_params(decoder)
    logits = np.asarray(apply_of(decoder)(params, jnp.zeros((1, 2))).base_dist.logits)[0, :, 0]
    p = np.array([-0.75, -0.25, 0.25, 0.75])
    waves = np.stack([p, *(wave(k * np.pi * p) for wave in (np.sin, np.cos) for k in (1, 2))], -1)
    dense = params["Dense_0"]
    np.testing.assert_allclose(logits, (waves @ dense["kernel"])[:, 0] + dense["bias"], rtol=1e-4, atol=1e-5)


def test_points_with_other_axes_are_refused():
    decoder = Occupancy((4, 4, 1), Delta(), hidden=(3,))
    with pytest.raises(ValueError, match=r"points \[point, 2\], got an array of shape \(5, 3\)"):
        decoder.apply({"params": some_params(decoder)}, jnp.zeros((1, 2)), jnp.zeros((5, 3)))
