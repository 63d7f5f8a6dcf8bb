"""Sums over tokens without padding, and what is refused."""

import numpy as np
import pytest

from jgen.data import Characters
from jgen.evaluation.sequence_log_probs import sum_log_probs, tokenizer_protocol


def test_padding_is_not_read():
    log_prob = np.array([[-1.0, np.nan, 5.0], [-2.0, -3.0, -np.inf]])
    sums, counts = sum_log_probs(log_prob, np.array([[1, 0, 0], [1, 1, 0]]))
    assert sums.tolist() == [-1, -5]
    assert counts.tolist() == [1, 2]
    assert sum_log_probs(np.full((2, 3), -1.0))[1].tolist() == [3, 3]


def test_sums_are_of_float64():
    """10,000 numbers of float32 whose float32 running sum is off by more than 1e-3."""
    log_prob = np.full((1, 10_000), -0.1, np.float32)
    assert abs(sum_log_probs(log_prob)[0][0] + 10_000 * float(np.float32(0.1))) < 1e-9


@pytest.mark.parametrize(
    ("log_prob", "mask", "words"),
    [
        (np.zeros(3), None, "with num_tokens"),
        (np.zeros((2, 3)), np.ones((3, 2), bool), "must both be"),
        (np.zeros((2, 3)), np.full((2, 3), 0.5), "True for tokens"),
    ],
)
def test_other_shapes_are_refused(log_prob, mask, words):
    with pytest.raises(ValueError, match=words):
        sum_log_probs(log_prob, mask)


def test_tokenizers_are_told_apart_by_their_fields():
    one, other = tokenizer_protocol(Characters("ab")), tokenizer_protocol(Characters("abc"))
    assert one["tokenizer"] == other["tokenizer"] == "Characters"
    assert one["digest"] != other["digest"]
    for wrong in ("", None, 3):
        with pytest.raises(ValueError, match="name or a tokenizer"):
            tokenizer_protocol(wrong)
