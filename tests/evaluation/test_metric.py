"""Metrics of kept rows: what they refuse, how states merge, also those of two processes."""

import json

import numpy as np
import pytest

from jgen.evaluation import evaluate, keep_rows
from jgen.evaluation.metric import beyond_resolution, result_of
from jgen.features import Extractor
from tests.helpers import merged_metrics
from tests.helpers.processes import finish, free_port, start


def size_of(rows):
    return result_of(float(len(rows["real"])), 0.0, len(rows["generated"]), "size", {})


METRIC = keep_rows(size_of)


@pytest.mark.slow
def test_states_of_two_processes_are_those_of_one(tmp_path):
    port = free_port()
    finish(*(start(merged_metrics, tmp_path, rank, 2, port) for rank in range(2)))
    found = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2)]
    first, second = (merged_metrics.rows_of(rank) for rank in range(2))
    whole = {name: np.concatenate([first[name], second[name]]) for name in first}
    expected = merged_metrics.first_rows(whole)
    assert found[0] == found[1] == [float(expected.value), expected.n, expected.protocol]


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ({"real": np.ones((3, 2))}, "no row of generated"),
        ({}, "no row of real and generated"),
        ({"real": np.ones((3, 2)), "generated": np.ones((3, 4))}, "rows of one size"),
        ({"real": np.ones((0, 2)), "generated": np.ones((3, 2))}, "one or more"),
        ({"real": np.ones((3, 2), complex), "generated": np.ones((3, 2))}, "must be real numbers"),
        ({"real": 1.0, "generated": np.ones((3, 2))}, "one or more"),
        (
            {"real": np.array([[0, 255]], np.uint8), "generated": np.array([[0.5, 1.0]])},
            "images in two units",
        ),
        ({"real": np.array([[0.5, 1.0]]), "generated": np.array([[3.0, 16.0]])}, "images in two units"),
        ({"real": [["a"]], "generated": np.ones((3, 1))}, "must be real numbers"),
    ],
)
def test_what_cannot_be_compared_is_refused(samples, message):
    with pytest.raises(ValueError, match=message):
        evaluate(METRIC, **samples)


def test_bits_and_counts_are_compared():
    assert evaluate(METRIC, real=[[0.0, 1.0]], generated=[[3.0, 7.0]]).value == 1
    assert evaluate(METRIC, real=[[0.5, 0.9]], generated=[[-3.0, 7.0]]).value == 1


def test_batches_of_other_sizes_are_refused():
    state = METRIC.accumulate(METRIC.empty(), real=np.ones((3, 2)))
    with pytest.raises(ValueError, match=r"rows of real are \(3,\), and were \(2,\) before"):
        METRIC.accumulate(state, real=np.ones((3, 3)))


def test_an_accumulated_state_is_not_changed():
    state = METRIC.accumulate(METRIC.empty(), real=np.ones((3, 2)), generated=np.ones((1, 2)))
    METRIC.accumulate(state, real=np.ones((2, 2)))
    assert METRIC.compute(state).value == 3


def test_an_extractor_is_applied_to_each_batch_and_named():
    seen = []

    def halves(x):
        seen.append(x.shape)
        return x[:, :1] / 2

    metric = keep_rows(
        lambda rows: result_of(rows["real"].sum(), 0.0, 1, "sum", {}), extractor=Extractor("half", "", halves)
    )
    assert evaluate(metric, real=np.ones((300, 2)), generated=np.ones((1, 2))).value == 150
    assert set(seen) == {(256, 2)}  # every batch is padded to the same size


def test_an_unknown_error_is_flagged():
    assert result_of(1.0, np.nan, 1, "one row", {}).flags == ("the standard error is not known",)


def test_the_word_can_be_looked_for():
    result = beyond_resolution(result_of(1.0, 0.1, 9, "precision", {}), "it reads the same for other samples")
    assert "beyond_resolution" in result.flags
