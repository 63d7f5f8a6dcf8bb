"""Compute influences by the grouped jackknife, for metrics of kept rows that have no closed form of them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from jgen.evaluation.metric import results_of
from jgen.types import Influence

NUM_GROUPS = 20


def jackknife(
    compute: Callable[[Mapping[str, np.ndarray]], Any],
    samples: Mapping[str, np.ndarray],
    *,
    num_groups: int = NUM_GROUPS,
) -> dict[str, Influence]:
    r"""Compute the influence of groups of rows by leaving each out in turn.

    With :math:`\theta_{-g}` the value without group g of the G groups of one sample,

    .. math:: \phi_g = (G - 1) (\bar\theta_{-\cdot} - \theta_{-g}), \qquad
        Var(\theta) \approx \sum_{samples} Var_g(\phi_g) / G.

    Row i is in group i mod G, so rows must be in no order. A value that is no smooth function of the rows
    (a median, a nearest neighbour) has a consistent variance by groups, and none by single rows.

    Args:
        compute: Samples -> a Result or a NamedTuple of Results.
        samples: Name -> rows ``[row, ...]``.
        num_groups: G, or the number of rows where there are fewer.

    Returns:
        Name of the number (``""`` where there is one) -> its ``Influence``, of ``[group]``.

    Raises:
        ValueError: For a sample of fewer than 2 rows.

    Example:
        >>> from jgen.evaluation.metric import result_of
        >>> rows = {"real": np.array([1.0, 2.0, 4.0, 7.0])}
        >>> mean = lambda rows: result_of(rows["real"].mean(), 0.0, 1, "mean", {})
        >>> influence = jackknife(mean, rows)[""]
        >>> bool(np.isclose(influence.by_sample["real"].var(ddof=1), rows["real"].var(ddof=1)))
        True

    Reference:
        Efron and Stein (1981), "The jackknife estimate of variance", Annals of Statistics 9(3); Kunsch
        (1989), Annals of Statistics 17(3).
    """
    whole = {field: float(result.value) for field, result in results_of(compute(samples)).items()}
    by_field: dict[str, dict[str, Any]] = {field: {} for field in whole}
    for name, rows in samples.items():
        if len(rows) < 2:
            raise ValueError(f"the jackknife leaves rows out: {name} needs 2 rows or more, got {len(rows)}")
        size = min(num_groups, len(rows))
        group = np.arange(len(rows)) % size
        without = [results_of(compute({**samples, name: rows[group != g]})) for g in range(size)]
        for field in whole:
            values = np.array([float(results[field].value) for results in without])
            by_field[field][name] = (size - 1) * (values.mean() - values)
    return {field: Influence(whole[field], by_sample) for field, by_sample in by_field.items()}
