"""Check listing and notes of checkpoints."""

import shutil

import jax.numpy as jnp

from jgen.training import checkpoints


def test_the_newest_steps_are_listed_and_restored(tmp_path):
    assert checkpoints.steps(tmp_path / "none") == []
    for step in (1, 2, 10, 11):
        folder = checkpoints.save(
            tmp_path, {"x": jnp.full(2, step)}, step=step, notes={"n": step}, keep_last=3
        )
        assert folder.is_dir()
    assert checkpoints.steps(tmp_path) == [2, 10, 11]
    assert checkpoints.notes(tmp_path, step=10) == {"n": 10}
    like = {"x": jnp.zeros(2, int)}
    assert checkpoints.restore(tmp_path, like)["x"].tolist() == [11, 11]
    assert checkpoints.restore(tmp_path, like, step=2)["x"].tolist() == [2, 2]


def test_an_unfinished_save_is_not_listed(tmp_path):
    like = {"x": jnp.ones(2)}
    folder = checkpoints.save(tmp_path, like, step=1)
    shutil.copytree(folder, tmp_path / "2.orbax-checkpoint-tmp")  # what a killed save leaves behind
    assert checkpoints.steps(tmp_path) == [1]
    checkpoints.save(tmp_path, like, step=2)
    assert checkpoints.steps(tmp_path) == [1, 2]
