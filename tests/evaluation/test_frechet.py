"""Check the Frechet distance of samples: what debiasing leaves, intervals, names, statistics, bad input."""

import sys

import numpy as np
import pytest

from jgen.evaluation import (
    compare,
    frechet,
    frechet_metric,
    load_statistics,
    moments_of,
    save_statistics,
)
from jgen.evaluation.feature_moments import Moments
from jgen.evaluation.frechet_null import bias, null_variance
from jgen.features import Extractor, raw
from tests.helpers.false_alarms import z_of


def normals(rng, n, m, dim=4, shift=0.0):
    return {"real": rng.normal(size=(n, dim)), "generated": rng.normal(size=(m, dim)) + shift}


def check_null(module):
    """One Gaussian: the plain value reads its null, the debiased one 0; of real rows twice as wide too."""
    rng = np.random.default_rng(0)
    found = [module.frechet(real=2 * x["real"], generated=2 * x["generated"]) for x in draws(rng, 60)]
    sd, exact = 4 * np.sqrt(null_variance(np.ones(8))) * 2 / 100, 4 * bias(np.ones(8), 100, 100)
    for values, expected in (
        ([one.plain.value for one in found], exact),
        ([one.plain.null.value for one in found], exact),
        ([one.debiased.value for one in found], 0.0),
    ):
        # The bias is of first order; the second is some D / n of it.
        assert abs(np.mean(values) - expected) < z_of(3) * 1.16 * sd / 60**0.5 + 0.02 * exact


def draws(rng, repeats):
    return [normals(rng, 100, 100, 8) for _ in range(repeats)]


def check_influences(module):
    """Each sample's influences are those of leaving its rows out, to first order in 1/n."""
    samples = normals(np.random.default_rng(0), 300, 200, 2, shift=1.0)
    samples["generated"] *= 2
    metric = module.frechet_metric()
    state = metric.accumulate(metric.empty(), **samples)
    influence = metric.influence(state).plain
    value = metric.compute(state).plain.value
    assert influence.value == value
    for name, rows in samples.items():
        for index in (0, 7):
            without = {**samples, name: np.delete(rows, index, 0)}
            step = (len(rows) - 1) * (value - module.frechet(**without).plain.value)
            scale = np.abs(influence.by_sample[name]).max()
            assert abs(step - influence.by_sample[name][index]) < 20 / len(rows) * scale


def this():
    """Return the module, whose name in the package is that of its function."""
    return sys.modules["jgen.evaluation.frechet"]


def test_samples_of_one_distribution_read_the_null():
    check_null(this())


def test_influences_are_those_of_leaving_rows_out():
    check_influences(this())


@pytest.mark.slow
@pytest.mark.parametrize("power", [0, 1])
def test_debiasing_leaves_less_than_a_twentieth_at_512_dimensions(power, rng):
    """Of two draws, whose errors are 0.3 % (identity) and 0.7 % of the plain value."""
    scale = np.arange(1.0, 513) ** (-power / 2)
    found = [frechet(**{k: x * scale for k, x in normals(rng, 1000, 1000, 512).items()}) for _ in range(2)]
    plain = np.mean([one.plain.value for one in found])
    assert abs(plain / (132.5, 0.72)[power] - 1) < 0.03
    assert abs(np.mean([one.debiased.value for one in found])) < 0.05 * plain
    assert abs(np.mean([one.plain.null.value for one in found]) / plain - 1) < 0.05


def test_the_interval_of_the_debiased_value_holds_the_distance(rng):
    """A shift and a scale: D / 4 of the means, D / 4 of the deviations; 6 standard errors."""
    samples = normals(rng, 2000, 1500, 8)
    found = frechet(real=samples["real"], generated=1.5 * samples["generated"] + 0.5)
    assert abs(found.debiased.value - 4.0) < 6 * found.debiased.standard_error
    assert found.debiased.standard_error < 0.2
    assert found.plain.value > found.debiased.value
    assert found.debiased.low > found.debiased.null.high


def test_a_sample_with_itself_reads_0_and_says_so(rng):
    rows = rng.normal(size=(50, 5))
    found = frechet(real=rows, generated=rows[rng.permutation(50)])
    assert 0 <= found.plain.value < 1e-12
    assert "share rows" in " ".join(found.plain.flags)
    assert abs(found.debiased.value) < 1e-12


