"""Probes of features: figures on the digits, baselines in one row, draws of labels."""

import jax.numpy as jnp
import numpy as np
import pytest

from jgen.data import load
from jgen.evaluation import compare, probes, probes_metric
from jgen.features import Extractor

KNOWN = {50: (0.859, 0.865, 0.852), 200: (0.959, 0.953, 0.931)}
"""Labels -> accuracy of raw 1-NN, PCA-20 1-NN and raw logistic regression (KNOWN_ANSWERS, Probes)."""


def two_classes(rng, sizes=(60, 200)):
    found = {}
    for name, size in zip(("train", "test"), sizes, strict=True):
        labels = np.arange(size) % 2
        found[name] = rng.normal(size=(size, 2)) + 2.0 * labels[:, None]
        found[f"{name}_labels"] = labels
    return found


def check_features(metric_of):
    """Probe the features: an extractor that returns the label alone is right always."""
    rng = np.random.default_rng(0)
    given = two_classes(rng)
    for name in ("train", "test"):
        given[name] = np.column_stack(
            [given[f"{name}_labels"] * 1e-3, rng.normal(size=(len(given[name]), 9))]
        )
    found = metric_of(**given, extractor=Extractor("first", "", lambda x: 1e3 * x[:, :1]), num_labels=20)
    assert found.linear.value == found.nearest.value == 1
    assert found.raw_nearest.value < 0.75
    assert found.pca_nearest.value < 0.75
    assert found.linear.protocol["extractor"] == "first"
    assert found.pca_linear.protocol["extractor"] == "pca-20"
    assert found.linear.low < 1


def test_features_are_probed_beside_baselines():
    check_features(probes)


def test_draws_and_images(rng):
    given = two_classes(rng)
    given |= {name: given[name].reshape(-1, 2, 1, 1) for name in ("train", "test")}
    flat = Extractor("mean", "", lambda x: jnp.asarray(x).mean((1, 2)))
    found = probes(**given, extractor=flat, num_labels=10, num_draws=5)
    assert found.linear.low < found.linear.value < found.linear.high
    assert found.linear.n == 200
    reordered = {name: rows[::-1] for name, rows in given.items()}
    assert probes(**reordered, extractor=flat, num_labels=10, num_draws=5).linear.value == found.linear.value
    metric = probes_metric(num_labels=10, num_draws=5)
    influence = metric.influence(metric.accumulate(metric.empty(), **given))
    assert len(influence.raw_linear.by_sample["test"]) == 200
    with pytest.raises(ValueError, match="extractor is"):
        compare(found.linear, found.raw_linear)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"num_labels": 7}, "multiple of the 2 classes"),
        ({"num_labels": 100}, "at most 30 of each"),
        ({"num_draws": 3}, "state num_labels"),
        ({"num_components": 0}, "1 or more"),
        ({"train_labels": np.zeros(60, int)}, "1 label"),
    ],
)
def test_bad_input_is_refused(options, words, rng):
    with pytest.raises(ValueError, match=words):
        probes(**(two_classes(rng) | options))


@pytest.mark.slow
@pytest.mark.parametrize("num_labels", list(KNOWN))
def test_digits_read_the_known_accuracies(num_labels, tmp_path):
    """Over 30 choices of labels; .03 is more than five errors of either mean."""
    train, test = (load("digits", split, directory=tmp_path) for split in ("train", "test"))
    found = probes(
        train=train["x"],
        train_labels=train["label"],
        test=test["x"],
        test_labels=test["label"],
        num_labels=num_labels,
        num_draws=30,
    )
    accuracies = [float(one.value) for one in (found.raw_nearest, found.pca_nearest, found.raw_linear)]
    np.testing.assert_allclose(accuracies, KNOWN[num_labels], atol=0.03)
