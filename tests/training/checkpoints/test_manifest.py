"""Check listing and notes of checkpoints."""

import shutil

import jax.numpy as jnp

from jgen.training import checkpoints


def test_the_newest_complete_steps_are_listed_and_restored(tmp_path):
    assert checkpoints.steps(tmp_path / "none") == []
    for step in (1, 2, 10, 11):
        state = {"x": jnp.full(2, step)}
        folder = checkpoints.save(tmp_path, state, step=step, notes={"n": step}, keep_last=3)
    shutil.copytree(folder, tmp_path / "12.orbax-checkpoint-tmp")  # what a killed save leaves behind
    assert checkpoints.steps(tmp_path) == [2, 10, 11]
    assert checkpoints.notes(tmp_path, step=10) == {"n": 10}
    like = {"x": jnp.zeros(2, int)}
    assert checkpoints.restore(tmp_path, like)["x"].tolist() == [11, 11]
    assert checkpoints.restore(tmp_path, like, step=2)["x"].tolist() == [2, 2]
    checkpoints.save(tmp_path, like, step=12)
    assert checkpoints.steps(tmp_path) == [10, 11, 12]
