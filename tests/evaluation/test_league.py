"""Paired differences of models judged against the same real rows: intervals cover, and are short."""

import numpy as np
import pytest

from jgen.evaluation import keep_rows, league
from jgen.evaluation.metric import result_of
from jgen.types import Influence

N, M, GAP = 200, 300, 0.1


def gap_of(rows):
    """Difference of the means; all models share the real rows."""
    real, generated = (rows[name][:, 0] for name in ("real", "generated"))
    error = np.sqrt(real.var(ddof=1) / len(real) + generated.var(ddof=1) / len(generated))
    return result_of(generated.mean() - real.mean(), error, len(real), "gap", {"column": 0})


def influence_of(rows):
    real, generated = (rows[name][:, 0] for name in ("real", "generated"))
    by_sample = {"real": real.mean() - real, "generated": generated - generated.mean()}
    return Influence(generated.mean() - real.mean(), by_sample)


def draw(rng, num_models=2):
    """Real rows of a large variance, which all differences share, and models of a small one."""
    models = {f"model {i}": rng.normal(GAP * i, 0.2, (M, 1)) for i in range(num_models)}
    return {"real": rng.normal(0.0, 3.0, (N, 1)), "generated": models}


METRIC = keep_rows(gap_of, influence=influence_of)


def difference(metric, rng, compare=league):
    table = compare(metric, **draw(rng))[""]
    return table["model 1"].minus_best


def check_differences(difference_of, rng, repeats=400):
    """Intervals of the difference cover it in 95 %, and their length is that of the models' own noise."""
    results = [difference_of(rng) for _ in range(repeats)]
    covered = np.mean([result.low <= GAP <= result.high for result in results])
    assert abs(covered - 0.95) < 5 * np.sqrt(0.95 * 0.05 / repeats)
    error = np.mean([result.standard_error for result in results])
    assert abs(error / (0.2 * np.sqrt(2 / M)) - 1) < 0.1


@pytest.mark.parametrize("influence", [influence_of, None], ids=["closed form", "jackknife"])
def test_real_rows_cancel(influence, rng):
    metric = keep_rows(gap_of, influence=influence)
    check_differences(lambda rng: difference(metric, rng), rng, 400 if influence else 100)


def test_a_metric_that_the_real_rows_do_not_move(rng):
    """Its difference is that of two independent means."""

    def of_generated(rows):
        values = rows["generated"][:, 0]
        return result_of(values.mean(), values.std(ddof=1) / np.sqrt(M), M, "mean", {})

    def influence(rows):
        values = rows["generated"][:, 0]
        return Influence(values.mean(), {"generated": values - values.mean()})

    check_differences(lambda rng: difference(keep_rows(of_generated, influence=influence), rng), rng)


def test_the_best_is_the_smallest_or_the_largest(rng):
    samples = draw(rng, 3)
    for larger, best in ((False, "model 0"), (True, "model 2")):
        rows = league(keep_rows(gap_of, larger_is_better=larger), **samples)[""]
        assert rows[best].minus_best.value == 0
        signs = [np.sign(row.minus_best.value) for name, row in rows.items() if name != best]
        assert set(signs) == {-1.0 if larger else 1.0}


def test_the_quantile_grows_with_the_models(rng):
    samples = draw(rng, 4)
    two = {name: samples["generated"][name] for name in ("model 0", "model 3")}
    metric = keep_rows(gap_of, influence=influence_of)
    widths = []
    for models in (two, samples["generated"]):
        minus = league(metric, real=samples["real"], generated=models)[""]["model 3"].minus_best
        widths.append(float(minus.high - minus.low))
    assert 1.2 < widths[1] / widths[0] < 1.5  # studentised range of four over that of two: 1.31


def test_an_error_of_second_order_is_kept(rng):
    """Where influences vanish, what the value's own interval has beyond them stays in the difference."""

    def flat(rows):
        zeros = {name: np.zeros(len(x)) for name, x in rows.items()}
        return Influence(0.0, zeros)

    minus = difference(keep_rows(gap_of, influence=flat), rng)
    assert minus.standard_error > 0.9 * np.sqrt(2) * 3.0 / np.sqrt(N)


def test_a_nan_is_never_the_best(rng):
    samples = draw(rng)
    samples["generated"]["model 0"][:] = -50.0

    def broken(rows):
        result = gap_of(rows)
        return result._replace(value=np.float64(np.nan)) if result.value < -20 else result

    rows = league(keep_rows(broken, influence=influence_of), **samples)[""]
    assert rows["model 1"].minus_best.value == 0
    assert np.isnan(rows["model 0"].minus_best.value)


def test_no_model_is_refused():
    with pytest.raises(ValueError, match="one or more"):
        league(keep_rows(gap_of), real=np.ones((3, 1)), generated={})
