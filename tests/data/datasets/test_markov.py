"""Check the chain and its exact entropies, and that the data follow it."""

import numpy as np

from jgen.data import load
from jgen.data.datasets.markov import entropy, entropy_rate, log_prob, stationary, transition
from tests.helpers.false_alarms import z_of


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
