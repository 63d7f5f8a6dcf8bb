"""Check that streams contain every example once per epoch and resume bit for bit."""

import json
import sys
from itertools import islice

import jax
import numpy as np
import optax
import pytest

from jgen.data import load, stream
from jgen.errors import UsageError
from jgen.training import init_state, make_train_step, train_stream

BATCH = 100
"""12 of them are an epoch of the 1,257 digits; 57 are left over."""


@pytest.fixture(scope="module")
def digits(prepared):
    pytest.importorskip("grain")

    def make(**options):
        return stream(jax.random.key(0), "digits", **{"batch_size": BATCH, "directory": prepared} | options)

    return make


@pytest.fixture(scope="module")
def three_epochs(digits):
    return list(islice(digits(), 36))


def assert_equal(batches, others):
    for batch, other in zip(batches, others, strict=True):
        for name in batch | other:
            np.testing.assert_array_equal(batch[name], other[name], strict=True)


def test_an_epoch_has_every_row_once_in_an_order_of_its_own(three_epochs, prepared):
    orders = [np.concatenate([b["row"] for b in three_epochs[i : i + 12]]) for i in (0, 12, 24)]
    train = set(load("digits", directory=prepared)["row"])
    for order in orders:
        assert len(set(order)) == len(order) == 1200
        assert set(order) < train
    assert all((orders[i] != orders[i - 1]).mean() > 0.9 for i in range(3))
    resting = [train - set(order) for order in orders]
    assert resting[0] != resting[1] != resting[2]


def test_a_batch_has_the_rows_of_the_data_set(three_epochs, prepared):
    whole = load("digits", directory=prepared)
    place = {row: i for i, row in enumerate(whole["row"].tolist())}
    for batch in three_epochs[11:13]:
        rows = [place[row] for row in batch["row"].tolist()]
        assert_equal([batch], [{name: x[rows] for name, x in whole.items()}])


@pytest.mark.parametrize("taken", [0, 1, 11, 12, 25])
def test_a_stream_resumes_from_a_saved_position(taken, digits, three_epochs):
    first = digits()
    before = list(islice(first, taken))
    written = json.dumps(first.position)  # by now much more was read ahead
    del first
    after = digits(position=json.loads(written))
    assert after.position == {"epoch": taken // 12, "index": taken % 12}
    assert_equal(before + list(islice(after, 27 - taken)), three_epochs[:27])


def first_row(params, batch, key):  # noqa: ARG001
    return 0 * params, {"row": batch["row"][0]}


def test_training_on_a_stream_resumes_at_the_step_of_the_state(digits, three_epochs):
    optimizer = optax.sgd(0.1)
    state, step = init_state(jax.random.key(0), 0.0, optimizer), make_train_step(first_row, optimizer)
    seen = []
    for num_steps in (15, 12):  # the first run stops in the second epoch
        run = train_stream(lambda t: digits(position=t), state, step, num_steps, chunk_size=5)
        state = run.state
        seen += run.metrics["row"].tolist()
    assert seen == [batch["row"][0] for batch in three_epochs[:27]]


def test_the_number_of_threads_does_not_matter(digits, three_epochs):
    assert_equal(islice(digits(num_threads=1, num_ahead=1), 14), three_epochs[:14])
    assert_equal(islice(digits(num_threads=8, num_ahead=20, position=13), 14), three_epochs[13:27])


def test_key_split_and_path_determine_the_batches(digits, three_epochs, prepared):
    other = next(stream(jax.random.key(1), "digits", batch_size=BATCH, directory=prepared))
    assert (other["row"] != three_epochs[0]["row"]).mean() > 0.9
    assert_equal([next(stream(jax.random.key(0), prepared / "digits", batch_size=BATCH))], three_epochs[:1])
    test = next(digits(split="test", batch_size=360))
    assert set(test["row"]) == set(load("digits", "test", directory=prepared)["row"])


def test_invalid_arguments_are_rejected(digits, prepared, monkeypatch):
    for options, words in (
        ({"batch_size": 1258}, "a batch of 1258 is larger than the split 'train' of digits, which has 1257"),
        ({"batch_size": 0}, "must be at least 1; got 0, 4 and 8"),
        ({"split": "dev"}, "cannot read the split 'dev' of digits .it has"),
        ({"split": "test[:0]"}, "split 'test\\[:0\\]' of digits"),
        ({"position": -1}, "0 or more; got -1"),
        ({"position": {"epoch": 0, "index": 12}}, "'index': 0 to 11.*was it that of another batch_size"),
        ({"position": {"epoch": 1}}, "position must be of this stream"),
    ):
        with pytest.raises(UsageError, match=words):
            digits(**options)
    with pytest.raises(UsageError, match=r"python -m jgen\.data prepare mnist"):
        stream(jax.random.key(0), "mnist", batch_size=2, directory=prepared / "nowhere")
    monkeypatch.setitem(sys.modules, "grain", None)
    with pytest.raises(UsageError, match=r'pip install "jgen\[stream\]"'):
        digits()
