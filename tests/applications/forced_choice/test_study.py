"""Making studies: pairs of each two sources, checks, refusals."""

from collections import Counter

import numpy as np
import pytest

from jgen.applications.forced_choice import make_study
from jgen.errors import UsageError
from tests.helpers.forced_choice import answer_all, image_sets


def test_each_two_sources_have_pairs(tmp_path, rng):
    sets = image_sets(rng, names=("real", "a", "b"))
    store = make_study(tmp_path / "a.sqlite", sets, num_pairs=5, num_checks=3)
    answer_all(store, "ada", lambda *_: "right")
    counts = Counter((one.first, one.second, one.is_check) for one in store.answers())
    store.close()
    assert counts == {
        **dict.fromkeys([("real", "a", False), ("real", "b", False), ("a", "b", False)], 5),
        ("real", "shuffled pixels", True): 3,
    }


@pytest.mark.parametrize(
    ("sets", "options", "words"),
    [
        ({"real": 40}, {}, "two sources or more; got real"),
        ({"real": 47, "model": 100}, {}, "real has 47 images, and the study takes 48"),
        ({"real": 100, "a": 79, "b": 90}, {}, "a has 79 images, and the study takes 80"),
        ({"real": 100, "shuffled pixels": 100}, {}, "is the name of the checks"),
    ],
)
def test_others_are_refused_before_the_file_is_made(tmp_path, sets, options, words):
    sources = {name: np.zeros((size, 2, 2, 1), np.uint8) for name, size in sets.items()}
    with pytest.raises(UsageError, match=words):
        make_study(tmp_path / "a.sqlite", sources, **options)
    assert not (tmp_path / "a.sqlite").exists()
