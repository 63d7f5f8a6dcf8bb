"""Make the classifiers by which metrics tell samples apart, by scikit-learn."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

Classifier = Callable[[np.ndarray], Any]
"""Function of the training rows ``[row, dim]`` that returns an untrained classifier: ``fit``, ``predict`` and
``predict_proba``. Its name is part of the protocol."""


def linear(x: np.ndarray) -> Any:
    """Return logistic regression on features divided by one number, their root mean variance."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    standardise = partial(_scaled, centre=x.mean(0), scale=x.var(0).mean() ** 0.5 or 1.0)
    return make_pipeline(FunctionTransformer(standardise), LogisticRegression(max_iter=500))


def _scaled(x: np.ndarray, centre: np.ndarray, scale: float) -> np.ndarray:
    return (x - centre) / scale


def logistic(_: np.ndarray) -> Any:
    """Return logistic regression on standardised features (penalty 1 / 2 |w|^2)."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))


def quadratic(_: np.ndarray) -> Any:
    """Return logistic regression on standardised features and their squares."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    squares = FunctionTransformer(_with_squares)
    return make_pipeline(StandardScaler(), squares, StandardScaler(), LogisticRegression(max_iter=500))


def _with_squares(x: np.ndarray) -> np.ndarray:
    return np.hstack([x, x**2])


def neighbours(x: np.ndarray) -> Any:
    """Return the vote of the nearest sqrt(n) rows, by Euclidean distance of the features as they are."""
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(max(1, round(len(x) ** 0.5)))


def nearest(_: np.ndarray) -> Any:
    """Return the label of the nearest row, by Euclidean distance of the features as they are."""
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(1)


def mlp(_: np.ndarray) -> Any:
    """Return a network of two hidden layers of 64 units on standardised features, stopped early."""
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    network = MLPClassifier((64, 64), early_stopping=True, max_iter=200, random_state=0)
    return make_pipeline(StandardScaler(), network)


def fitted(classifier: Classifier, x: np.ndarray, labels: np.ndarray) -> Any:
    """Return a classifier trained on rows ``[row, dim]`` and labels ``[row]``."""
    return classifier(x).fit(x, labels)


def name_of(classifier: Classifier) -> str:
    """Return the name of a classifier for a protocol.

    Raises:
        TypeError: If it is no function with a name.
    """
    if not callable(classifier) or not hasattr(classifier, "__name__"):
        raise TypeError(
            "a classifier is a named function of the training rows [row, dim] that returns an untrained "
            f"scikit-learn classifier, such as those of classification.classifiers; got {classifier!r}"
        )
    return classifier.__name__