def test_only_inception_makes_it_an_fid(rng):
    samples = normals(rng, 20, 20)
    other, inception = (Extractor(name, "12ab", None) for name in ("inception-v2", "inception-v3"))
    assert frechet(**samples, extractor=inception).plain.method == "FID"
    assert frechet(**samples, extractor=other).plain.method == "Frechet distance of inception-v2 features"
    assert "FID" not in frechet(**samples, extractor=raw()).debiased.method
    with pytest.raises(ValueError, match="extractor is inception-v2 and inception-v3"):
        compare(
            frechet(**samples, extractor=other).debiased, frechet(**samples, extractor=inception).debiased
        )


def test_plain_values_of_other_sizes_do_not_compare(rng):
    one, other = (frechet(**normals(rng, 20, m)) for m in (20, 30))
    with pytest.raises(ValueError, match="rows is"):
        compare(one.plain, other.plain)
    compare(one.debiased, other.debiased)


def test_published_statistics_stand_for_the_real_rows(rng, tmp_path):
    samples = normals(rng, 400, 300, 6, shift=0.5)
    save_statistics(tmp_path / "real.npz", moments_of(samples["real"]))
    by_rows = frechet(**samples)
    found = frechet(real=load_statistics(tmp_path / "real.npz"), generated=samples["generated"])
    np.testing.assert_allclose(found.plain.value, by_rows.plain.value, rtol=1e-12)
    assert "taken for those of Gaussian features" in found.plain.method
    # Both debias by groups of their own, and take errors of one size.
    second = np.sqrt(null_variance(np.ones(6))) * (1 / 400 + 1 / 300)
    assert abs(found.debiased.value - by_rows.debiased.value) < 6 * second
    assert abs(found.debiased.standard_error / by_rows.debiased.standard_error - 1) < 0.25
    assert abs(found.plain.null.value / by_rows.plain.null.value - 1) < 0.5


def test_published_statistics_are_debiased_at_the_null(rng):
    found = []
    for _ in range(60):
        samples = normals(rng, 100, 100, 8)
        found.append(frechet(real=moments_of(samples["real"]), generated=samples["generated"]).debiased.value)
    sd, exact = np.sqrt(null_variance(np.ones(8)) * 4 / 3) * 2 / 100, bias(np.ones(8), 100, 100)
    assert abs(np.mean(found)) < z_of(1) * sd / 60**0.5 + 0.02 * exact


def test_samples_without_a_debiased_value_say_so(rng):
    few = frechet(**normals(rng, 7, 7, 2))
    assert np.isfinite(few.plain.value)
    assert np.isnan(few.debiased.value)
    assert "8 rows or more" in " ".join(few.debiased.flags)
    singular = frechet(**normals(rng, 30, 40, 35))
    assert singular.plain.flags[0].startswith("covariances are singular: 30 rows of real in 35 dimensions")
    assert np.isfinite(singular.plain.low)
    assert np.isnan(singular.debiased.low)
    statistics = Moments(np.zeros(12), np.eye(12), 12)
    assert np.isnan(frechet(real=statistics, generated=rng.normal(size=(40, 12))).debiased.value)


def test_collapsed_samples_are_flagged(rng):
    rows = rng.normal(size=(30, 3))
    found = frechet(real=rows, generated=np.ones((30, 3)))
    assert found.plain.flags == ("all rows of generated are equal",)
    exact = ((rows.mean(0) - 1) ** 2).sum() + np.cov(rows.T).trace()
    np.testing.assert_allclose(found.plain.value, exact, rtol=1e-13)


def test_wrong_samples_are_refused(rng):
    rows = rng.normal(size=(30, 3))
    with pytest.raises(ValueError, match="two rows or more; generated has 1"):
        frechet(real=rows, generated=rows[:1])
    with pytest.raises(ValueError, match="statistics of 2 features do not fit a sample of 3"):
        frechet(real=moments_of(rows[:, :2]), generated=rows)
    with pytest.raises(ValueError, match="symmetric"):
        frechet(real=Moments(np.zeros(2), np.array([[1.0, 2], [0, 1]]), 9), generated=rows[:, :2])
    with pytest.raises(ValueError, match="generated takes examples"):
        frechet(real=rows, generated=moments_of(rows))
    with pytest.raises(ValueError, match="num_groups must be at least 2"):
        frechet_metric(num_groups=1)
