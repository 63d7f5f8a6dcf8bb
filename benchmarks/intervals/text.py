"""Rows of metrics of texts: perplexity, scores of pairs, repetition, clustered histograms."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np

from benchmarks.intervals.row import Ends, Row, ends_of
from jgen.data.datasets import markov
from jgen.evaluation import (
    bits_per_character,
    bleu,
    chrf,
    distinct,
    frontier_integral,
    mauve,
    perplexity,
    rouge,
    self_bleu,
)
from jgen.features import raw
from jgen.types import Result

Read = Callable[[np.random.Generator], Result]
PAIRS = 100


def windows(rng: np.random.Generator, size: int, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw windows of the Markov source ``[window, longest]``, and a mask of their random lengths."""
    below = markov.transition().cumsum(1)[:, :-1]
    symbols = [(markov.stationary().cumsum()[:-1] < rng.random((size, 1))).sum(1)]
    while len(symbols) < longest:
        symbols.append((below[symbols[-1]] < rng.random((size, 1))).sum(1))
    return np.stack(symbols, 1), np.arange(longest) < rng.integers(2, longest + 1, size=(size, 1))


def markov_log_probs(share: float, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw log-probabilities by the source mixed with even symbols, of all but the first of each window."""
    x, mask = windows(rng, size, 24)
    log_model = np.log((1 - share) * markov.transition() + share / markov.SYMBOLS)
    return log_model[x[:, :-1], x[:, 1:]], mask[:, 1:]


def mixed_nats(share: float) -> float:
    """Compute the expected nats per symbol of the mixed model."""
    log_model = np.log((1 - share) * markov.transition() + share / markov.SYMBOLS)
    return float(-np.sum(markov.stationary()[:, None] * markov.transition() * log_model))


def of_tokens(share: float, size: int, rng: np.random.Generator) -> Result:
    """Estimate the perplexity of a mixed model on the Markov source."""
    log_prob, mask = markov_log_probs(share, size, rng)
    return perplexity(log_prob=log_prob, mask=mask, tokenizer="symbols")


def of_characters(share: float, size: int, rng: np.random.Generator) -> Result:
    """Estimate its bits per character."""
    log_prob, mask = markov_log_probs(share, size, rng)
    return bits_per_character(log_prob=np.where(mask, log_prob, 0).sum(1), num_characters=mask.sum(1))


def sentences(size: int, rng: np.random.Generator) -> dict[str, Any]:
    """Draw sentences of 4 to 20 of 60 words, and hypotheses in which words are replaced or left out."""
    real, generated = [], []
    for _ in range(size):
        numbers = rng.integers(60, size=rng.integers(4, 21))
        kept = numbers[rng.random(len(numbers)) > 0.1]
        other = np.where(rng.random(len(kept)) < rng.uniform(0, 0.4), rng.integers(60, size=len(kept)), kept)
        real.append(" ".join(f"w{number}" for number in numbers))
        generated.append(" ".join(f"w{number}" for number in other))
    return {"real": real, "generated": generated}


def of_pairs(metric: Callable[..., Any], size: int, rng: np.random.Generator) -> Result:
    """Estimate a score of pairs; of several its last."""
    result = metric(**sentences(size, rng))
    return result if isinstance(result, Result) else result[-1]


@cache
def truth_of_pairs(metric: Callable[..., Any]) -> float:
    """Estimate the score of very many pairs."""
    return float(of_pairs(metric, 60_000, np.random.default_rng(123)).value)


def even_words(kinds: int, size: int, length: int, rng: np.random.Generator) -> Result:
    """Estimate distinct-1 of even words."""
    numbers = rng.integers(kinds, size=(size, length))
    texts = [" ".join(f"w{number}" for number in row) for row in numbers]
    return distinct(generated=texts, vocabulary_size=kinds)


def repeating(size: int, rng: np.random.Generator) -> Result:
    """Estimate the self-BLEU of texts of 8 words."""
    numbers = rng.choice(40, size=(size, 8), p=np.arange(1, 41) / 820)
    texts = [" ".join(f"w{number}" for number in row) for row in numbers]
    return self_bleu(real=texts[:1], generated=texts)


def planar(metric: Callable[..., Any], shift: float, size: int, rng: np.random.Generator) -> Result:
    """Estimate a divergence of histograms of two normal samples; of several results the first."""
    samples = {"real": rng.normal(size=(size, 2)), "generated": rng.normal(size=(size, 2)) + shift}
    result = metric(**samples, extractor=raw(), num_seeds=2)
    return result if isinstance(result, Result) else result[0]


def around(read: Read, truth: Callable[[], float], rng: np.random.Generator, repeats: int) -> Ends:
    """Repeat an estimate; the ends are moved by what it should cover, which is found only then."""
    ends = ends_of(read(rng) for _ in range(repeats))
    return Ends(ends.low - truth(), ends.high - truth(), ends.flagged)


def around_mean(read: Read, rng: np.random.Generator, repeats: int) -> Ends:
    """Repeat an estimate of its own expectation, which is the mean of all repeats."""
    results = [read(rng) for _ in range(repeats)]
    ends, mean = ends_of(results), np.mean([float(result.value) for result in results])
    return Ends(ends.low - mean, ends.high - mean, ends.flagged)


def rows() -> list[Row]:
    """List the rows."""
    found = []
    metric: Callable[..., Any]
    for share, size in ((0.3, 100), (0.3, 20), (0.0, 100)):
        case = f"{size} Markov windows, {share:.0%} even symbols"
        nats = mixed_nats(share)
        for metric, read, truth in (
            (perplexity, of_tokens, float(np.exp(nats))),
            (bits_per_character, of_characters, float(nats / np.log(2))),
        ):
            read_now = partial(read, share, size)
            repeat = partial(around, read_now, partial(float, truth))
            of = "perplexity of the distribution" if metric is perplexity else "value of the distribution"
            found.append(Row(metric, of, case, repeat))
    for metric, of in (
        (bleu, "BLEU of the distribution"),
        (chrf, "chrF of the distribution"),
        (rouge, "expectation"),
    ):
        repeat = partial(around, partial(of_pairs, metric, PAIRS), partial(truth_of_pairs, metric))
        found.append(Row(metric, of, f"{PAIRS} sentences with words replaced", repeat))
    at_this_size = "expectation at these sizes"
    for kinds, size, length in ((300, 120, 4), (1000, 50, 10)):
        read = partial(even_words, kinds, size, length)
        case = f"{size} texts of {length} of {kinds} words"
        found.append(Row(distinct, at_this_size, case, partial(around_mean, read)))
    repeat = partial(around_mean, partial(repeating, 60))
    found.append(
        Row(
            self_bleu,
            "expectation at this number",
            "60 texts of 8 of 40 words",
            repeat,
            is_bound=True,
            share=0.25,
        )
    )
    for metric in (mauve, frontier_integral):
        for shift in (0.0, 0.5):
            read = partial(planar, metric, shift, 100)
            case = f"100 and 100 normals, {shift} apart" if shift else "100 and 100 normals, one distribution"
            repeat = partial(around_mean, read)
            found.append(
                Row(metric, f"{at_this_size} and bins", case, repeat, is_bound=shift == 0, share=0.5)
            )
    return found
