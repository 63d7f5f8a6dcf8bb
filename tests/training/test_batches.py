"""Check batches: exact epochs, cost, uniformity, independence of chunks and devices."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy import stats

from jgen.training import init_restarts, init_state, make_train_step, shuffled, train, with_replacement
from tests.helpers.trees import equations

KEY = jax.random.key(0)
FALSE_ALARM = 1e-6


def epochs(size, batch_size, num_epochs, key=KEY):
    make_batch, steps = jax.jit(shuffled(batch_size)), range(num_epochs * (size // batch_size))
    rows = [make_batch({"row": jnp.arange(size)}, key, step)["row"] for step in steps]
    return np.asarray(rows).reshape(num_epochs, -1)


@pytest.mark.parametrize(("size", "batch_size"), [(1, 1), (2, 1), (13, 13), (13, 4), (1797, 128)])
def test_an_epoch_takes_no_row_twice_and_leaves_out_less_than_a_batch(size, batch_size):
    for epoch in epochs(size, batch_size, 2):
        assert len(set(epoch.tolist())) == len(epoch) > size - batch_size
        assert set(epoch.tolist()) <= set(range(size))


def test_each_epoch_has_an_order_of_its_own():
    first, second = epochs(1797, 128, 2)
    other = epochs(1797, 128, 1, jax.random.key(1))[0]
    for left, right in ((first, second), (first, other)):
        # rows that two random orders have at the same place are Poisson with mean 1
        assert (left == right).sum() <= stats.poisson.isf(FALSE_ALARM, 1)
        assert set(left.tolist()) != set(right.tolist())  # others sit out


def test_the_cost_of_a_batch_does_not_grow_with_the_data():
    size = 1_000_003
    data = jax.ShapeDtypeStruct((size,), jnp.float32)
    for make_batch in (shuffled(8), with_replacement(8)):
        jaxpr = jax.make_jaxpr(make_batch)(data, KEY, jnp.int32(5)).jaxpr
        outputs = [output.aval for equation in equations(jaxpr) for output in equation.outvars]
        assert max(output.size for output in outputs) < 1000


def test_rows_with_replacement_are_uniform_and_differ_between_steps():
    make_batch = jax.jit(with_replacement(50))
    rows = np.stack([make_batch(jnp.arange(50), KEY, step) for step in range(200)])
    assert stats.chisquare(np.bincount(rows.ravel(), minlength=50)).pvalue > FALSE_ALARM
    assert len(np.unique(rows, axis=0)) == 200
    assert (make_batch(jnp.arange(50), jax.random.key(1), 0) != rows[0]).any()


@pytest.mark.parametrize("make", [shuffled, with_replacement])
def test_float64_changes_no_batch(make):
    rows = jax.jit(make(8))(jnp.arange(50), KEY, 7)
    with jax.enable_x64(True):
        again = jax.jit(make(8))(np.arange(50), KEY, 7)
    np.testing.assert_array_equal(rows, again)


def test_equal_options_are_the_same_function():
    assert jax.tree.structure(shuffled(8)) == jax.tree.structure(shuffled(8))
    assert jax.tree.structure(shuffled(8)) != jax.tree.structure(shuffled(9))


SGD = optax.sgd(0.1)


def rows_seen(params, batch, key):  # noqa: ARG001
    return 0 * params.sum(), {f"row {i}": batch[i] for i in range(2)}


def test_training_uses_the_batches_of_its_key():
    step = make_train_step(rows_seen, SGD)
    state, options = init_state(KEY, jnp.zeros(1), SGD), {"make_batch": shuffled(2), "chunk_size": 4}
    metrics = train(state, step, jnp.arange(7), 6, **options).metrics
    seen = np.stack([metrics["row 0"], metrics["row 1"]], 1)  # [step, batch]
    expected = epochs(7, 2, 2, jax.random.fold_in(KEY, np.uint32(2**32 - 1)))
    np.testing.assert_array_equal(seen.reshape(2, 6), expected)
    state = init_restarts(KEY, lambda key: jax.random.normal(key, (1,)), SGD, 3)
    metrics = train(state, step, jnp.arange(7), 6, **options).metrics
    assert len(np.unique(metrics["row 0"], axis=0)) == 3


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: shuffled(0), "batch_size must be at least 1"),
        (lambda: with_replacement(-1), "batch_size must be at least 1"),
        (lambda: shuffled(9)(jnp.zeros(8), KEY, 0), "batch of 9 is larger than the data set of 8 rows"),
        (lambda: with_replacement(9)(jnp.zeros(8), KEY, 0), "larger than the data set"),
        (lambda: shuffled(1)(jnp.zeros((0, 3)), KEY, 0), "the split is empty"),
        (lambda: shuffled(1)({"x": jnp.zeros(3), "y": jnp.zeros(4)}, KEY, 0), "equally many rows"),
        (lambda: shuffled(1)(jnp.float32(3), KEY, 0), "equally many rows"),
    ],
)
def test_invalid_data_and_sizes_are_rejected(call, words):
    with pytest.raises(ValueError, match=words):
        call()
