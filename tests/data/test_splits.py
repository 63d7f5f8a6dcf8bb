"""Check that missing splits are disjoint parts of the training split."""

import numpy as np
import pytest

from jgen.data import load, prepare, splits
from tests.helpers.published_files import MAKERS, assert_holds, place_by_hand


@pytest.mark.parametrize("name", ["mnist", "dsprites", "binarized_mnist"])
def test_missing_splits_are_disjoint_parts_of_train(name, tmp_path, monkeypatch, rng):
    contents, truth = MAKERS[name](rng)
    place_by_hand(monkeypatch, name, contents, tmp_path)
    prepare(name, tmp_path)
    parts = splits(name, directory=tmp_path)
    assert list(parts) == ["train", "validation", "test"]
    found = {role: load(name, split, directory=tmp_path) for role, split in parts.items()}
    for role in set(parts) & set(truth) - {"train"}:
        assert_holds(found.pop(role), truth[role])
    whole = {k: np.concatenate([part[k] for part in found.values()]) for k in found["train"]}
    assert_holds(whole, truth["train"])
    assert len(found["train"]["x"]) > 2 * sum(len(found[role]["x"]) for role in found if role != "train")
