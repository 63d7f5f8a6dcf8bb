"""Test by a classifier whether two samples are of one distribution."""

from typing import Any, NamedTuple

import numpy as np
from jax.tree_util import Partial
from jax.typing import ArrayLike

from jgen.evaluation.classification.classifiers import Classifier, fitted, name_of, neighbours, quadratic
from jgen.evaluation.distances.pairwise_distances import canonical_order
from jgen.evaluation.distances.u_statistic import p_value_result
from jgen.evaluation.metric import NAMES, Rows, beyond_resolution, evaluate, keep_rows, result_of
from jgen.evaluation.recipe import MetricRecipe
from jgen.features import Extractor, raw
from jgen.types import Influence, Metric, Result

NUM_GROUPS = 10
"""Groups of rows of each sample that the jackknife leaves out in turn."""
FEWEST_READINGS = 19


class C2ST(NamedTuple):
    """Classifier two-sample test.

    Attributes:
        accuracy: Balanced accuracy, the mean of those on real and on generated rows.
        auc: Area under the ROC curve.
        p_value: Of the accuracy, by permutations of the labels.
    """

    accuracy: Result
    auc: Result
    p_value: Result


def c2st(
    *,
    real: ArrayLike,
    generated: ArrayLike,
    classifier: Classifier = quadratic,
    num_folds: int = 5,
    num_permutations: int = 99,
    seed: int = 0,
    extractor: Extractor | None = None,
) -> C2ST:
    r"""Test by a classifier whether two samples are of one distribution: accuracy, AUC and p-value.

    Each row is classified by a classifier trained on the other folds. 0.5 is perfect, and 1 is told apart
    always. The accuracy is balanced, so that unequal sizes do not move the null from 0.5. The intervals are
    of the expected accuracy (AUC) of classifiers trained on this many rows, which is below that of the best
    one: for Gaussians d apart with identity covariance, :math:`\Phi(d/2)` and :math:`\Phi(d/\sqrt 2)`. They
    are by the jackknife over ten groups of each sample, which retrains and so includes the training sets. Its
    variance is biased up, most where nothing can be learned, so the quantile is the normal one.

    Classifiers: ``"quadratic"``, logistic regression on standardised features and their squares, sees means
    and variances, and is fast enough for permutations. ``"logistic"`` sees means alone, ``"neighbours"``
    anything in few dimensions (in many, rows near the centre are neighbours of all, and the accuracy may
    stay at 0.5), ``"mlp"`` anything, at a hundred times the cost.

    Args:
        real: Rows ``[n, *event]``, two or more a fold.
        generated: Rows ``[m, *event]``, two or more a fold.
        classifier: Function of the training rows that returns an untrained scikit-learn classifier, such as
            those of ``classification.classifiers``. Logistic regression on features and squares by default.
        num_folds: Folds, each with its share of both samples.
        num_permutations: B; the least p-value is 1 / (1 + B). All folds are trained again for each, so for
            many features or rows most of the time goes there. 0 leaves the p-value out (NaN, flagged).
        seed: Of folds and permutations.
        extractor: Function from examples to features; None for the rows themselves.

    Returns:
        ``accuracy`` and ``auc``, whose null is what permuted labels read, and ``p_value``, exact where both
        samples come from one distribution. The ceiling is 1.

    Raises:
        ValueError: For fewer rows, NaN, or rows that do not fit each other.
        TypeError: For a classifier that is no named function.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x, y = rng.normal(size=(300, 1)), rng.normal(1.0, size=(200, 1))
        >>> found = c2st(real=x, generated=y, num_permutations=19)
        >>> bool(found.accuracy.low < 0.6915 < found.accuracy.high), float(found.p_value.value)
        (True, 0.05)

    Reference:
        Lopez-Paz and Oquab (2017), Revisiting classifier two-sample tests; Bayle et al. (2020),
        Cross-validation confidence intervals for test error.
    """
    options: dict[str, Any] = {"classifier": classifier, "num_folds": num_folds, "seed": seed}
    metric = c2st_metric(num_permutations=num_permutations, extractor=extractor, **options)
    computed: C2ST = evaluate(metric, real=real, generated=generated)
    return computed


