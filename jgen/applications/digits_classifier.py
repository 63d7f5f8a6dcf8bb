"""Train a classifier of digits in seconds: features and labels of images without a download."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen.applications.cosine_adam import cosine_adam
from jgen.data import data_dir, load
from jgen.features import DigitsClassifier, penultimate
from jgen.models import apply_of, init_of
from jgen.objectives import conditional_likelihood
from jgen.training import checkpoints, init_state, make_train_step, shuffled, train
from jgen.types import Array, Key, PyTree, Result

CLASSIFIER = DigitsClassifier()
BATCH_SIZE, RATE, DECAY = 128, 3e-3, 0.3
LEVELS = 16
"""Largest grey value of the digits."""
PROTOCOL = {"data": "digits", "split": "test", "interval": "Wilson"}


class TrainedClassifier(NamedTuple):
    """Classifier of digits and its accuracy; its images are ``x [batch, 8, 8, 1]`` in [0, 1].

    Attributes:
        params: Parameters of ``DigitsClassifier()``.
        accuracy: Share of test images classified correctly, with Wilson's interval.
    """

    params: PyTree
    accuracy: Result

    @property
    def labels(self) -> Partial:
        """Return ``x -> Categorical`` over the ten digits, of ``batch_shape [batch]``."""
        return Partial(apply_of(CLASSIFIER), self.params)

    @property
    def features(self) -> Partial:
        """Return ``x -> [batch, 64]``, for a perceptual loss or a distance between sets of images."""
        return Partial(penultimate(CLASSIFIER), self.params)


def train_digits_classifier(
    key: Key, *, num_steps: int = 1000, directory: str | Path | None = None, cache: bool = False
) -> TrainedClassifier:
    r"""Train a ``DigitsClassifier`` on the training split of digits by maximum likelihood.

    The optimizer is Adam with decoupled weight decay, its rate falling to 0 along a cosine. Widths, steps and
    decay were chosen on the validation split. The test split serves only for the accuracy :math:`\hat p = k /
    n`; the 95 % interval, of the probability of a correct label, is Wilson's: the :math:`p` for which
    :math:`|\hat p - p| \le 1.96 \sqrt{p (1 - p) / n}`.

    Over 20 keys the accuracy was 0.986 to 0.994, 0.990 on average.

    Args:
        key: Random key; the same key gives the same classifier.
        num_steps: Updates, of 128 images each.
        directory: Folder of prepared data, as for ``jgen.data.load``.
        cache: Whether to save the parameters there too, and to load those of the same key, data and
            ``num_steps`` if they were saved before.

    Returns:
        The parameters, and their accuracy on the test split.

    Raises:
        UsageError: If the data cannot be written or read.
        ValueError: For fewer than 1 step, or if saved parameters are damaged.

    Example:
        >>> import tempfile, jax, jax.numpy as jnp
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     trained = train_digits_classifier(jax.random.key(0), num_steps=40, directory=directory)
        >>> x = jnp.zeros((5, 8, 8, 1))
        >>> trained.labels(x).probs.shape, trained.features(x).shape, bool(trained.accuracy.low > 0.8)
        ((5, 10), (5, 64), True)

    Reference:
        Loshchilov and Hutter (2019), "Decoupled weight decay regularization"; Wilson (1927), "Probable
        inference, the law of succession, and statistical inference".
    """
    data = _pairs("train", directory)
    init = init_of(CLASSIFIER, data[0][:1])
    if not cache:
        return _evaluate(_train(key, init, data, num_steps), directory)
    folder = data_dir(directory) / "digits_classifier" / _digest(key, data, num_steps)
    if checkpoints.steps(folder):
        params = checkpoints.restore(folder, like=jax.eval_shape(init, key))
    else:
        params = _train(key, init, data, num_steps)
        checkpoints.save(folder, params, step=num_steps)
    return _evaluate(params, directory)


def _pairs(split: str, directory: str | Path | None) -> tuple[Array, Array]:
    rows = load("digits", split, directory=directory)
    return jnp.asarray(rows["x"], jnp.float32) / LEVELS, jnp.asarray(rows["label"], jnp.int32)


def _train(key: Key, init: Partial, data: tuple[Array, Array], num_steps: int) -> PyTree:
    init_key, run_key = jax.random.split(key)
    optimizer = cosine_adam(RATE, num_steps, DECAY)
    step = make_train_step(conditional_likelihood(apply_of(CLASSIFIER)), optimizer)
    state = init_state(run_key, init(init_key), optimizer)
    return train(state, step, data, num_steps, make_batch=shuffled(BATCH_SIZE)).state.params


def _digest(key: Key, data: tuple[Array, Array], num_steps: int) -> str:
    """Hash all inputs of training."""
    settings = repr((CLASSIFIER, BATCH_SIZE, RATE, DECAY, num_steps, jax.random.key_impl(key))).encode()
    arrays = (np.asarray(array).tobytes() for array in (jax.random.key_data(key), *data))
    return hashlib.sha256(b"".join([settings, *arrays])).hexdigest()[:16]


def _evaluate(params: PyTree, directory: str | Path | None) -> TrainedClassifier:
    x, label = _pairs("test", directory)
    correct = int((apply_of(CLASSIFIER)(params, x).logits.argmax(-1) == label).sum())
    return TrainedClassifier(params, accuracy_result(correct, len(label)))


def accuracy_result(num_correct: int, num_examples: int) -> Result:
    """Return the share of correct labels with Wilson's interval of the probability of a correct one.

    Args:
        num_correct: Number of correct labels.
        num_examples: Number of independent examples.
    """
    from scipy.stats import binomtest

    ends = binomtest(num_correct, num_examples).proportion_ci(0.95, method="wilson")
    value, low, high = np.array([num_correct / num_examples, ends.low, ends.high])
    return Result(value, low, high, num_examples, "accuracy", PROTOCOL)
