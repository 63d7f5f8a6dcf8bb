"""Check labelled rows, and compute accuracies of trained classifiers with intervals over the test rows."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jgen.evaluation.interval_result import interval_result
from jgen.evaluation.metric import read_features, result_of
from jgen.features import Extractor
from jgen.types import Result


def read_labelled(extractor: Extractor, name: str, rows: Any) -> np.ndarray:
    """Compute features of rows, or check labels (the names that end in ``labels``): whole numbers ``[row]``.

    Raises:
        ValueError: For labels of another shape or type, or rows that are no finite numbers.
    """
    if not name.endswith("labels"):
        return read_features(extractor, name, rows)
    labels = np.asarray(rows)
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"{name} must be whole numbers [row]; got {labels.dtype} of shape {labels.shape}")
    return labels


def check_labelled(rows: Mapping[str, np.ndarray], *names: str) -> None:
    """Check that each sample has a label a row, and that all rows are of one size."""
    for name in names:
        if len(rows[name]) != len(rows[f"{name}_labels"]):
            raise ValueError(
                f"{name} has {len(rows[name])} rows and {len(rows[f'{name}_labels'])} labels: give one a row"
            )
    sizes = {name: rows[name].shape[1] for name in names}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"samples must have rows of one size; got {sizes}")


def check_training(name: str, labels: np.ndarray) -> None:
    """Check that a training set has two labels or more."""
    if len(np.unique(labels)) < 2:
        raise ValueError(f"{name} has {len(np.unique(labels))} label: a classifier needs two or more")


def accuracy_of(is_right: np.ndarray, method: str, protocol: Mapping[str, Any], null: Result) -> Result:
    r"""Compute the mean accuracy of trained classifiers, with the 95 % interval over all test rows.

    One classifier has Wilson's interval. For several, trained on different rows, it is also over their
    training sets: the variances of the means by test row and by classifier are added.

    Args:
        is_right: ``[classifier, test row]``.
        method: How it was found.
        protocol: What must agree.
        null: What a constant answer reads.
    """
    from scipy.stats import binomtest

    num_classifiers, n = is_right.shape
    value = is_right.mean()
    if num_classifiers == 1:
        ends = binomtest(int(is_right.sum()), n).proportion_ci(0.95, method="wilson")
        low, high = ends.low, ends.high
    else:
        by_row = np.append(is_right.mean(0), [0, 0, 1, 1]).var() / n  # never 0 (Agresti and Coull)
        by_classifier = is_right.mean(1).var(ddof=1) / num_classifiers
        wide = result_of(value, (by_row + by_classifier) ** 0.5, n, method, protocol)
        low, high = max(0.0, wide.low), min(1.0, wide.high)
    return interval_result(value, low, high, n, method, protocol, null=null, ceiling=1.0)


def constant_answer(labels: np.ndarray) -> Result:
    """Return what the most frequent label of the test set reads as an answer to all."""
    share = np.unique(labels, return_counts=True)[1].max() / len(labels)
    return interval_result(share, share, share, len(labels), "the most frequent label", {})