def c2st_metric(
    *,
    classifier: Classifier = quadratic,
    num_folds: int = 5,
    num_permutations: int = 99,
    seed: int = 0,
    extractor: Extractor | None = None,
) -> Metric:
    """Return the metric of ``c2st``; its state keeps the features of all rows."""
    extractor = extractor or raw()
    if num_folds < 2 or num_permutations < 0:
        raise ValueError(
            f"num_folds must be 2 or more and num_permutations 0 or more; got {num_folds} and "
            f"{num_permutations}"
        )
    protocol = {**extractor.protocol, "classifier": name_of(classifier), "folds": num_folds}
    return keep_rows(
        Partial(_compute, classifier, num_folds, num_permutations, seed, protocol),
        extractor=extractor,
        influence=Partial(_influence, classifier, num_folds, seed),
    )


Sides = tuple[np.ndarray, np.ndarray]
"""Real, then generated, each in an order that depends on its values alone."""


def _values(classifier: Classifier, seed: int, rows: Sides, folds: Sides) -> np.ndarray:
    """Compute balanced accuracy and AUC ``[2]``, each row classified without its fold in the training."""
    pooled, is_real = np.concatenate(rows), np.repeat([True, False], [len(side) for side in rows])
    fold = np.concatenate(folds)
    shuffled = np.random.default_rng(seed).permutation(len(pooled))  # ties do not go by the order of samples
    is_right, placement = np.empty(len(pooled)), np.empty(len(pooled))
    for k in np.unique(fold):
        train, test = shuffled[fold[shuffled] != k], np.flatnonzero(fold == k)
        fit = fitted(classifier, pooled[train], is_real[train])
        probability = fit.predict_proba(pooled[test])[:, 1]
        weight = (~is_real[train]).mean()  # the odds of the sizes are taken out
        odds = probability * weight - (1 - probability) * (1 - weight)
        is_right[test] = np.where(odds == 0, 0.5, (odds > 0) == is_real[test])
        placement[test] = _placements(probability, is_real[test])
    parts = np.stack([is_right, placement])
    return (parts[:, is_real].mean(1) + parts[:, ~is_real].mean(1)) / 2


def _placements(probability: np.ndarray, is_real: np.ndarray) -> np.ndarray:
    """Compute the share of rows of the other sample on the right side of each row; ties count a half."""
    from scipy.stats import rankdata

    above = rankdata(probability) - 0.5  # rows below it, half of its equals
    for side in (True, False):
        above[is_real == side] -= rankdata(probability[is_real == side]) - 0.5
    num_real = is_real.sum()
    return np.where(is_real, above / (len(is_real) - num_real), 1 - above / num_real)


def _folds(size: int, num_folds: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).permutation(np.arange(size) % num_folds)


def _ordered(num_folds: int, rows: Rows) -> Sides:
    """Return both samples in their own orders."""
    real, generated = (rows[name].astype(np.float64) for name in NAMES)
    if min(len(real), len(generated)) < 2 * num_folds + 2:
        raise ValueError(
            f"c2st takes two rows of each sample a fold and two more, {2 * num_folds + 2}; got {len(real)} "
            f"real and {len(generated)} generated. Give more rows or a smaller num_folds"
        )
    return real[canonical_order(real)], generated[canonical_order(generated)]


