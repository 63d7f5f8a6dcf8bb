"""Compare samples of several models by one metric, as lines of a league."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jgen.evaluation.league import league
from jgen.evaluation.metric import evaluate, results_of
from jgen.evaluation.results import compare, over_studentised_range
from jgen.experiment.league_table import Line
from jgen.types import Metric, Result

UNRANKED = ("p_value", "authentic", "minus_null", "copies")
"""Numbers of which neither end is the better one."""


def compare_models(
    name: str,
    metric: Metric,
    *,
    real: Any = None,
    generated: Mapping[str, Any],
    reference: Mapping[str, Any] | None = None,
    sample: str = "generated",
) -> dict[str, Line]:
    """Compute a metric of several models, with differences from the best, and of a reference beside them.

    Models are judged against the same real rows, so that their differences are paired (``league``); without
    real rows they are independent of each other. A model whose samples the metric refuses has no value, and
    the refusal is the flag of its result.

    Args:
        name: Name of the metric.
        metric: Any metric.
        real: Real rows; None for a metric of generated ones alone.
        generated: Name of a model -> its rows.
        reference: Name -> rows that are no model's, real ones that were held out, say; never the best.
        sample: Name under which the metric takes the rows of a model.

    Returns:
        Name of the number -> its line, the reference first. The name is that of the metric, then that of the
        number; the number's alone for the name of several ("precision and recall"), and the metric's alone
        where it ends in the number's ("energy distance").

    Example:
        >>> from jgen.evaluation.metric import keep_rows
        >>> from jgen.evaluation.results import mean_result
        >>> def mean(rows):
        ...     return mean_result(rows["generated"][:, 0], "mean", {})
        >>> metric = keep_rows(mean, names=("generated",))
        >>> rows = {"a": np.array([[1.0], [2.0]]), "b": np.array([[np.nan]])}
        >>> results = compare_models("mean", metric, generated=rows)["mean"].results
        >>> float(results["a"].value), results["b"].flags
        (1.5, ('1 of 1 rows of generated have a NaN ...',))
    """
    shared = {} if real is None else {"real": real}
    values: dict[str, dict[str, Result]] = {}
    refused: dict[str, str] = {}
    for model, rows in {**(reference or {}), **generated}.items():
        try:
            values[model] = results_of(evaluate(metric, **shared, **{sample: rows}))
        except ValueError as error:
            refused[model] = str(error)
    judged = {model: rows for model, rows in generated.items() if model not in refused}
    if real is not None and judged:
        table = league(metric, real=real, generated=judged)
        minus = {
            field: {model: row.minus_best for model, row in of_models.items()}
            for field, of_models in table.items()
        }
    else:
        minus = _independent(metric, {model: values[model] for model in judged})
    lines = {}
    for field in next(iter(values.values()), {"": None}):
        results = {
            model: values[model][field] if model in values else _refusal(refused[model])
            for model in (*(reference or {}), *generated)
        }
        is_ranked = field not in UNRANKED
        differences = minus.get(field, {}) if is_ranked else {}
        lines[_label(name, field)] = Line(
            results, differences, metric.larger_is_better if is_ranked else None
        )
    return lines


def _label(name: str, field: str) -> str:
    words = field.replace("_", " ")
    if " and " in name:
        return words
    return name if name.endswith(words) else f"{name}, {words}"


def _refusal(message: str) -> Result:
    nothing: Any = np.float64(np.nan)
    return Result(nothing, nothing, nothing, 0, "refused", {}, flags=(message,))


def _independent(
    metric: Metric, values: Mapping[str, Mapping[str, Result]]
) -> dict[str, dict[str, Result | None]]:
    """Compute differences from the best of values of independent samples."""
    sign = 1 if metric.larger_is_better else -1
    minus: dict[str, dict[str, Result | None]] = {}
    for field in next(iter(values.values()), {}):
        column = {model: of_model[field] for model, of_model in values.items()}
        best = max(column, key=lambda model: float(np.nan_to_num(sign * column[model].value, nan=-np.inf)))
        num_models = sum(bool(np.isfinite(result.value)) for result in column.values())
        minus[field] = {
            model: over_studentised_range(compare(result, column[best]), num_models)
            for model, result in column.items()
        }
        nothing: Any = np.float64(0.0)
        minus[field][best] = column[best]._replace(value=nothing, low=nothing, high=nothing)
    return minus
