"""Metrics of log-probabilities of texts, against NumPy in float64."""

import numpy as np

from jgen import evaluation
from tests.fuzz.evaluation import interval, require
from tests.helpers.fuzz import Row

NUM_TOKENS = np.arange(1.0, 31.0)
LARGEST = 1e300
"""Perplexities above it, which overflow, count as equal."""


def check(log_prob):
    require(log_prob.shape == NUM_TOKENS.shape)
    require(~np.isnan(log_prob) & (log_prob <= 1e-3))


def ratio(log_prob):
    check(log_prob)
    value = -log_prob.sum() / NUM_TOKENS.sum()
    ends = interval(value - (log_prob + value * NUM_TOKENS) / NUM_TOKENS.mean())
    return np.array([value, *ends[1:]])


def sums(log_prob):
    require(log_prob.ndim == 2)
    with np.errstate(invalid="ignore"):
        return log_prob.sum(1)


def perplexity(log_prob):
    return evaluation.perplexity(log_prob=log_prob, num_tokens=NUM_TOKENS, tokenizer="a")[:3]


ROWS = {
    "evaluation.sum_log_probs": Row(
        lambda log_prob: evaluation.sum_log_probs(log_prob)[0],
        sums,
        lambda rng: {"log_prob": -rng.exponential(size=(6, 5))},
        is_wide=True,
    ),
    "evaluation.bits_per_character": Row(
        lambda log_prob: tuple(
            evaluation.bits_per_character(log_prob=log_prob, num_characters=NUM_TOKENS)[:3]
        ),
        lambda log_prob: tuple(ratio(log_prob) / np.log(2)),
        lambda rng: {"log_prob": -NUM_TOKENS * rng.exponential(size=30)},
        is_wide=True,
    ),
    "evaluation.perplexity": Row(
        lambda log_prob: tuple(np.log(np.minimum(perplexity(log_prob), LARGEST))),
        lambda log_prob: tuple(np.minimum(ratio(log_prob), np.log(LARGEST))),
        lambda rng: {"log_prob": -NUM_TOKENS * rng.exponential(size=30)},
        is_wide=True,
        least_unit=1.0,
    ),
}