def _jackknife(
    classifier: Classifier, num_folds: int, seed: int, rows: Sides
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Compute the values, and their influence by groups of each sample ``[group, 2]``; folds stay."""
    folds: Any = tuple(_folds(len(side), num_folds, seed) for side in rows)
    values, influences = _values(classifier, seed, rows, folds), []
    for left_out in (0, 1):
        size = len(rows[left_out])
        groups = np.random.default_rng(seed + 1).permutation(np.arange(size) % NUM_GROUPS)
        without = []
        for group in range(NUM_GROUPS):
            some = [slice(None), slice(None)]
            some[left_out] = groups != group
            parts: Any = [
                tuple(side[one] for side, one in zip(both, some, strict=True)) for both in (rows, folds)
            ]
            without.append(_values(classifier, seed, *parts))
        influences.append((NUM_GROUPS - 1) * (np.mean(without, 0) - np.array(without)))
    return values, influences


def _compute(
    classifier: Classifier,
    num_folds: int,
    num_permutations: int,
    seed: int,
    protocol: dict[str, Any],
    rows: Rows,
) -> C2ST:
    sides = _ordered(num_folds, rows)
    sizes = [len(side) for side in sides]
    values, influences = _jackknife(classifier, num_folds, seed, sides)
    readings = _permuted(classifier, num_folds, num_permutations, seed, sides)
    coins = (np.sum(1 / np.array(sizes)) / 16) ** 0.5, ((sum(sizes) + 1) / (12 * sizes[0] * sizes[1])) ** 0.5
    results: list[Result] = []
    for number, name in enumerate(("accuracy", "AUC")):
        errors = [influence[:, number].std(ddof=1) / NUM_GROUPS**0.5 for influence in influences]
        error = np.hypot(np.hypot(*errors), 1.5 / sum(sizes))  # not 0 where all are told apart
        null = _null(readings[:, number], coins[number], min(sizes))
        method, value = f"{name} over {num_folds} folds", values[number]
        is_within = null.low <= value <= null.high
        if is_within:  # its spread is then at least that of labels at random
            error = max(error, null.standard_error)
        result = result_of(value, error, min(sizes), method, protocol, null=null, ceiling=1.0)
        ends: Any = np.clip([result.low, result.high], 0, 1)
        result = result._replace(low=ends[0], high=ends[1])
        if is_within:
            result = beyond_resolution(
                result, "labels at random read as much at these sizes in 19 of 20 cases"
            )
        results.append(result)
    test = {**protocol, "test": "permutation of the accuracy"}
    return C2ST(results[0], results[1], _p_value(readings[:, 0], values[0], test))


def _permuted(
    classifier: Classifier, num_folds: int, num_permutations: int, seed: int, sides: Sides
) -> np.ndarray:
    """Compute the values for permuted labels ``[permutation, 2]``, by the same function of two sets."""
    pooled, rng = np.concatenate(sides), np.random.default_rng(seed + 2)
    pooled = pooled[canonical_order(pooled)]
    folds: Any = tuple(_folds(len(side), num_folds, seed) for side in sides)
    readings = np.empty((num_permutations, 2))
    for reading in readings:
        is_real = rng.permutation(len(pooled)) < len(sides[0])
        reading[:] = _values(classifier, seed, (pooled[is_real], pooled[~is_real]), folds)
    return readings


def _null(readings: np.ndarray, error: float, n: int) -> Result:
    """Summarise what permuted labels read, or a coin where they are few."""
    if len(readings) < FEWEST_READINGS:
        return result_of(0.5, error, n, "labels of a coin", {})
    return result_of(
        readings.mean(), readings.std(ddof=1), n, f"{len(readings)} permutations of the labels", {}
    )


def _p_value(readings: np.ndarray, value: float, protocol: dict[str, Any]) -> Result:
    if len(readings):
        return p_value_result(int((readings >= value - 1e-12).sum()), len(readings), protocol)
    none: Any = np.float64(np.nan)
    return Result(none, none, none, 0, "no permutations", protocol, flags=("num_permutations is 0",))


def _influence(classifier: Classifier, num_folds: int, seed: int, rows: Rows) -> C2ST:
    values, influences = _jackknife(classifier, num_folds, seed, _ordered(num_folds, rows))
    accuracy, auc = (
        Influence(float(value), {name: one[:, j] for name, one in zip(NAMES, influences, strict=True)})
        for j, value in enumerate(values)
    )
    return C2ST._make([accuracy, auc, None])


def recipe() -> MetricRecipe:
    """Return the recipe for the checks."""
    return MetricRecipe(
        make=lambda: c2st_metric(classifier=neighbours, num_folds=2, num_permutations=9),
        size=60,
        fewest=6,
        rotates=False,
        is_stochastic=True,
    )
