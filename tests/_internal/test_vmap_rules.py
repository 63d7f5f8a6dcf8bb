"""Test shared loops and row writes under vmap against single loops and rows."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen._internal.vmap_rules import anywhere, put

NUM = 4


def climb(x):
    """Add 1 until every chain is at 5 or above; count iterations, and sum those in which it was below."""

    def body(carry):
        count, below, x = carry
        return count + 1, below + jnp.where(x < 5, count, 0), x + 1

    return jax.lax.while_loop(lambda carry: anywhere(carry[2] < 5), body, (jnp.int32(0), jnp.int32(0), x))


@pytest.mark.parametrize("how", [lambda f: f, jax.jit])
def test_loops_end_with_the_slowest_chain(how):
    starts = np.array([3, 0, 7, 4])
    count, below, x = how(jax.vmap(climb))(jnp.asarray(starts))
    steps = 5 - starts.min()
    np.testing.assert_array_equal(count, [steps] * NUM)
    np.testing.assert_array_equal(x, starts + steps)
    np.testing.assert_array_equal(below, [sum(t for t in range(steps) if s + t < 5) for s in starts])
    assert [int(jax.jit(climb)(start)[0]) for start in starts] == [2, 5, 0, 1]
    assert jax.vmap(jax.vmap(climb))(jnp.array([[3, 4], [1, 9]]))[0].tolist() == [[4, 4], [4, 4]]


def test_values_independent_of_the_chain_are_not_batched():
    equations = jax.make_jaxpr(jax.vmap(climb))(jnp.arange(NUM)).eqns
    (loop,) = (equation for equation in equations if equation.primitive.name == "while")
    assert sorted(variable.aval.shape for variable in loop.outvars) == [(), (NUM,), (NUM,)]


@pytest.mark.parametrize("batched", list(itertools.product([False, True], repeat=3)))
@pytest.mark.parametrize("event", [(), (2, 3)])
def test_rows_are_written(batched, event):
    rng = np.random.default_rng(0)
    rows, row = rng.normal(size=(NUM, 5, *event)), rng.normal(size=(NUM, *event))
    index = rng.permutation(NUM)
    arguments = [each if many else each[0] for each, many in zip((rows, index, row), batched, strict=True)]
    expected = np.array(rows if batched[0] else np.stack([rows[0]] * NUM))
    for chain in range(NUM):
        which = index[chain] if batched[1] else index[0]
        expected[chain, which] = row[chain] if batched[2] else row[0]
    if any(batched):
        found = jax.vmap(put, [0 if many else None for many in batched])(*map(jnp.asarray, arguments))
    else:
        found, expected = put(*map(jnp.asarray, arguments)), expected[0]
    np.testing.assert_array_equal(found, jnp.asarray(expected))
