"""Probe features by simple classifiers, beside raw pixels and principal components."""

from typing import Any, NamedTuple

import numpy as np
from jax.tree_util import Partial
from jax.typing import ArrayLike

from jgen.evaluation.classification.classifiers import fitted, linear, nearest
from jgen.evaluation.classification.label_accuracy import (
    accuracy_of,
    check_labelled,
    check_training,
    constant_answer,
    read_labelled,
)
from jgen.evaluation.distances.pairwise_distances import canonical_order
from jgen.evaluation.metric import Rows, evaluate, keep_rows, read_features
from jgen.evaluation.recipe import MetricRecipe
from jgen.features import Extractor, raw
from jgen.types import Influence, Metric, Result

NAMES = ("train", "train_labels", "test", "test_labels")
CLASSIFIERS = {"linear": linear, "nearest": nearest}


class Probes(NamedTuple):
    """Accuracies of two probes on three representations of the same rows.

    Attributes:
        linear: Logistic regression on the features.
        nearest: Nearest neighbour by the features.
        raw_linear: Logistic regression on the rows as they are.
        raw_nearest: Nearest neighbour of the rows as they are.
        pca_linear: Logistic regression on their principal components.
        pca_nearest: Nearest neighbour by their principal components.
    """

    linear: Result
    nearest: Result
    raw_linear: Result
    raw_nearest: Result
    pca_linear: Result
    pca_nearest: Result


def probes(
    *,
    train: ArrayLike,
    train_labels: ArrayLike,
    test: ArrayLike,
    test_labels: ArrayLike,
    num_labels: int | None = None,
    num_draws: int = 1,
    num_components: int = 20,
    seed: int = 0,
    extractor: Extractor | None = None,
) -> Probes:
    """Compute the accuracy of linear and nearest-neighbour probes of features, raw rows and PCA.

    A representation helps if its probes are above those of raw rows and principal components with the same
    labels. Principal components are of all training rows, without their labels. The intervals are of the
    accuracy over all test rows, and over the choice of labels where there are several draws.

    Args:
        train: Training rows ``[n, *event]``.
        train_labels: Whole numbers ``[n]``.
        test: Test rows ``[t, *event]``.
        test_labels: ``[t]``.
        num_labels: Training rows whose labels are used, as many a class; None for all rows.
        num_draws: Number of random choices of them, over which accuracies are averaged.
        num_components: Principal components, or as many as there are.
        seed: Of the choice.
        extractor: Function from examples to features; None for the rows themselves.

    Returns:
        Six accuracies, whose null is the most frequent test label as a constant answer.

    Raises:
        ValueError: For labels that do not fit the rows, more labels than there are of a class, NaN, fewer
            than two labels.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> labels = np.arange(200) % 2
        >>> x, test = (rng.normal(3.0 * labels[:, None], size=(200, 2)) for _ in range(2))
        >>> found = probes(train=x, train_labels=labels, test=test, test_labels=labels, num_labels=20)
        >>> bool(found.linear.value == found.raw_linear.value > 0.9)
        True

    Reference:
        Alain and Bengio (2017), Understanding intermediate layers using linear classifier probes.
    """
    options: dict[str, Any] = {"num_labels": num_labels, "num_draws": num_draws, "seed": seed}
    metric = probes_metric(num_components=num_components, extractor=extractor, **options)
    samples = (train, train_labels, test, test_labels)
    computed: Probes = evaluate(metric, **dict(zip(NAMES, samples, strict=True)))
    return computed


def probes_metric(
    *,
    num_labels: int | None = None,
    num_draws: int = 1,
    num_components: int = 20,
    seed: int = 0,
    extractor: Extractor | None = None,
) -> Metric:
    """Return the metric of ``probes``; its state keeps all rows, beside their features."""
    extractor = extractor or raw()
    if num_draws < 1 or num_components < 1:
        raise ValueError(
            f"num_draws and num_components must be 1 or more; got {num_draws} and {num_components}"
        )
    if num_labels is None and num_draws > 1:
        raise ValueError("num_draws are of num_labels rows: state num_labels, or leave num_draws at 1")
    protocol = {"labels": num_labels, "draws": num_draws, "seed": seed}
    options = (extractor, num_labels, num_draws, num_components, seed)
    return keep_rows(
        Partial(_compute, options, protocol),
        names=NAMES,
        influence=Partial(_influence, options),
        larger_is_better=True,
        read=_read,
    )


