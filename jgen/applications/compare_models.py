"""Compare samples of several models by one metric, as lines of a league."""

import contextlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from jax.tree_util import Partial

from jgen.evaluation.league import LeagueRow, league
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
    references = dict(reference or {})
    computed, refused = _judge_acceptable(metric, real, generated, sample)
    for model, rows in references.items():
        try:
            found = results_of(evaluate(metric, **_shared(real), **{sample: rows}))
            computed[model] = {field: LeagueRow(result, None) for field, result in found.items()}
        except ValueError as error:
            refused[model] = str(error)
    lines = {}
    for field in next(iter(computed.values()), {"": None}):
        found = {
            model: computed[model][field] if model in computed else _refusal(refused[model])
            for model in (*references, *generated)
        }
        results = {model: row.value for model, row in found.items()}
        if field in UNRANKED:
            lines[_label(name, field)] = Line(results, larger_is_better=None)
            continue
        minus = {model: row.minus_best for model, row in found.items()}
        lines[_label(name, field)] = Line(results, minus, metric.larger_is_better)
    return lines


def _shared(real: Any) -> dict[str, Any]:
    return {} if real is None else {"real": real}


def _judge(
    metric: Metric, real: Any, generated: Mapping[str, Any], sample: str
) -> dict[str, dict[str, LeagueRow]]:
    """Return model -> name of the number -> its row."""
    if not generated:
        return {}
    if real is not None:
        table = league(metric, real=real, generated=generated)
    else:
        values = {model: results_of(evaluate(metric, **{sample: rows})) for model, rows in generated.items()}
        table = _independent(metric, values)
    return {model: {field: rows[model] for field, rows in table.items()} for model in generated}


def _judge_acceptable(
    metric: Metric, real: Any, generated: Mapping[str, Any], sample: str
) -> tuple[dict[str, dict[str, LeagueRow]], dict[str, str]]:
    """Judge the models whose rows the metric takes; return their rows, and why it refuses others.

    Numbers of different protocols, as distinct-n of texts of different lengths, are not compared: each is
    flagged.
    """
    with contextlib.suppress(ValueError):
        return _judge(metric, real, generated, sample), {}
    alone: dict[str, dict[str, LeagueRow]] = {}
    refused = {}
    for model, rows in generated.items():
        try:
            alone |= _judge(metric, real, {model: rows}, sample)
        except ValueError as error:
            refused[model] = str(error)
    accepted = {model: generated[model] for model in alone}
    for field in next(iter(alone.values()), {}):
        try:
            found = _judge(_only(field, metric), real, accepted, sample)
            for model, fields in alone.items():
                fields[field] = found[model][""]
        except ValueError as error:
            for fields in alone.values():
                value = fields[field].value
                fields[field] = LeagueRow(value._replace(flags=(*value.flags, str(error))), None)
    return alone, refused


def _only(field: str, metric: Metric) -> Metric:
    """Return the metric of one of the numbers of a metric."""
    influence = None if metric.influence is None else Partial(_field_of, field, metric.influence)
    return metric._replace(compute=Partial(_field_of, field, metric.compute), influence=influence)


def _field_of(field: str, fn: Partial, state: Any) -> Any:
    return results_of(fn(state))[field]


def _label(name: str, field: str) -> str:
    words = field.replace("_", " ")
    if " and " in name:
        return words
    return name if name.endswith(words) else f"{name}, {words}"


def _refusal(message: str) -> LeagueRow:
    nothing: Any = np.float64(np.nan)
    return LeagueRow(Result(nothing, nothing, nothing, 0, "refused", {}, flags=(message,)), None)


def _independent(
    metric: Metric, values: Mapping[str, Mapping[str, Result]]
) -> dict[str, dict[str, LeagueRow]]:
    """Compute differences from the best of values of independent samples."""
    sign = 1 if metric.larger_is_better else -1
    table: dict[str, dict[str, LeagueRow]] = {}
    for field in next(iter(values.values())):
        column = {model: of_model[field] for model, of_model in values.items()}
        best = max(column, key=lambda model: float(np.nan_to_num(sign * column[model].value, nan=-np.inf)))
        num_models = sum(bool(np.isfinite(result.value)) for result in column.values())
        table[field] = {}
        for model, result in column.items():
            minus = over_studentised_range(compare(result, column[best]), num_models)
            nothing = minus._replace(value=minus.value * 0, low=minus.value * 0, high=minus.value * 0)
            table[field][model] = LeagueRow(result, nothing if model == best else minus)
    return table
