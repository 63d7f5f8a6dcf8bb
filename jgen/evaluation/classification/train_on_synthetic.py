"""Train a classifier on generated rows and test it on real ones."""

from typing import Any, NamedTuple

import numpy as np
from jax.tree_util import Partial
from jax.typing import ArrayLike

from jgen.evaluation.classification.classifiers import Classifier, fitted, linear, name_of
from jgen.evaluation.classification.label_accuracy import (
    accuracy_of,
    check_labelled,
    check_training,
    constant_answer,
    read_labelled,
)
from jgen.evaluation.distances.pairwise_distances import canonical_order
from jgen.evaluation.interval_result import interval_result
from jgen.evaluation.metric import Rows, evaluate, keep_rows
from jgen.evaluation.recipe import MetricRecipe
from jgen.evaluation.results import mean_result
from jgen.features import Extractor, raw
from jgen.types import Influence, Metric, Result

NAMES = ("real", "real_labels", "generated", "generated_labels", "test", "test_labels")


class TrainOnSynthetic(NamedTuple):
    """Accuracies on the same real test rows.

    Attributes:
        generated: Of the classifier trained on generated rows.
        real: Of that trained on as many real rows: what a perfect model would read.
        difference: Generated minus real, paired by test row.
    """

    generated: Result
    real: Result
    difference: Result


def train_on_synthetic(
    *,
    real: ArrayLike,
    real_labels: ArrayLike,
    generated: ArrayLike,
    generated_labels: ArrayLike,
    test: ArrayLike,
    test_labels: ArrayLike,
    classifier: Classifier = linear,
    seed: int = 0,
    extractor: Extractor | None = None,
) -> TrainOnSynthetic:
    """Compute the accuracy on real test rows of a classifier that is trained on generated rows.

    Beside it stands that of the same classifier trained on as many real rows: the larger of the two sets is
    cut to the size of the smaller by a seed. The intervals are of the accuracy of these trained classifiers
    over all test rows, and of their paired difference.

    Args:
        real: Real training rows ``[n, *event]``.
        real_labels: Whole numbers ``[n]``.
        generated: Generated training rows ``[m, *event]``.
        generated_labels: The labels that they were generated for ``[m]``.
        test: Real rows that neither model nor classifier has seen ``[t, *event]``, two or more.
        test_labels: ``[t]``.
        classifier: Function of the training rows that returns an untrained scikit-learn classifier, such as
            those of ``classification.classifiers``. Logistic regression on one scale by default.
        seed: Of the rows that are left out of the larger set.
        extractor: Function from examples to features; None for the rows themselves.

    Returns:
        The accuracies, whose null is the most frequent test label as a constant answer, and their
        difference, whose null is 0.

    Raises:
        ValueError: For a training set of one label, labels that do not fit the rows, NaN, fewer rows.
        TypeError: For a classifier that is no named function.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> labels = np.arange(200) % 2
        >>> x, test = (rng.normal(3.0 * labels[:, None], size=(200, 1)) for _ in range(2))
        >>> found = train_on_synthetic(
        ...     real=x, real_labels=labels, generated=x, generated_labels=1 - labels,
        ...     test=test, test_labels=labels,
        ... )
        >>> bool(found.generated.high < 0.2), bool(found.real.low < 0.9332 < found.real.high)
        (True, True)

    Reference:
        Esteban et al. (2017), Real-valued (medical) time series generation with recurrent conditional GANs.
    """
    metric = train_on_synthetic_metric(classifier=classifier, seed=seed, extractor=extractor)
    samples = (real, real_labels, generated, generated_labels, test, test_labels)
    computed: TrainOnSynthetic = evaluate(metric, **dict(zip(NAMES, samples, strict=True)))
    return computed


def train_on_synthetic_metric(
    *, classifier: Classifier = linear, seed: int = 0, extractor: Extractor | None = None
) -> Metric:
    """Return the metric of ``train_on_synthetic``; its state keeps the features of all rows."""
    extractor = extractor or raw()
    protocol = {**extractor.protocol, "classifier": name_of(classifier)}
    return keep_rows(
        Partial(_compute, classifier, seed, protocol),
        names=NAMES,
        influence=Partial(_influence, classifier, seed),
        larger_is_better=True,
        read=Partial(read_labelled, extractor),
    )


def _are_right(classifier: Classifier, seed: int, rows: Rows) -> tuple[int, np.ndarray, np.ndarray]:
    """Return the training size, and for both classifiers whether each test row is right ``[test row]``."""
    check_labelled(rows, "real", "generated", "test")
    size = min(len(rows["real"]), len(rows["generated"]))
    if len(rows["test"]) < 2:
        raise ValueError("train_on_synthetic takes two test rows or more; got one")
    found = []
    for name in ("generated", "real"):
        x, labels = rows[name].astype(np.float64), rows[f"{name}_labels"]
        order = canonical_order(np.column_stack([x, labels]))
        order = np.random.default_rng(seed).permutation(order)[:size]
        check_training(name, labels[order])
        fit = fitted(classifier, x[order], labels[order])
        found.append(fit.predict(rows["test"].astype(np.float64)) == rows["test_labels"])
    return size, *found


def _compute(classifier: Classifier, seed: int, protocol: dict[str, Any], rows: Rows) -> TrainOnSynthetic:
    size, by_generated, by_real = _are_right(classifier, seed, rows)
    protocol = {**protocol, "training rows": size}
    null = constant_answer(rows["test_labels"])
    of_generated, of_real = (
        accuracy_of(is_right[None], f"{name_of(classifier)}, trained on {size} {name} rows", protocol, null)
        for name, is_right in (("generated", by_generated), ("real", by_real))
    )
    minus = by_generated.astype(float) - by_real
    difference = mean_result(minus, "paired by test row", protocol)
    if not minus.any():  # no row differs, which Student's interval takes for certainty
        most: Any = np.float64(3 / len(minus))  # (1 - 3 / n)^n < 0.05
        difference = difference._replace(low=-most, high=most)
    difference = difference._replace(null=interval_result(0.0, 0.0, 0.0, 0, "equal", {}))
    return TrainOnSynthetic(of_generated, of_real, difference)


def _influence(classifier: Classifier, seed: int, rows: Rows) -> TrainOnSynthetic:
    _, *both = _are_right(classifier, seed, rows)
    values = [one.astype(float) for one in (*both, both[0].astype(float) - both[1])]
    return TrainOnSynthetic._make(Influence(float(one.mean()), {"test": one - one.mean()}) for one in values)


def _pair(rng: np.random.Generator, n: int, m: int, shift: float) -> dict[str, np.ndarray]:
    """Draw two classes two apart; those of the generated rows are turned by 45 degrees a unit of shift."""
    samples = {}
    for name, size, angle in (("real", n, 0.0), ("generated", m, shift * np.pi / 4), ("test", n, 0.0)):
        labels = np.arange(size) % 2
        direction = np.array([np.cos(angle), np.sin(angle)])
        samples[name] = rng.normal(size=(size, 2)) + 2.0 * (labels[:, None] - 0.5) * direction
        samples[f"{name}_labels"] = labels
    return samples


def recipe() -> MetricRecipe:
    """Return the recipe for the checks."""
    return MetricRecipe(
        make=train_on_synthetic_metric,
        pair=_pair,
        fewest=2,
        null_shift=None,
        rotates=False,
        is_stochastic=True,
    )