def _read(name: str, rows: Any) -> np.ndarray:
    """Check rows and return them in the shape that the extractor takes; or labels."""
    checked = read_labelled(raw(), name, rows)
    return checked if checked.ndim == 1 else checked.reshape(np.shape(rows))


def _representations(extractor: Extractor, num_components: int, rows: Rows) -> dict[str, list[np.ndarray]]:
    """Compute features, raw rows and principal components of training and test rows."""
    from sklearn.decomposition import PCA

    flat = [read_features(raw(), name, rows[name]).astype(np.float64) for name in ("train", "test")]
    features = flat
    if extractor.apply is not None:
        features = [
            read_features(extractor, name, rows[name]).astype(np.float64) for name in ("train", "test")
        ]
    pca = PCA(min(num_components, *flat[0].shape), svd_solver="full").fit(flat[0])
    return {"": features, "raw_": flat, "pca_": [pca.transform(one) for one in flat]}


def _chosen(num_labels: int | None, num_draws: int, seed: int, rows: Rows) -> list[np.ndarray]:
    """Choose training rows for each draw, as many of each class, whatever order they came in."""
    labels = rows["train_labels"]
    order = canonical_order(np.column_stack([rows["train"].reshape(len(labels), -1).astype(float), labels]))
    if num_labels is None:
        return [order]
    classes, counts = np.unique(labels, return_counts=True)
    share = num_labels // len(classes)
    if share * len(classes) != num_labels or not 0 < share <= counts.min():
        raise ValueError(
            f"num_labels must be a multiple of the {len(classes)} classes, and at most {counts.min()} of "
            f"each; got {num_labels}"
        )
    rng = np.random.default_rng(seed)
    members = [order[labels[order] == one] for one in classes]
    return [
        np.concatenate([rng.choice(one, share, replace=False) for one in members]) for _ in range(num_draws)
    ]


def _are_right(options: tuple[Any, ...], rows: Rows) -> dict[str, np.ndarray]:
    """Return for each probe whether each test row is right ``[draw, test row]``."""
    extractor, num_labels, num_draws, num_components, seed = options
    flat = {name: rows[name].reshape(len(rows[name]), -1) for name in ("train", "test")}
    check_labelled({**rows, **flat}, "train", "test")
    check_training("train", rows["train_labels"])
    chosen, found = _chosen(num_labels, num_draws, seed, rows), {}
    for prefix, (train, test) in _representations(extractor, num_components, rows).items():
        for suffix, classifier in CLASSIFIERS.items():
            fits = [fitted(classifier, train[one], rows["train_labels"][one]) for one in chosen]
            found[prefix + suffix] = np.stack([fit.predict(test) == rows["test_labels"] for fit in fits])
    return found


def _compute(options: tuple[Any, ...], protocol: dict[str, Any], rows: Rows) -> Probes:
    names = {"": options[0].protocol, "raw_": raw().protocol, "pca_": {"extractor": f"pca-{options[3]}"}}
    null, results = constant_answer(rows["test_labels"]), {}
    for name, is_right in _are_right(options, rows).items():
        prefix = "".join(name.rpartition("_")[:2])
        of_probe = {**protocol, **names[prefix], "probe": name.rpartition("_")[2]}
        results[name] = accuracy_of(is_right, f"{of_probe['probe']} probe", of_probe, null)
    return Probes(**results)


def _influence(options: tuple[Any, ...], rows: Rows) -> Probes:
    are_right = _are_right(options, rows)
    by_row = (are_right[name].mean(0) for name in Probes._fields)
    return Probes._make(Influence(float(x.mean()), {"test": x - x.mean()}) for x in by_row)


def _pair(rng: np.random.Generator, n: int, m: int, shift: float) -> dict[str, np.ndarray]:
    """Draw two classes, which the shift moves towards each other."""
    samples = {}
    for name, size in (("train", n), ("test", m)):
        labels = np.arange(size) % 2
        samples[name] = rng.normal(size=(size, 2)) + (2.0 - shift) * (labels[:, None] - 0.5)
        samples[f"{name}_labels"] = labels
    return samples


def recipe() -> MetricRecipe:
    """Return the recipe for the checks."""
    return MetricRecipe(probes_metric, _pair, fewest=2, rotates=False, null_shift=2.0)
