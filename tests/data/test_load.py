"""Check loading by name, path and split, without TensorFlow."""

import json
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


@pytest.mark.parametrize("poison", [True, pytest.param(False, marks=pytest.mark.weekly)])
def test_a_fresh_process_needs_no_tensorflow_and_no_command(poison, tmp_path):
    # a package that raises when it is imported shows any attempt
    (tmp_path / "poison" / "tensorflow").mkdir(parents=True)
    (tmp_path / "poison" / "tensorflow" / "__init__.py").write_text(
        "raise AssertionError('imported tensorflow')"
    )
    program = f"import sys; sys.path[:0] = {[str(tmp_path / 'poison')] * poison}" + FRESH
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={**os.environ, "JGEN_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout + run.stderr == ""
    assert (tmp_path / "iris" / "1.0.0" / "dataset_info.json").is_file()


def test_invalid_arguments_are_rejected_in_one_line(prepared, tmp_path):
    for call, words in (
        (lambda: load("irsi"), "unknown data set 'irsi': the known ones are .*iris"),
        (lambda: load("iris", "test", directory=prepared), "split 'test' of iris .it has train"),
        (lambda: load("iris", "train[:0]", directory=prepared), "split 'train.:0.' of iris is empty"),
        (
            lambda: load("iris", "train[:x]", directory=prepared),
            "cannot read the split .* Error parsing split",
        ),
        (lambda: load("iris", "train[140:160]", directory=prepared), "cannot read the split .*150 examples"),
        (lambda: load(tmp_path / "none.csv"), "cannot read .*none.csv"),
        (lambda: load(tmp_path), "not a folder that TFDS prepared"),
    ):
        with pytest.raises(UsageError, match=words) as caught:
            call()
        assert "\n" not in str(caught.value)
    (tmp_path / "dataset_info.json").write_text(json.dumps({"name": "mnist", "fileFormat": "tfrecord"}))
    with pytest.raises(UsageError, match="only TensorFlow reads"):
        load(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="JGEN_DATA_DIR"):
        load("iris", directory=tmp_path / "file")
    (tmp_path / "one.csv").write_text("1,2\n")
    with pytest.raises(UsageError, match="has no split 'test'"):
        load(tmp_path / "one.csv", "test")
