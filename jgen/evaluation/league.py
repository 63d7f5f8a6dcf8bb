"""Compare several models judged against the same real rows, by paired differences from the best."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from jgen.diagnostics import welch_satterthwaite
from jgen.evaluation.jackknife import jackknife
from jgen.evaluation.metric import result_of, results_of
from jgen.evaluation.results import check_protocols, over_studentised_range
from jgen.types import Influence, Metric, Result


class LeagueRow(NamedTuple):
    """Value of a model and its difference from the best.

    Attributes:
        value: As the metric returns it.
        minus_best: Value minus that of the best model, 0 for the best itself; None where the metric gives no
            influence of its rows.
    """

    value: Result
    minus_best: Result | None


def league(metric: Metric, *, real: Any, generated: Mapping[str, Any]) -> dict[str, dict[str, LeagueRow]]:
    r"""Compute a metric of several models against the same real rows, with paired differences from the best.

    The real rows move all values together, so the difference of two values has a shorter interval than two
    independent ones. With the influence :math:`\phi` of each row,

    .. math:: Var(a - b) \approx \frac{Var_i(\phi_a(i) - \phi_b(i))}{n} + \frac{Var \, \phi_a}{m_a}
        + \frac{Var \, \phi_b}{m_b},

    plus what each value's own error has beyond its closed-form influences (near the null they vanish, and its
    error is of second order). As the best is chosen by these values, the quantile is that of Tukey's range.

    Args:
        metric: Any metric of ``real`` and ``generated``. Without ``influence``, 20 groups of each sample are
            left out in turn.
        real: Real rows ``[n, *event]``, the same for all.
        generated: Name of a model -> its rows ``[m, *event]``, made independently of each other. All other
            samples (references, test rows) are shared.

    Returns:
        Name of the number (``""`` for a metric of one) -> name of the model -> its row. A model whose value
        is NaN is never the best.

    Raises:
        ValueError: For no model, or samples that the metric refuses.

    Example:
        >>> from jgen.evaluation.metric import keep_rows
        >>> def shift(rows):
        ...     value = rows["generated"].mean() - rows["real"].mean()
        ...     return result_of(value, rows["real"].std() / 10, 100, "shift", {})
        >>> rng = np.random.default_rng(0)
        >>> models = {"good": rng.normal(0.5, 0.1, (100, 1)), "bad": rng.normal(2.0, 0.1, (100, 1))}
        >>> rows = league(keep_rows(shift), real=rng.normal(size=(100, 1)), generated=models)[""]
        >>> bool(rows["bad"].minus_best.low > 1.4), float(rows["good"].minus_best.value)
        (True, 0.0)

    Reference:
        Efron (1982), The jackknife, the bootstrap and other resampling plans; Tukey (1953), The problem of
        multiple comparisons.
    """
    if not generated:
        raise ValueError("league compares models: give generated={name: rows}, one or more")
    shared = metric.accumulate(metric.empty(), real=real)
    states = {name: metric.accumulate(shared, generated=rows) for name, rows in generated.items()}
    results = {name: results_of(metric.compute(state)) for name, state in states.items()}
    influences = {name: _influences(metric, state) for name, state in states.items()}
    sign = 1 if metric.larger_is_better else -1
    table: dict[str, dict[str, LeagueRow]] = {}
    for field in next(iter(results.values())):
        column = {name: of_model[field] for name, of_model in results.items()}
        best = max(column, key=lambda name: float(np.nan_to_num(sign * column[name].value, nan=-np.inf)))
        num_models = sum(bool(np.isfinite(result.value)) for result in column.values())
        table[field] = {}
        for name, result in column.items():
            ours, its = influences[name].get(field), influences[best].get(field)
            if ours is None or its is None:
                table[field][name] = LeagueRow(result, None)
                continue
            minus = _difference(name == best, result, column[best], ours, its, metric.influence is not None)
            table[field][name] = LeagueRow(result, over_studentised_range(minus, num_models))
    return table


def _influences(metric: Metric, state: Any) -> dict[str, Influence]:
    if metric.influence is not None:
        return results_of(metric.influence(state))
    return jackknife(metric.compute, state) if isinstance(state, Mapping) else {}


def _difference(
    is_best: bool, first: Result, best: Result, ours: Influence, its: Influence, has_second_order: bool
) -> Result:
    """Compute the paired difference of two values from influences on the same real rows."""
    check_protocols(first, best)
    method = "paired difference from the best"
    if is_best:
        return result_of(0.0, 0.0, first.n, method, first.protocol)
    shared = [name for name in ours.by_sample if name != "generated"]
    samples = [np.asarray(ours.by_sample[name]) - np.asarray(its.by_sample[name]) for name in shared]
    samples += [np.asarray(one.by_sample["generated"]) for one in (ours, its) if "generated" in one.by_sample]
    variances = [float(np.var(sample, ddof=1)) / len(sample) for sample in samples]
    dofs: list[float] = [len(sample) - 1 for sample in samples]
    for result, one in ((first, ours), (best, its)) if has_second_order else ():
        by_rows = sum(float(np.var(sample, ddof=1)) / len(sample) for sample in one.by_sample.values())
        variances.append(max(0.0, float(result.standard_error) ** 2 - by_rows))
        dofs.append(result.dof)
    errors = np.sqrt(variances)
    flags = tuple(dict.fromkeys((*first.flags, *best.flags)))
    value = float(first.value) - float(best.value)
    dof = welch_satterthwaite(tuple(errors), tuple(dofs))
    return result_of(value, np.hypot.reduce(errors), first.n, method, first.protocol, dof, flags=flags)
