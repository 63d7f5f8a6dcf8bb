"""Rows of differences of models that are judged against the same real rows."""

from collections.abc import Mapping
from functools import partial

import numpy as np

from benchmarks.intervals.row import Ends, Row
from jgen.evaluation import keep_rows, league
from jgen.evaluation.metric import result_of
from jgen.types import Influence, Result

N, M, NOISE = 100, 50, 0.3
Rows = Mapping[str, np.ndarray]


def influence(rows: Rows) -> Influence:
    """Compute the influence of rows on the difference of the means."""
    real, generated = (rows[name][:, 0] for name in ("real", "generated"))
    by_sample = {"real": real.mean() - real, "generated": generated - generated.mean()}
    return Influence(float(generated.mean() - real.mean()), by_sample)


def gap(rows: Rows) -> Result:
    """Compute the difference of the means."""
    value, by_sample = influence(rows)
    error = np.sqrt(sum(np.var(one, ddof=1) / len(one) for one in by_sample.values()))
    return result_of(value, error, N, "gap", {"column": 0})


def from_best(num_models: int, apart: float, closed: bool, rng: np.random.Generator, repeats: int) -> Ends:
    """Estimate how far all models lie from the one that is best in the sample."""
    metric, ends = keep_rows(gap, influence=influence if closed else None), []
    for _ in range(repeats):
        models = {str(j): NOISE * rng.normal(size=(M, 1)) + apart * j for j in range(num_models)}
        table = league(metric, real=rng.normal(size=(N, 1)), generated=models)[""]
        minus = {int(name): row.minus_best for name, row in table.items()}
        best = next(j for j, one in minus.items() if one is not None and one.value == 0)
        errors = [
            (one.low - apart * (j - best), one.high - apart * (j - best))
            for j, one in minus.items()
            if one is not None
        ]
        ends.append((max(low for low, _ in errors), min(high for _, high in errors)))
    low, high = np.transpose(ends)
    return Ends(low, high, np.zeros(repeats, bool))


def rows() -> list[Row]:
    """List the rows."""
    of = "paired differences from the best"
    return [
        Row(league, of, "2 models, by influences", partial(from_best, 2, 0.1, True)),
        Row(league, of, "5 equal models, by influences", partial(from_best, 5, 0.0, True)),
        Row(league, of, "2 models, by the jackknife", partial(from_best, 2, 0.1, False), share=0.2),
    ]
