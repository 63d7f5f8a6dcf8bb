"""Compute precision and recall by balls of k-nearest neighbours, with their null and their resolution."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from jgen.evaluation.metric import evaluate, keep_rows
from jgen.evaluation.neighbours.group_variance import (
    Reading,
    group_variance,
    null_readings,
    null_result,
    share_result,
)
from jgen.evaluation.neighbours.nearest_neighbours import (
    ball_counts,
    generator_of,
    in_order,
    nearest,
    to_unit,
)
from jgen.evaluation.neighbours.neighbour_checks import check_neighbours, flag_copies
from jgen.evaluation.neighbours.resolution import reading_of_halves, without_resolution
from jgen.evaluation.recipe import Known, MetricRecipe
from jgen.features import Extractor, raw
from jgen.types import Metric, Result


class PrecisionRecall(NamedTuple):
    """Precision and recall.

    Attributes:
        precision: Share of generated rows within a ball of a real row.
        recall: Share of real rows within a ball of a generated row.
    """

    precision: Result
    recall: Result


def precision_recall(
    *, real: Any, generated: Any, k: int = 3, extractor: Extractor | None = None
) -> PrecisionRecall:
    r"""Compute improved precision and recall: shares of rows in the other sample's balls of k neighbours.

    The ball of a row reaches to its k-th nearest neighbour in its own sample, itself excluded; a row at that
    distance is inside. Precision is the share of generated rows that lie in the ball of any real row, recall
    that of real rows in the ball of any generated row.

    Two samples of one distribution do not read 1, but, in 1-D with k = 1, 3/4. The null is found without
    splits: a real row is left out, and is in a ball of the others if, and only if, it is one of the k nearest
    neighbours of any of them; recall's null takes as many real rows as generated ones, or all.

    The 95 % intervals are of the expected precision and the expected recall at these n and m, Wilson's, with
    the variance of ``group_variance``. They say nothing of the supports' overlap: in many dimensions balls
    are so wide that precision reads .87 for cubes that overlap by .2. So halves of the real rows with
    disjoint supports, cut by a hyperplane, are read as well. Where they read more than half of their null, or
    where the null is below 1/2, both results are flagged ``beyond_resolution``.

    The state keeps the features of all rows. Time grows with n m, memory is that of the features and of a
    million distances.

    Args:
        real: Real examples ``[n, *event]``.
        generated: Generated examples ``[m, *event]``.
        k: Number of neighbours.
        extractor: Function from examples to features; None for the rows themselves.

    Returns:
        The two, each with its null; 1 is the ceiling.

    Raises:
        ValueError: For fewer than k + 2 rows of a sample, a ``k`` below 1, or features that are not finite.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> shifted = precision_recall(real=rng.normal(size=(200, 2)), generated=rng.normal(3, 1, (200, 2)))
        >>> bool(shifted.precision.high < 0.5 < shifted.precision.null.low)
        True

    Reference:
        Kynkaanniemi et al. (2019), Improved precision and recall metric for assessing generative models,
        NeurIPS.
    """
    return evaluate(precision_recall_metric(k=k, extractor=extractor), real=real, generated=generated)


def precision_recall_metric(*, k: int = 3, extractor: Extractor | None = None) -> Metric:
    """Return the metric of precision and recall; see ``precision_recall``."""
    extractor = extractor or raw()
    protocol = {**extractor.protocol, "k": k}

    def reading(real: np.ndarray, generated: np.ndarray) -> Reading:
        radii = (nearest(sample, k).squared[:, -1] for sample in (real, generated))
        return _reading(real, generated, *radii)

    def compute(rows: Any) -> PrecisionRecall:
        check_neighbours(rows, k, "precision_recall")
        real, generated = map(in_order, to_unit(rows["real"], rows["generated"]))
        n, m = len(real), len(generated)
        of_real, of_generated = nearest(real, k), nearest(generated, k)
        whole = _reading(real, generated, of_real.squared[:, -1], of_generated.squared[:, -1])
        variance, dof = group_variance(reading, whole, real, generated, k + 2)
        nulls = null_readings(reading, real, k + 2)
        of_fewer = of_real if m >= n else nearest(real[generator_of(real).permutation(n)[:m]], k)
        halves = reading_of_halves(partial(_over_null, k), real) if n >= 2 * k + 4 else np.nan
        method = f"balls of {k} nearest neighbours"
        results = []
        names, balls, own = PrecisionRecall._fields, (of_real, of_fewer), (of_real, of_generated)
        for index, (name, sample) in enumerate(zip(names, ("real", "generated"), strict=True)):
            value, size = float(whole.values[index]), (m, n)[index]
            effect = float(nulls.effect[index])
            result = share_result(value, float(variance[index]), size, dof, method, protocol, effect=effect)
            inside = balls[index].num_balls > 0
            error = nulls.errors(min(n, m))[index]
            null = null_result(inside.mean(), error, len(inside), "real rows, left out one by one")
            result = flag_copies(result._replace(null=null, ceiling=1.0), own[index], sample)
            results.append(without_resolution(result, float(halves), name))
        return PrecisionRecall(*results)

    return keep_rows(compute, extractor=extractor, larger_is_better=True)


def _reading(
    real: np.ndarray, generated: np.ndarray, of_real: np.ndarray, of_generated: np.ndarray
) -> Reading:
    """Compute precision and recall from squared radii."""
    inside = (
        ball_counts(real, of_real[None], generated).by_point[0] > 0,
        ball_counts(generated, of_generated[None], real).by_point[0] > 0,
    )
    return Reading(
        np.array([rows.mean() for rows in inside]),
        np.array([rows.var() / (len(rows) - 1) for rows in inside]),
    )


def _over_null(k: int, x: np.ndarray, y: np.ndarray) -> float:
    """Compute the precision of one half in the balls of the other, over the null of that other half."""
    balls = nearest(x, k)
    precision = (ball_counts(x, balls.squared[:, -1][None], y).by_point > 0).mean()
    return float(precision / (balls.num_balls > 0).mean())


def _known() -> list[Known]:
    """Return generators of one row over and over: a real one, and one that the last ball just reaches."""
    real = np.arange(20.0)[:, None]
    places = {"a collapsed generator": (5.0, 1.0, 1 / 20), "a row three from the last": (22.0, 1 / 20, 0.0)}
    return [
        Known(
            name,
            {"real": real, "generated": place + real / 1024},
            {"precision": precision, "recall": recall},
        )
        for name, (place, precision, recall) in places.items()
    ]


def recipe() -> MetricRecipe:
    """Return the recipe by which ``check_metric`` checks it."""
    return MetricRecipe(
        precision_recall_metric,
        fewest=5,
        unit_power=0.0,
        of_itself={"precision": 1.0, "recall": 1.0},
        known=_known,
    )
