"""Check that models are compared with each other and not with the reference, and that refusals are noted."""

from collections import namedtuple

import numpy as np
import pytest

from jgen.applications import compare_models
from jgen.evaluation import compare, frechet_metric, kid_metric, league, mean_result
from jgen.evaluation.metric import keep_rows, result_of
from jgen.types import Result


def mean_metric(**options):
    """Mean of the first column, of generated rows alone."""
    return keep_rows(
        lambda rows: mean_result(rows["generated"][:, 0], "mean", {}), names=("generated",), **options
    )


def sizes(rows):
    """A metric whose protocol has the number of rows, as that of distinct-n has."""
    size = len(rows["generated"])
    return result_of(1.0 / size, 0.1, size, "share", {"size": size})


@pytest.fixture
def samples(rng):
    real = rng.normal(size=(60, 2))
    return real, {"near": rng.normal(size=(50, 2)) + 0.5, "far": rng.normal(size=(40, 2)) + 3}


def check_reference(compare_models, samples):
    """The reference is first, nearer than every model, and has no difference and no part in theirs."""
    real, generated = samples
    reference = {"held out": real[::2] + 0.01}
    line = compare_models("KID", kid_metric(), real=real, generated=generated, reference=reference)["KID"]
    assert list(line.results) == ["held out", "near", "far"]
    assert float(line.results["held out"].value) < float(line.results["near"].value)
    assert line.minus_best["held out"] is None
    table = league(kid_metric(), real=real, generated=generated)[""]
    for model, row in table.items():
        np.testing.assert_array_equal(line.results[model][:3], row.value[:3])
        np.testing.assert_array_equal(line.minus_best[model][:3], row.minus_best[:3])
    assert float(line.minus_best["near"].value) == 0 < float(line.minus_best["far"].low)


def test_a_reference_is_no_model(samples):
    check_reference(compare_models, samples)


def test_a_refused_model_is_noted_and_the_others_are_compared(samples):
    real, generated = samples
    broken = {"broken": np.full((9, 2), np.nan), **generated}
    line = compare_models("KID", kid_metric(), real=real, generated=broken)["KID"]
    assert np.isnan(line.results["broken"].value)
    assert "9 of 9 rows of generated have a NaN" in line.results["broken"].flags[0]
    assert line.minus_best["broken"] is None
    alone = compare_models("KID", kid_metric(), real=real, generated=generated)["KID"]
    assert line.minus_best["far"] == alone.minus_best["far"]
    nothing = compare_models("KID", kid_metric(), real=real, generated={"broken": broken["broken"]})
    assert np.isnan(nothing["KID"].results["broken"].value)
    odd = compare_models("KID", kid_metric(), real=real, generated=generated, reference=broken)["KID"]
    assert "9 of 9" in odd.results["broken"].flags[0]


def test_without_real_rows_models_are_independent(rng):
    """The larger mean is the best; the difference of two is that of independent results."""
    rows = {"a": rng.normal(size=(30, 1)), "b": rng.normal(size=(40, 1)) + 1}
    line = compare_models("mean", mean_metric(larger_is_better=True), generated=rows)["mean"]
    assert line.larger_is_better
    assert line.minus_best["b"][:3] == (0, 0, 0)
    wanted = compare(line.results["a"], line.results["b"])
    assert line.minus_best["a"][:3] == wanted[:3]
    probabilities = keep_rows(lambda rows: mean_result(rows["p"][:, 0], "mean", {}), names=("p",))
    assert set(compare_models("IS", probabilities, generated=rows, sample="p")["IS"].results) == {"a", "b"}


def test_results_of_different_protocols_are_not_compared(samples):
    real, generated = samples
    metric = keep_rows(sizes)
    broken = {**generated, "broken": np.full((9, 2), np.nan)}
    for models in (generated, broken):
        line = compare_models("share", metric, real=real, generated=models)["share"]
        assert set(line.minus_best.values()) == {None}
        assert "different protocols" in line.results["near"].flags[0]
        assert float(line.results["near"].value) == 1 / 50


def test_only_the_number_of_another_protocol_is_not_compared(samples):
    """Frechet's plain distance is biased by the numbers of rows, the debiased one is not."""
    real, generated = samples
    lines = compare_models("Frechet", frechet_metric(), real=real, generated=generated)
    assert set(lines["Frechet, plain"].minus_best.values()) == {None}
    assert "different protocols" in lines["Frechet, plain"].results["near"].flags[-1]
    assert float(lines["Frechet, debiased"].minus_best["far"].low) > 0
    assert not any(
        "protocols" in flag for one in lines["Frechet, debiased"].results.values() for flag in one.flags
    )
    equal = {name: rows[:40] for name, rows in generated.items()}
    lines = compare_models("Frechet", frechet_metric(), real=real, generated=equal)
    assert float(lines["Frechet, plain"].minus_best["far"].low) > 0


def pair(first, second):
    made = namedtuple("made", [first, second])
    one = Result(1.0, 0.0, 2.0, 9, "m", {})
    return keep_rows(lambda _: made(one, one), names=("generated",))


@pytest.mark.parametrize(
    ("name", "fields", "labels"),
    [
        ("density and coverage", ("density", "coverage"), ["density", "coverage"]),
        ("energy distance", ("distance", "p_value"), ["energy distance", "energy distance, p value"]),
        ("MMD", ("squared", "p_value"), ["MMD, squared", "MMD, p value"]),
    ],
)
def test_names_of_numbers(name, fields, labels):
    lines = compare_models(name, pair(*fields), generated={"a": np.ones((3, 1))})
    assert list(lines) == labels
    assert [line.larger_is_better is None for line in lines.values()] == ["p value" in x for x in labels]
