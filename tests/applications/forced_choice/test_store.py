"""Studies on the disk: blind orders, one answer a trial, resumed raters, damaged files."""

import io
import sqlite3
from importlib import import_module

import numpy as np
import pytest
from PIL import Image

from jgen.applications.forced_choice import ConflictError, Store
from jgen.errors import UsageError
from tests.helpers.binomial import check_share
from tests.helpers.forced_choice import answer_all, image_sets, small_study, stored
from tests.helpers.random_keys import fresh_rng


@pytest.fixture
def store(tmp_path, rng):
    made = small_study(tmp_path / "study.sqlite", rng)
    yield made
    made.close()


def left(store, token, trial):
    del store, token, trial
    return "left"


def level_of(store, token, name):
    """Return the mean grey value of an image by its random name: below 40 for real ones, else above."""
    return np.asarray(Image.open(io.BytesIO(store.image(token, name)))).mean()


def most_real(store, token, trial):
    return "left" if level_of(store, token, trial.left) < level_of(store, token, trial.right) else "right"


def check_choices(module, path):
    """Choose real images by their pixels: in the file each answer must prefer the real one."""
    made = small_study(path, np.random.default_rng(0), num_pairs=12, num_checks=0)
    store = module.Store(path)
    answer_all(store, "ada", most_real)
    answers = store.answers()
    for one in (made, store):
        one.close()
    assert len(answers) == 12
    assert all(one.is_first and (one.first, one.second) == ("real", "model") for one in answers)


def test_choices_are_those_of_the_images_shown(tmp_path):
    check_choices(import_module("jgen.applications.forced_choice.store"), tmp_path / "study.sqlite")


def check_once(module, path):
    """Repeat answers: the same again changes nothing, another one is refused, as is one out of turn."""
    small_study(path, np.random.default_rng(0)).close()
    store = module.Store(path)
    token = store.enter("ada")
    first = store.answer(token, 0, "left", 5)
    assert first is not None
    assert (first.position, first.done) == (1, 1)
    assert store.answer(token, 0, "left", 9) == first
    for position, choice in [(0, "right"), (3, "left"), (99, "left")]:
        with pytest.raises(module.ConflictError):
            store.answer(token, position, choice, 5)
    rows = stored(path)
    store.close()
    assert rows == [(1, 0, "left")]


def test_an_answer_counts_once(tmp_path):
    check_once(import_module("jgen.applications.forced_choice.store"), tmp_path / "study.sqlite")


def test_each_rater_sees_all_pairs_once_in_an_order_of_his_own(tmp_path, store):
    for name in ("ada", "bob"):
        answer_all(store, name, left)
    pairs = {}
    for one in store.answers():
        pairs.setdefault(one.rater, []).append(one.pair)
    assert all(sorted(seen) == [1, 2, 3, 4, 5, 6] for seen in pairs.values())
    assert pairs["ada"] != pairs["bob"]  # but for a fixed seed, by which they differ
    assert sum(one.is_check for one in store.answers()) == 4
    assert len(stored(tmp_path / "study.sqlite")) == 12


def test_sides_are_even_and_tell_nothing(tmp_path):
    """Of 40 raters of 30 pairs each, real images are on the left in a half, and so at each position."""
    store = small_study(tmp_path / "a.sqlite", fresh_rng(), num_pairs=30, num_checks=0)
    trials = []
    for i in range(40):
        store.enter(str(i))
    for (is_swapped,) in store._all("SELECT is_swapped FROM trial ORDER BY rater, position"):
        trials.append(is_swapped)
    store.close()
    check_share(np.array(trials), 0.5)
    order = np.array(trials).reshape(40, 30)
    check_share(order[:, 1:] == order[:, :-1], 0.5)


def test_names_of_images_tell_nothing(store):
    """Names are 128 random bits, new ones for each trial, and one rater has no image by those of another."""
    tokens = [store.enter(name) for name in ("ada", "bob")]
    names = [name for row in store._all("SELECT left_token, right_token FROM trial") for name in row]
    assert len(set(names)) == len(names) == 24
    assert all(len(name) == 32 for name in names)
    trial = store.trial(tokens[0])
    assert store.image(tokens[0], trial.left) is not None
    assert store.image(tokens[1], trial.left) is None
    assert store.image(tokens[0], "../study.sqlite") is None


def test_a_rater_goes_on_where_he_was(tmp_path, store):
    seen = answer_all(store, "ada", left, stop=2)
    store.close()
    again = Store(tmp_path / "study.sqlite")
    assert len(answer_all(again, "ada", left)) == 4
    end = again.trial(again.enter("ada"))
    assert (end.position, end.done, end.total) == (None, 6, 6)
    assert [one.position for one in seen] == [0, 1]
    assert again.raters() == ["ada"]
    again.close()


def test_answers_are_synchronised_to_the_disk(store):
    """A write-ahead log that is synchronised at each commit: 2 is FULL."""
    assert store._all("PRAGMA journal_mode") == [("wal",)]
    assert store._all("PRAGMA synchronous") == [(2,)]


def test_an_unknown_token_has_nothing(store):
    assert store.trial("") is None
    assert store.answer("none", 0, "left", 1) is None


def test_a_failed_transaction_leaves_nothing(tmp_path, store):
    token = store.enter("ada")
    with pytest.raises(sqlite3.IntegrityError):
        store.answer(token, 0, "neither", 1)
    assert store.trial(token).done == 0
    assert store.answer(token, 0, "left", 1).done == 1
    assert len(stored(tmp_path / "study.sqlite")) == 1


def test_damaged_files_are_named(tmp_path, rng):
    (tmp_path / "text.sqlite").write_text("not a database, by any means " * 100)
    (tmp_path / "empty.sqlite").touch()  # as a process that was killed while it made the study leaves it
    for name in ("text", "empty"):
        with pytest.raises(UsageError, match=f"{name}.sqlite holds no study"):
            Store(tmp_path / f"{name}.sqlite")
    with pytest.raises(UsageError, match="there is no study"):
        Store(tmp_path / "none.sqlite")
    with pytest.raises(UsageError, match="exists"):
        small_study(tmp_path / "text.sqlite", rng)


def test_the_file_is_private(tmp_path, store):
    assert (tmp_path / "study.sqlite").stat().st_mode & 0o077 == 0
    del store


def test_conflict_is_an_error_of_its_own():
    assert not issubclass(ConflictError, ValueError)


def test_images_of_a_study_are_each_used_once(store):
    """8 images of pairs, and the two of each check: a real one and the same with its pixels shuffled."""
    images = store._all("SELECT source, png FROM image")
    assert [source for source, _ in images].count("real") == 6
    assert len({png for _, png in images}) == len(images) == 12
    assert len(image_sets(np.random.default_rng(0))["real"]) == 40
