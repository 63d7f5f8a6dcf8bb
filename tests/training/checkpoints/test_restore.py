"""Check that states are restored bit for bit, and that mismatches and damage are reported."""

import json
import os
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from jgen.training import checkpoints, init_state
from jgen.types import DrawKind, Draws
from tests.helpers.trees import assert_identical


def fresh_state():
    return init_state(jax.random.key(5), {"w": jnp.zeros(3), "b": jnp.ones(())}, optax.adamw(0.05))


def sampler_state():
    keys = jax.random.split(jax.random.key(1, impl="rbg"), 4)
    value = {"x": jax.random.normal(jax.random.key(2), (4, 2)), "n": jnp.arange(4)}
    return (keys, Draws(value, {"diverging": jnp.zeros(4, bool)}, None, DrawKind.MARKOV))


def odd_leaves():
    return {
        "bfloat16": jnp.array([1.0, jnp.nan, -jnp.inf], jnp.bfloat16),
        "nan payload": jnp.array([0x7FC12345, 0x80000000], jnp.uint32).view(jnp.float32),
        "a/b['.": [jnp.ones((0, 3)), None, ()],
        "host": np.arange(3, dtype=np.int64) + 2**40,
        "int8": jnp.array(-3, jnp.int8),
    }


STATES = [fresh_state, sampler_state, odd_leaves]


@pytest.mark.parametrize("make", STATES, ids=lambda make: make.__name__)
def test_states_are_restored_bit_for_bit(make, tmp_path):
    state = make()
    checkpoints.save(tmp_path, state, step=0)
    like = jax.tree.map(lambda leaf: leaf if isinstance(leaf, np.ndarray) else jnp.zeros_like(leaf), state)
    assert_identical(checkpoints.restore(tmp_path, like=like), state)
    if make is not odd_leaves:
        assert_identical(checkpoints.restore(tmp_path, like=jax.eval_shape(make)), state)


def test_a_state_is_restored_to_the_sharding_of_like(tmp_path):
    checkpoints.save(tmp_path, jnp.arange(4.0), step=0)
    mesh = jax.make_mesh((1,), ("data",), axis_types=(AxisType.Auto,))
    like = jax.device_put(jnp.zeros(4), NamedSharding(mesh, PartitionSpec("data")))
    restored = checkpoints.restore(tmp_path, like)
    assert restored.sharding == like.sharding
    assert restored.tolist() == [0, 1, 2, 3]


def test_mismatched_leaves_are_named(tmp_path):
    state = {"w": jnp.ones((3, 2)), "n": jnp.ones((), jnp.int32)}
    checkpoints.save(tmp_path, state, step=4)
    for change, words in (
        ({"w": jnp.ones((2, 3))}, r"\['w'\]: saved float32\[3, 2\], like float32\[2, 3\]"),
        ({"w": jnp.ones((3, 2), jnp.bfloat16)}, r"like bfloat16"),
        ({"n": jax.random.key(0)}, r"\['n'\]: saved int32\[\], like key<fry>\[\]"),
        ({"more": jnp.ones(1)}, r"\['more'\]: saved nothing"),
    ):
        with pytest.raises(ValueError, match=words):
            checkpoints.restore(tmp_path, {**state, **change})
    with pytest.raises(ValueError, match="like nothing"):
        checkpoints.restore(tmp_path, {"w": state["w"]})


def test_missing_and_foreign_checkpoints_are_reported(tmp_path):
    like = {"x": jnp.zeros(2)}
    with pytest.raises(FileNotFoundError, match="save one first"):
        checkpoints.restore(tmp_path / "none", like)
    checkpoints.save(tmp_path, like, step=3)
    with pytest.raises(FileNotFoundError, match=r"step 4 .* has steps \[3\]"):
        checkpoints.restore(tmp_path, like, step=4)
    for state, words in (({"f": "text"}, r"\['f'\]"), ({}, "the state")):
        with pytest.raises(TypeError, match=words):
            checkpoints.save(tmp_path, state, step=5)
    (tmp_path / "foreign" / "7").mkdir(parents=True)
    (tmp_path / "foreign" / "7" / "weights.bin").write_bytes(b"weights")
    with pytest.raises(ValueError, match="not a checkpoint of jgen"):
        checkpoints.restore(tmp_path / "foreign", like)
    file = tmp_path / "3" / "manifest" / "metadata"
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": "else"}))
    with pytest.raises(ValueError, match="not written by jgen"):
        checkpoints.restore(tmp_path, like)


def test_a_truncated_file_is_reported_or_harmless(tmp_path):
    state = fresh_state()
    folder = checkpoints.save(tmp_path / "good", state, step=1)
    refused = 0
    for file in sorted(path for path in folder.rglob("*") if path.stat().st_size and path.is_file()):
        copy = tmp_path / "bad"
        shutil.copytree(tmp_path / "good", copy)
        damaged = copy / file.relative_to(tmp_path / "good")
        os.truncate(damaged, damaged.stat().st_size // 2)
        try:
            assert_identical(checkpoints.restore(copy, like=state), state)
        except (ValueError, FileNotFoundError) as error:
            assert "damaged" in str(error) or "not written by jgen" in str(error), error  # noqa: PT017
            refused += 1
        shutil.rmtree(copy)
    assert refused >= 3  # the arrays, their index, the manifest
