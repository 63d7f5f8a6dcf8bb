"""Check accuracy, features and saved parameters of the digits classifier."""

from pathlib import Path
from unittest.mock import Mock

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import logsumexp

from jgen.applications import digits_classifier, train_digits_classifier
from jgen.data import load
from jgen.types import NORMAL_95

KEY, STEPS = jax.random.key(0), 40


@pytest.fixture(scope="module")
def trained():
    return train_digits_classifier(KEY, num_steps=STEPS)


def images(split):
    """Return flat images and labels."""
    rows = load("digits", split)
    return rows["x"].reshape(-1, 64) / 16, rows["label"]


def forward(params, x):
    """Compute the last hidden layer and the logits in NumPy, in float64."""
    layers = [jax.tree.map(np.asarray, params[name]) for name in ("hidden_0", "hidden_1", "logits")]
    for layer in layers[:-1]:
        x = x @ layer["kernel"] + layer["bias"]
        x = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    return x, x @ layers[-1]["kernel"] + layers[-1]["bias"]


def test_accuracy_is_the_count_on_the_test_split(trained):
    x, label = images("test")
    features, logits = forward(trained.params, x)
    accuracy = trained.accuracy
    assert accuracy.n == len(label) == 360
    assert abs(accuracy.value * 360 - (logits.argmax(1) == label).sum()) < 1e-9
    for end in (accuracy.low, accuracy.high):  # Wilson's ends are 1.96 of their own errors away
        assert abs(abs(accuracy.value - end) - NORMAL_95 * np.sqrt(end * (1 - end) / 360)) < 1e-9
    x = jnp.asarray(x, jnp.float32).reshape(-1, 8, 8, 1)
    np.testing.assert_allclose(trained.features(x), features, rtol=0, atol=1e-5)
    log_probs = trained.labels(x).log_prob(jnp.asarray(label))
    truth = logits[np.arange(360), label] - logsumexp(logits, axis=1)
    np.testing.assert_allclose(log_probs, truth, rtol=0, atol=1e-4)


def test_a_key_determines_the_classifier(trained):
    jax.tree.map(np.testing.assert_array_equal, trained, train_digits_classifier(KEY, num_steps=STEPS))
    other = train_digits_classifier(jax.random.key(1), num_steps=STEPS)
    assert not np.array_equal(other.params["logits"]["kernel"], trained.params["logits"]["kernel"])


def test_saved_parameters_are_not_trained_again(trained, tmp_path, monkeypatch):
    train = Mock(return_value=trained.params)
    monkeypatch.setattr(digits_classifier, "_train", train)
    options = {"num_steps": STEPS, "directory": tmp_path}
    train_digits_classifier(KEY, **options)
    assert not (tmp_path / "digits_classifier").exists()
    options["cache"] = True
    for _ in range(2):
        jax.tree.map(np.testing.assert_array_equal, trained, train_digits_classifier(KEY, **options))
    assert train.call_count == 2
    train_digits_classifier(jax.random.key(1), **options)
    train_digits_classifier(KEY, **options | {"num_steps": STEPS + 1})
    assert train.call_count == 4
    for file in filter(Path.is_file, (tmp_path / "digits_classifier").rglob("*")):
        file.write_bytes(b"")
    with pytest.raises(ValueError, match="is damaged"):
        train_digits_classifier(KEY, **options)


@pytest.mark.slow
def test_hidden_layers_improve_on_a_linear_classifier():
    """The accuracy exceeds that of logistic regression."""
    from sklearn.linear_model import LogisticRegression

    linear = LogisticRegression(C=1.0, max_iter=1000).fit(*images("train"))
    assert train_digits_classifier(KEY).accuracy.value > linear.score(*images("test"))
