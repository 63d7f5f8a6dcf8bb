"""Check loading by name, path and split, without TensorFlow."""

import os
import subprocess
import sys

import numpy as np
import pytest

from jgen.data import load
from jgen.errors import UsageError


def test_slices_divide_the_rows_and_mix_the_species(prepared):
    whole, first, rest = (
        load("iris", split, directory=prepared) for split in ("train", "train[:80%]", "train[80%:]")
    )
    np.testing.assert_array_equal(whole["x"], np.concatenate([first["x"], rest["x"]]))
    assert len(first["x"]) == 120
    assert set(rest["label"]) == {0, 1, 2}


def test_a_prepared_folder_is_read_by_its_path(prepared):
    whole = load("iris", directory=prepared)
    for folder in (prepared / "iris", prepared / "iris" / "1.0.0"):
        np.testing.assert_array_equal(load(folder)["x"], whole["x"])


FRESH = """
import sys
from jgen.data import load
assert "tensorflow_datasets" not in sys.modules  # its import takes seconds
assert load("iris")["x"].shape == (150, 4)
found = [name for name in sys.modules if name.partition(".")[0] in {"tensorflow", "sklearn", "torch"}]
assert not found, found
"""


def test_a_fresh_process_needs_no_tensorflow_and_no_command(tmp_path):
    # a module that raises when it is imported shows any attempt
    (tmp_path / "poison").mkdir()
    (tmp_path / "poison" / "tensorflow.py").write_text("raise AssertionError('imported tensorflow')")
    program = f"import sys; sys.path.insert(0, {str(tmp_path / 'poison')!r})" + FRESH
    command = [sys.executable, "-W", "error", "-c", program]
    environment = {**os.environ, "JGEN_DATA_DIR": str(tmp_path)}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert (tmp_path / "iris" / "1.0.0" / "dataset_info.json").is_file()


TFRECORD = '{"name": "mnist", "fileFormat": "tfrecord"}'


def test_invalid_arguments_are_rejected_in_one_line(prepared, tmp_path):
    for name, content in (("set/1.0.0/dataset_info.json", TFRECORD), ("file", ""), ("one.csv", "1,2\n")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    for call, words in (
        (lambda: load("irsi"), "unknown data set 'irsi': the known ones are .*iris"),
        (lambda: load("iris", "test", directory=prepared), "split 'test' of iris .it has train"),
        (lambda: load("iris", "train[:0]", directory=prepared), "split 'train.:0.' of iris is empty"),
        (lambda: load("iris", "train[:x]", directory=prepared), "cannot read .* Error parsing split"),
        (lambda: load("iris", "train[140:160]", directory=prepared), "cannot read the split .*150 examples"),
        (lambda: load(tmp_path / "none.csv"), "cannot read .*none.csv"),
        (lambda: load(tmp_path), "not a folder that TFDS prepared"),
        (lambda: load(tmp_path / "set"), "only TensorFlow reads"),
        (lambda: load("iris", directory=tmp_path / "file"), "JGEN_DATA_DIR"),
        (lambda: load(tmp_path / "one.csv", "test"), "has no split 'test'"),
    ):
        with pytest.raises(UsageError, match=words) as caught:
            call()
        assert "\n" not in str(caught.value)
