"""Check reading folders of other builders, and damaged files."""

import numpy as np
import pytest

from jgen.data import load
from jgen.errors import UsageError


def foreign(folder, rows):
    """Prepare a set with a builder of another package: nested features, one without fixed length."""
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


def test_a_folder_of_another_builder_keeps_its_features(tmp_path):
    rows = [{"image": {"pixels": np.array([i, 0.5], np.float32), "id": i}, "words": [i, i]} for i in range(3)]
    found = load(foreign(tmp_path, rows), "valid")
    order = np.argsort(found["image"]["id"])
    np.testing.assert_array_equal(found["image"]["pixels"][order], [[0, 0.5], [1, 0.5], [2, 0.5]])
    np.testing.assert_array_equal(found["image"]["id"][order], [0, 1, 2])
    np.testing.assert_array_equal(found["words"][order], [[0, 0], [1, 1], [2, 2]])


def test_features_without_a_fixed_shape_are_rejected(tmp_path):
    image = {"pixels": np.zeros(2, np.float32), "id": 0}
    folder = foreign(tmp_path, [{"image": image, "words": [1] * i} for i in (1, 2)])
    with pytest.raises(UsageError, match=r"'words' has no fixed shape \(\(1,\) and \(2,\)\)"):
        load(folder, "valid")
    with pytest.raises(UsageError, match=r"split .train. of foreign .it has valid"):
        load(folder)


def test_a_damaged_file_is_reported(tmp_path):
    load("iris", directory=tmp_path)
    [file] = (tmp_path / "iris" / "1.0.0").glob("*.array_record*")
    for damaged in (file.read_bytes()[:-100], b""):
        file.write_bytes(damaged)
        with pytest.raises(UsageError, match=r"iris/1.0.0 cannot be read .*: delete the folder") as caught:
            load("iris", directory=tmp_path)
        assert "\n" not in str(caught.value)
