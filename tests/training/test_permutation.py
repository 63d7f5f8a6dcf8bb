"""Check that the permutation is a bijection and uniform over orders."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jgen.training.permutation import permuted

KEY = jax.random.key(0)
FALSE_ALARM = 1e-6


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 65, 1797])
def test_a_permutation_has_every_number_once(size):
    images = jax.jit(permuted, static_argnums=1)(jax.random.key(size), size, jnp.arange(size))
    assert sorted(images.tolist()) == list(range(size))


@pytest.mark.parametrize("size", [3, 5])
def test_all_orders_are_equally_likely(size):
    keys = jax.random.split(KEY, 24_000)
    orders = jax.jit(jax.vmap(lambda key: permuted(key, size, jnp.arange(size))))(keys)
    place = {order: i for i, order in enumerate(itertools.permutations(range(size)))}
    counts = np.bincount([place[tuple(order)] for order in np.asarray(orders).tolist()], minlength=len(place))
    assert stats.chisquare(counts).pvalue > FALSE_ALARM


def test_pairs_of_places_are_uniform_over_pairs_of_rows():
    size, keys = 37, jax.random.split(KEY, 60_000)
    images = np.asarray(jax.jit(jax.vmap(lambda key: permuted(key, size, jnp.array([4, 5]))))(keys))
    pairs = np.bincount(images[:, 0] * size + images[:, 1], minlength=size**2).reshape(size, size)
    assert np.trace(pairs) == 0
    assert stats.chisquare(pairs[~np.eye(size, dtype=bool)]).pvalue > FALSE_ALARM
