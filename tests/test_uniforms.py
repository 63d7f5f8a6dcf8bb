"""Two uniforms of one block: each uniform, the two independent, whatever the generator."""

import secrets

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.uniforms import two_uniforms

NUM, ALARM = 200_000, 1e-7


@pytest.mark.parametrize("impl", ["threefry2x32", "rbg"])
def test_two_uniforms_fill_the_square_evenly(impl):
    """Counts on a 16 x 16 grid: a multinomial, whose chi-square has 255 degrees of freedom. Its tail beyond
    255 + 2 sqrt(255 t) + 2t, t = -log(alarm), is below the alarm (Laurent and Massart 2000)."""
    key = jax.random.key(secrets.randbits(31), impl=impl)
    u, v = map(np.asarray, two_uniforms(key, (NUM,), jnp.float32))
    assert 0 <= min(u.min(), v.min()) <= max(u.max(), v.max()) < 1
    counts = np.histogram2d(u, v, bins=16, range=[[0, 1], [0, 1]])[0]
    chi_square = ((counts - NUM / 256) ** 2).sum() / (NUM / 256)
    t = -np.log(ALARM)
    assert chi_square < 255 + 2 * np.sqrt(255 * t) + 2 * t


def test_shapes_types_and_maps():
    key = jax.random.key(0)
    u, v = two_uniforms(key, (2, 3), jnp.float32)
    assert u.shape == v.shape == (2, 3)
    mapped = jax.vmap(lambda key: two_uniforms(key, (3,), jnp.float32))(jax.random.split(key, 2))
    for row, alone in zip(mapped[1], jax.random.split(key, 2), strict=True):
        np.testing.assert_array_equal(row, two_uniforms(alone, (3,), jnp.float32)[1])


@pytest.mark.usefixtures("x64")
def test_float64_keeps_its_bits():
    u, v = two_uniforms(jax.random.key(0), (1000,), jnp.float64)
    assert u.dtype == v.dtype == jnp.float64
    assert len(np.unique(np.asarray(u) * 2**24 % 1)) > 900  # digits below those of float32
