"""Data sets: the right numbers, no TensorFlow, and mistakes answered in one line."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from jgen.data import columns, data_dir, known, load
from jgen.data.__main__ import main
from jgen.errors import UsageError


def sorted_rows(x, label):
    table = np.column_stack([x, label])
    return table[np.lexsort(table.T)]


def test_iris_is_scikit_learns_row_for_row(prepared):
    from sklearn.datasets import load_iris

    truth, iris = load_iris(), load("iris", directory=prepared)
    np.testing.assert_array_equal(sorted_rows(**iris), sorted_rows(truth.data, truth.target))
    assert iris["x"].dtype == np.float64


def test_slices_part_the_rows_and_mix_the_species(prepared):
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


def foreign(folder, rows):
    """A set that somebody else prepared, with features of its own, nested and of no fixed length."""
    import tensorflow_datasets as tfds

    class Foreign(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        VERSION = tfds.core.Version("2.0.0")

        def _info(self):
            vector = tfds.features.Tensor(shape=(2,), dtype=np.float32)
            image = {"pixels": vector, "id": np.int64}
            features = {"image": image, "words": tfds.features.Sequence(np.int64)}
            return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

        def _split_generators(self, dl_manager):  # noqa: ARG002
            return {"valid": self._generate_examples()}

        def _generate_examples(self):
            yield from enumerate(rows)

    Foreign(data_dir=str(folder), file_format="array_record").download_and_prepare()
    return folder / "foreign"


def test_a_folder_of_another_builder_is_read_as_it_is(tmp_path):
    rows = [{"image": {"pixels": np.array([i, 0.5], np.float32), "id": i}, "words": [i, i]} for i in range(3)]
    found = load(foreign(tmp_path, rows), "valid")
    order = np.argsort(found["image"]["id"])
    np.testing.assert_array_equal(found["image"]["pixels"][order], [[0, 0.5], [1, 0.5], [2, 0.5]])
    np.testing.assert_array_equal(found["image"]["id"][order], [0, 1, 2])
    np.testing.assert_array_equal(found["words"][order], [[0, 0], [1, 1], [2, 2]])


def test_features_without_a_fixed_shape_are_refused(tmp_path):
    image = {"pixels": np.zeros(2, np.float32), "id": 0}
    folder = foreign(tmp_path, [{"image": image, "words": [1] * i} for i in (1, 2)])
    with pytest.raises(UsageError, match=r"'words' has no fixed shape \(\(1,\) and \(2,\)\)"):
        load(folder, "valid")
    with pytest.raises(UsageError, match=r"split .train. of foreign .it has valid"):
        load(folder)


def test_a_damaged_file_is_told(tmp_path):
    load("iris", directory=tmp_path)
    [file] = (tmp_path / "iris" / "1.0.0").glob("*.array_record*")
    for damaged in (file.read_bytes()[:-100], b""):
        file.write_bytes(damaged)
        with pytest.raises(UsageError, match=r"iris/1.0.0 cannot be read .*: delete the folder") as caught:
            load("iris", directory=tmp_path)
        assert "\n" not in str(caught.value)


FRESH = """
import sys
from jgen.data import load
assert "tensorflow_datasets" not in sys.modules  # it takes seconds, and not everyone loads data
assert load("iris")["x"].shape == (150, 4)
found = [name for name in sys.modules if name.partition(".")[0] in {"tensorflow", "sklearn", "torch"}]
assert not found, found
"""


@pytest.mark.parametrize("poison", [False, True])
def test_a_fresh_process_needs_no_tensorflow_and_no_command(poison, tmp_path):
    # a package that raises when it is imported shows that nobody even tries
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


def test_where_data_lie(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("JGEN_DATA_DIR", raising=False)
    assert data_dir() == tmp_path / "cache" / "jgen"
    monkeypatch.setenv("JGEN_DATA_DIR", str(tmp_path / "data"))
    assert data_dir() == tmp_path / "data"
    assert data_dir(tmp_path) == tmp_path


def test_the_command_line(prepared, capsys):
    main(["prepare", "iris", "--directory", str(prepared)])
    assert capsys.readouterr().out.strip() == str(prepared / "iris" / "1.0.0")
    main(["list"])
    assert capsys.readouterr().out.split() == known()
    with pytest.raises(SystemExit) as stop:
        main(["prepare", "irsi"])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert "iris" in error
    assert error.count("\n") == 1


def test_a_table_of_numbers(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("\ufeffa,label,b\n1,0,2.5\n\n3,1,-4e3\n5,1,6\n", encoding="utf-8")
    table = load(file)
    np.testing.assert_array_equal(table["x"], [[1, 2.5], [3, -4000], [5, 6]])
    np.testing.assert_array_equal(table["label"], [0, 1, 1])
    np.testing.assert_array_equal(load(str(file), "train[1:]")["x"], [[3, -4000], [5, 6]])
    file.write_text("1,2\n3,4\n")
    assert list(load(file)) == ["x"]
    np.testing.assert_array_equal(load(file)["x"], [[1, 2], [3, 4]])


def test_columns_name_x_one_by_one(prepared, tmp_path):
    for name in known():
        if names := columns(name):
            assert len(names) == load(name, directory=prepared)["x"].shape[-1]
    file = tmp_path / "rows.csv"
    file.write_text("a, b ,label\n1,2,0\n")
    assert columns(file) == ["a", "b"]
    file.write_text("1,2\n")
    assert columns(str(file)) is None
    assert columns(tmp_path) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n3\n", "line 3: 1 cells where the lines before have 2"),
        ("1,2\n3,red\n", "line 2, column 2: 'red'"),
        ("1,2\n3,nan\n", "line 2, column 2: 'nan'"),
        ("a,b\n1,\n", "line 2, column 2: ''"),
        ("a,b\n", "no rows"),
        ("", "no rows"),
    ],
)
def test_a_bad_table_is_told_where(text, words, tmp_path):
    (tmp_path / "bad.csv").write_text(text)
    with pytest.raises(UsageError, match=words):
        load(tmp_path / "bad.csv")


def test_mistakes_are_named(prepared, tmp_path):
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
