"""Make feature extractors by name, for command lines."""

from collections.abc import Callable

import numpy as np
from jax.tree_util import Partial

from jgen import features
from jgen.applications.digits_classifier import train_digits_classifier
from jgen.features.dinov2 import SOURCE as OF_DINOV2
from jgen.features.extractor import Extractor
from jgen.features.inception_v3 import SOURCE as OF_INCEPTION
from jgen.types import Array, Key

COMPONENTS = 20
"""Principal components, or all if there are fewer."""
NEED_WEIGHTS = {"inception": OF_INCEPTION, "dinov2": OF_DINOV2}
"""Extractors that need a file of weights -> where to get it, and how to convert it."""
HAVE_LABELS = ("digits", "inception")
"""Extractors whose network has labels."""
Extractors = tuple[Extractor, Extractor | None]


def named_extractors(name: str, rows: np.ndarray, key: Key, weights: str | None = None) -> Extractors:
    """Make the extractor of a name, and that of the probabilities of its labels where it has labels.

    ===================== ==================================================================================
    raw                   the rows as they are
    pca                   the first 20 principal components of the given rows
    random-convolution    a network that was never trained, of images in [0, 1]
    digits                a classifier of 8 x 8 digits in [0, 1], trained now
    inception             Inception-v3, of a file of weights; its Frechet distance is the FID
    dinov2                DINOv2 of the size l, of a file of weights
    ===================== ==================================================================================

    Args:
        name: One of these.
        rows: Real rows ``[row, *event]`` to fit it to, or of the shape that it is to take.
        key: Random key of the training.
        weights: A ``.safetensors`` file, for those of ``NEED_WEIGHTS``.

    Returns:
        The extractor of features, and of probabilities or None.

    Raises:
        KeyError: For another name.
        ValueError: For rows that it does not take.
        UsageError: For weights that cannot be read; it says where to get them.

    Example:
        >>> import jax
        >>> rows = np.random.default_rng(0).normal(size=(50, 3))
        >>> extractor, labels = named_extractors("pca", rows, jax.random.key(0))
        >>> extractor.name, labels
        ('pca-3', None)
    """
    return EXTRACTORS[name](rows, key, weights)


def _raw(*_: object) -> Extractors:
    return features.raw(), None


def _pca(rows: np.ndarray, *_: object) -> Extractors:
    flat = rows.reshape(len(rows), -1)
    rank = int(np.linalg.matrix_rank(flat - flat.mean(0)))
    return features.pca_features(rows, max(1, min(COMPONENTS, rank))), None


def _random_convolution(rows: np.ndarray, *_: object) -> Extractors:
    if rows.ndim != 4:
        raise ValueError(f"random-convolution takes images [row, height, width, channel]; got {rows.shape}")
    height, width, channels = rows.shape[1:]
    return features.random_convolution((height, width, channels)), None


def _digits(_: np.ndarray, key: Key, __: str | None) -> Extractors:
    params = train_digits_classifier(key).params
    hidden = features.digits_classifier_features(features.DigitsClassifier(), params)
    return hidden, features.from_network(
        "digits-classifier-probabilities", Partial(_probabilities), params, check=hidden.check
    )


def _probabilities(params: dict, x: Array) -> Array:
    from jgen.models import apply_of

    probabilities: Array = apply_of(features.DigitsClassifier())(params, x).probs
    return probabilities


def _inception(_: np.ndarray, __: Key, weights: str | None) -> Extractors:
    params = features.load_inception_v3(features.InceptionV3(), str(weights))
    return features.inception_features(params), features.inception_probabilities(params)


def _dinov2(_: np.ndarray, __: Key, weights: str | None) -> Extractors:
    module = features.dinov2("l")
    return features.dinov2_features(features.load_dinov2(module, str(weights)), module=module), None


EXTRACTORS: dict[str, Callable[[np.ndarray, Key, str | None], Extractors]] = {
    "raw": _raw,
    "pca": _pca,
    "random-convolution": _random_convolution,
    "digits": _digits,
    "inception": _inception,
    "dinov2": _dinov2,
}
