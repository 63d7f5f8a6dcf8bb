"""Sources whose law is known: the data follow it, and the functions that state it are right."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import norm

from jgen.data import load
from jgen.data.datasets.markov import entropy, entropy_rate, log_prob, stationary, transition
from jgen.data.datasets.ring import log_prob as ring_log_prob
from jgen.data.fixed_hash import mixed, parted, uniform

FALSE_ALARM = 1e-9
"""Of one comparison; the data are fixed, so it is the chance that their maker was unlucky."""


def z_of(comparisons):
    """How many standard errors so many normal errors stay within, together."""
    return norm.isf(FALSE_ALARM / (2 * comparisons))


def test_the_hash_is_splitmix64():
    # the published C program's output from the seed 1234567
    seed, golden = 1234567, 0x9E3779B97F4A7C15
    state, numbers = seed, []
    for _ in range(5):
        state = (state + golden) % 2**64
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) % 2**64
        numbers.append(z ^ (z >> 31))
    assert numbers[:2] == [6457827717110365317, 3203168211198807973]
    assert [int(n) for n in mixed(np.arange(3))] == [
        0xE220A8397B1DCDAF,
        0x6E789E6AA1B965F4,
        0x06C45D188009454F,
    ]


def test_uniforms_are_uniform_and_streams_apart():
    n = 1 << 16
    streams = np.stack([uniform(np.arange(n), stream) for stream in range(3)])
    assert streams.min() > 0
    assert streams.max() < 1
    widest = np.sqrt(np.log(2 * 3 / FALSE_ALARM) / (2 * n))  # Dvoretzky, Kiefer, Wolfowitz
    assert np.abs(np.sort(streams) - (np.arange(n) + 0.5) / n).max() < widest
    normal = norm.ppf(streams)
    together = np.concatenate([normal, normal[:, 1:], normal[:, :1]], 1)[:, : n + 1]
    pairs = [normal[0] @ normal[1], normal[0] @ normal[2], *(row[1:] @ row[:-1] for row in together)]
    assert np.abs(pairs).max() < z_of(len(pairs)) * np.sqrt(n)


def test_parts_are_a_partition():
    parts = parted(1000, {"validation": 100, "test": 200})
    assert {name: len(part) for name, part in parts.items()} == {"train": 700, "validation": 100, "test": 200}
    np.testing.assert_array_equal(np.sort(np.concatenate(list(parts.values()))), np.arange(1000))


def test_the_chain_is_stationary_and_its_entropy_the_limit_of_blocks():
    pi, p = stationary(), transition()
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-14)
    np.testing.assert_allclose(pi @ p, pi, rtol=1e-13)
    values, vectors = np.linalg.eig(p.T)
    second_way = np.real(vectors[:, np.argmax(np.real(values))])
    np.testing.assert_allclose(pi, second_way / second_way.sum(), rtol=1e-12)
    every = np.stack(np.meshgrid(*3 * [np.arange(16)], indexing="ij"), -1).reshape(-1, 3)
    for length in (1, 2, 3):  # all 16^3 windows, by counting
        windows = np.unique(every[:, :length], axis=0)
        probability = np.exp(log_prob(windows))
        np.testing.assert_allclose(probability.sum(), 1, rtol=1e-13)
        np.testing.assert_allclose(-probability @ np.log(probability), entropy(length), rtol=1e-13)
    np.testing.assert_allclose(entropy(3) - entropy(2), entropy_rate(), rtol=1e-13)


def test_windows_follow_the_chain(prepared):
    for split in ("train", "validation", "test"):
        x = load("markov", split, directory=prepared)["x"]
        rates = log_prob(x)
        assert abs(rates.mean() + entropy()) < z_of(1) * rates.std() / np.sqrt(len(x))
        for t in (0, 63):  # one symbol of each window: independent of those of others
            share = np.bincount(x[:, t], minlength=16) / len(x)
            error = np.sqrt(stationary() * (1 - stationary()) / len(x))
            assert (np.abs(share - stationary()) < z_of(16) * error + 1 / len(x)).all()
    x = load("markov", directory=prepared)["x"]
    pairs = np.zeros((16, 16))
    np.add.at(pairs, (x[:, :-1].ravel(), x[:, 1:].ravel()), 1)
    expected = pairs.sum(1, keepdims=True) * transition()  # steps from one symbol are independent
    assert (np.abs(pairs - expected) < z_of(256) * np.sqrt(expected) + z_of(256) ** 2).all()


@pytest.mark.usefixtures("x64")
def test_the_ring_is_drawn_from_its_density(prepared):
    for split in ("train", "validation", "test"):
        ring = load("ring", split, directory=prepared)
        x, label = ring["x"].astype(float), ring["label"]
        angle = 2 * np.pi * (1 + np.arange(8)) / 8
        means = 3 * np.stack([np.cos(angle), np.sin(angle)], 1)
        counts = np.bincount(label, minlength=8)
        assert np.abs(counts - len(x) / 8).max() < z_of(8) * np.sqrt(len(x) * 7 / 64)
        apart = (x - means[label]) / 0.3
        widest = np.sqrt(np.log(2 * 4 / FALSE_ALARM) / (2 * len(x)))
        ranks = (np.arange(len(x)) + 0.5) / len(x)
        for normal in (*apart.T, (apart @ [1, 1]) / np.sqrt(2), (apart @ [1, -1]) / np.sqrt(2)):
            assert np.abs(norm.cdf(np.sort(normal)) - ranks).max() < widest
        density = np.exp(-0.5 * ((x[:, None] - means) / 0.3) ** 2).prod(-1).mean(1) / (2 * np.pi * 0.09)
        found = jax.jit(ring_log_prob)(jnp.asarray(x[:512]))
        np.testing.assert_allclose(found, np.log(density[:512]), rtol=1e-10)
