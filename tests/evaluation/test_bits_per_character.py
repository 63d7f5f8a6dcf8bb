"""Bits per character: exact for coins, and the same for every tokenizer."""

from importlib import import_module

import numpy as np
import pytest

from jgen.data import Characters, train_bpe
from jgen.evaluation.bits_per_character import bits_per_character
from jgen.evaluation.perplexity import perplexity
from jgen.evaluation.results import compare


def check_exact(module):
    """Fair coins cost one bit; 3 and 1 characters of probabilities 1/8 and 1/4 cost 5/4."""
    coins = module.bits_per_character(log_prob=-np.log(2) * np.arange(1, 9), num_characters=np.arange(1, 9))
    np.testing.assert_allclose(coins[:3], 1.0, rtol=1e-14)
    value = module.bits_per_character(log_prob=-np.log([8.0, 4.0]), texts=["abc", "é"]).value
    np.testing.assert_allclose(value, 5 / 4, rtol=1e-14)


def test_exact():
    check_exact(import_module("jgen.evaluation.bits_per_character"))


def test_one_model_of_texts_reads_the_same_by_any_tokenizer():
    texts = ["low lower", "lowest", "slow"]
    log_prob = np.array([-9.0, -7.0, -4.0])
    perplexities = [
        perplexity(
            log_prob=log_prob, num_tokens=[len(tokenizer.encode(text)) for text in texts], tokenizer=tokenizer
        )
        for tokenizer in (Characters(" elorstw"), train_bpe("low lower lowest", 258))
    ]
    assert perplexities[0].value < perplexities[1].value  # though it is the same model
    with pytest.raises(ValueError, match="different protocols"):
        compare(*perplexities)
    one = bits_per_character(log_prob=log_prob, texts=texts)
    np.testing.assert_allclose(one.value, 20 / 19 / np.log(2))
    assert compare(one, one).value == 0


def test_leaks_and_the_entropy():
    rate = float(np.log(2))
    exact = bits_per_character(
        log_prob=-rate * np.arange(1, 5), num_characters=range(1, 5), entropy_rate=rate
    )
    assert exact.flags == ()
    np.testing.assert_allclose([exact.null.value, exact.ceiling], 1)
    leak = bits_per_character(
        log_prob=-0.9 * rate * np.arange(1, 5), num_characters=range(1, 5), entropy_rate=rate
    )
    assert "leak" in leak.flags


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        ({"log_prob": [-1.0]}, "either"),
        ({"log_prob": [-1.0], "texts": ["a"], "num_characters": [1]}, "either"),
        ({"log_prob": [-1.0], "texts": [""]}, "of nothing"),
        ({"log_prob": [-1.0], "texts": "a"}, "list of strings"),
    ],
)
def test_bad_samples_are_refused(samples, words):
    with pytest.raises(ValueError, match=words):
        bits_per_character(**samples)
