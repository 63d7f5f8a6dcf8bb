"""Test that bits are the published ones, and JAX's; and that uniforms of a block are independent."""

import secrets

import jax
import jax.extend.random
import jax.numpy as jnp
import numpy as np
import pytest

from jgen._internal.threefry import fold_in, step_uniforms, threefry, two_uniforms, written_out
from tests.helpers.marking import first_of_each

NUM, ALARM = 200_000, 1e-7
EPS = float(np.finfo(np.float32).eps)
KNOWN = [  # key, counter, words: Random123's kat_vectors, threefry2x32 with 20 rounds
    ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
]


def check_even(*columns, bins):
    """Check counts on a grid: a multinomial, whose chi-square has k degrees of freedom, cells less one. Its
    tail beyond k + 2 sqrt(k t) + 2t, t = -log(alarm), is below the alarm (Laurent and Massart 2000)."""
    counts = np.histogramdd(np.stack(columns, 1), bins=bins, range=[(0, 1)] * len(bins))[0]
    expected = len(columns[0]) / counts.size
    chi_square = ((counts - expected) ** 2).sum() / expected
    t, dof = -np.log(ALARM), counts.size - 1
    assert chi_square < dof + 2 * np.sqrt(dof * t) + 2 * t


@pytest.mark.parametrize(("key", "counter", "words"), KNOWN)
def test_blocks_are_the_published_vectors(key, counter, words):
    found = threefry(tuple(map(jnp.uint32, key)), tuple(map(jnp.uint32, counter)))
    assert tuple(map(int, found)) == words


def test_blocks_are_those_of_jax():
    bits = jax.random.bits(jax.random.key(secrets.randbits(31)), (4, 1000), jnp.uint32)
    ours = threefry((bits[0], bits[1]), (bits[2], bits[3]))
    theirs = jax.extend.random.threefry2x32_p.bind(*bits)
    np.testing.assert_array_equal(jnp.stack(ours), jnp.stack(theirs))


@pytest.mark.parametrize("impl", ["threefry2x32", "rbg"])
def test_folding_in_is_that_of_jax_and_keys_of_other_generators_are_returned(impl):
    key = jax.random.key(secrets.randbits(31), impl=impl)
    for number in (0, 7, 2**31 - 1, jnp.int32(-1), jnp.uint32(4_000_000_000)):
        assert fold_in(key, number) == jax.random.fold_in(key, number)
    assert (written_out(key) is key) == (impl == "rbg")


DRAWN = {
    "integers": lambda key: jax.random.randint(key, (11,), 0, 100),
    "bytes": lambda key: jax.random.bits(key, (5,), "uint8"),
    "words of 64 bits": lambda key: jax.random.bits(key, (5,), "uint64"),
    "uniforms": lambda key: jax.random.uniform(key, (7, 3)),
    "bfloat16": lambda key: jax.random.uniform(key, (5,), jnp.bfloat16),
    "float64": lambda key: jax.random.uniform(key, (5,), jnp.float64),
    "permutation": lambda key: jax.random.permutation(key, 10),
    "split in two axes": lambda key: jax.random.bits(jax.random.split(key, (3, 2))[2, 1]),
    "folded": lambda key: jax.random.bits(jax.random.fold_in(key, 2**31)),
    "mapped": lambda key: jax.vmap(jax.random.bits)(jax.random.split(key, 4)),
}


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_unrolled_rounds_give_the_same_bits(x64):  # noqa: ARG001
    """Also of uniforms, which are made of bits by exact operations."""

    def draw(key):
        return {name: sample(key) for name, sample in DRAWN.items()}

    key = jax.random.key(secrets.randbits(31))
    expected, found, compiled = draw(key), draw(written_out(key)), jax.jit(draw)(written_out(key))
    for name in DRAWN:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)
        np.testing.assert_array_equal(compiled[name], expected[name], err_msg=name)


def test_unrolled_rounds_give_the_same_normals():
    """The inverse error function of the same uniforms, in two programs: each is right to a few ulp of its
    result, and of 1 where a uniform is near the middle."""
    key = jax.random.key(secrets.randbits(31))
    found, expected = (jax.random.normal(each, (1000,)) for each in (written_out(key), key))
    np.testing.assert_allclose(found, expected, rtol=8 * EPS, atol=8 * EPS)


@pytest.mark.parametrize("impl", first_of_each(["threefry2x32", "rbg"]))
def test_two_uniforms_are_uniform_on_the_square(impl):
    key = jax.random.key(secrets.randbits(31), impl=impl)
    u, v = map(np.asarray, two_uniforms(key, (NUM,), jnp.float32))
    assert 0 <= min(u.min(), v.min()) <= max(u.max(), v.max()) < 1
    check_even(u, v, bins=(16, 16))


@pytest.mark.parametrize("impl", first_of_each(["threefry2x32", "rbg"]))
def test_coins_and_uniforms_are_fair_and_independent_between_steps(impl):
    key = jax.random.key(secrets.randbits(31), impl=impl)
    draw = jax.jit(jax.vmap(lambda step: step_uniforms(key, step, jnp.float32)))
    heads, u, v = map(np.asarray, draw(jnp.arange(NUM)))
    assert 0 <= min(u.min(), v.min()) <= max(u.max(), v.max()) < 1
    check_even(heads, u, v, bins=(2, 8, 8))
    check_even(heads[:-1], heads[1:], u[:-1], u[1:], bins=(2, 2, 8, 8))
    check_even(u[:-1], v[1:], bins=(16, 16))


def test_shapes_types_and_maps():
    key = jax.random.key(0)
    assert [u.shape for u in two_uniforms(key, (2, 3), jnp.float32)] == [(2, 3), (2, 3)]
    mapped = jax.vmap(lambda key: two_uniforms(key, (3,), jnp.float32))(jax.random.split(key, 2))
    for row, alone in zip(mapped[1], jax.random.split(key, 2), strict=True):
        np.testing.assert_array_equal(row, two_uniforms(alone, (3,), jnp.float32)[1])


@pytest.mark.usefixtures("x64")
def test_float64_keeps_its_bits():
    key = jax.random.key(0)
    steps = jax.vmap(lambda step: step_uniforms(key, step, jnp.float64)[1:])(jnp.arange(1000))
    for u, v in (two_uniforms(key, (1000,), jnp.float64), steps):
        assert u.dtype == v.dtype == jnp.float64
        assert len(np.unique(np.asarray(u) * 2**24 % 1)) > 900  # digits below those of float32
