"""MAUVE: known values by quadrature and by the curve itself, its gradients, null and seeds."""

from importlib import import_module
from math import comb

import numpy as np
import pytest
from scipy.special import rel_entr

from jgen.evaluation.clustered_histograms import word_samples
from jgen.evaluation.mauve import mauve, mauve_metric, mauve_of_histograms, mauve_with_gradients
from jgen.evaluation.results import compare
from jgen.features import HashedCharacters, raw
from tests.helpers.random_keys import FALSE_ALARM_SDS, fresh_rng


def curve(p, q, scaling, weights):
    """Compute the area under the closed curve by the trapezoidal rule."""
    mixture = weights[:, None] * p + (1 - weights[:, None]) * q
    x = np.exp(-scaling * rel_entr(q, mixture).sum(1))
    y = np.exp(-scaling * rel_entr(p, mixture).sum(1))
    x, y = np.r_[1.0, x, 0.0], np.r_[0.0, y, 1.0]  # from (1, 0) at weight 0 to (0, 1)
    return -np.trapezoid(y, x)


FINE = np.linspace(0, 1, 100_001)[1:-1]
PAIRS = [
    ([0.1, 0.9], [0.9, 0.1]),
    ([1.0, 0.0], [0.0, 1.0]),
    ([0.5, 0.5, 0.0], [0.001, 0.5, 0.499]),
    ([0.2, 0.3, 0.5], [0.3, 0.3, 0.4]),
]


def check_values(module):
    """Known values, symmetry, and the area of the curve itself."""
    of = module.mauve_of_histograms
    for scaling in (1, 2, 5):
        np.testing.assert_allclose(of([1, 0], [0, 1], scaling), 1 / comb(2 * scaling, scaling), rtol=1e-11)
    np.testing.assert_allclose(of([1, 0], [0, 1]), 1 / 252, rtol=1e-11)
    np.testing.assert_allclose(of([0.1, 0.9], [0.9, 0.1]), 0.081948, atol=5e-7)
    np.testing.assert_allclose(of([0.3, 0.7], [0.3, 0.7]), 1.0, rtol=1e-14)
    for p, q in PAIRS:
        np.testing.assert_allclose(of(p, q), of(q, p), rtol=1e-10)
        np.testing.assert_allclose(of(p, q), curve(np.array(p), np.array(q), 5, FINE), rtol=1e-4)


def test_values():
    check_values(import_module("jgen.evaluation.mauve"))


def test_the_25_weights_of_its_package_read_something_else():
    """Which is why the weights are in the protocol."""
    weights = np.linspace(1e-6, 1 - 1e-6, 25)
    for (p, q), value in zip(PAIRS[:2], (0.082602, 0.004072), strict=True):
        np.testing.assert_allclose(curve(np.array(p), np.array(q), 5, weights), value, atol=5e-7)
        assert abs(mauve_of_histograms(p, q) - value) > 1e-4


def check_gradients(module):
    rng = np.random.default_rng(2)
    p, q = rng.dirichlet(np.ones(5), size=2)
    value, by_p, by_q = module.mauve_with_gradients(p, q, scaling=5.0)
    for j, step in enumerate(1e-6 * np.eye(5)):
        for found, move in ((by_p, (step, 0)), (by_q, (0, step))):
            ends = [
                module.mauve_with_gradients(p + side * move[0], q + side * move[1], scaling=5.0)[0]
                for side in (1, -1)
            ]
            np.testing.assert_allclose(found[j], (ends[0] - ends[1]) / 2e-6, rtol=1e-4, atol=1e-6 * value)


def test_gradients():
    check_gradients(import_module("jgen.evaluation.mauve"))


@pytest.mark.parametrize(("size", "value"), [(100, 0.966), (500, 0.966), (5000, 0.963)])
def test_one_distribution_on_even_bins_reads_less_than_1(size, value):
    """Known to three digits, so 0.0005 is allowed beside the scatter; at 100 the draws read .9634 to .966."""
    kinds = size // 10
    draws = fresh_rng().multinomial(size, np.ones(kinds) / kinds, size=(40, 2)) / size
    readings = [mauve_of_histograms(*pair) for pair in draws]
    error = np.std(readings, ddof=1) / np.sqrt(40)
    assert abs(np.mean(readings) - value) < FALSE_ALARM_SDS * error + 5e-4
    assert np.mean(readings) < 0.99


def test_results_have_null_interval_protocol_and_seeds():
    samples = word_samples(np.random.default_rng(0), 60, 60, 1.0)
    found = mauve(**samples, extractor=HashedCharacters(dim=64))
    for one in found:
        assert one.low < one.value < one.high
        assert one.value < one.null.value
    assert found.rescaled.null.value == 1
    least = 1 / 252
    np.testing.assert_allclose(
        found.rescaled.value, (found.plain.value - least) / (found.plain.null.value - least)
    )
    assert found.plain.protocol["extractor"] == "hashed character n-grams"
    assert found.plain.protocol["digest"] == HashedCharacters(dim=64).digest
    other = mauve(**samples, extractor=HashedCharacters(dim=32))
    with pytest.raises(ValueError, match="digest"):
        compare(found.plain, other.plain)


def test_the_error_has_that_of_the_seeds():
    rng = np.random.default_rng(0)
    real, generated = rng.normal(size=(2, 80, 3)) + np.array([[[0.0]], [[0.5]]])
    singles = [mauve(real=real, generated=generated, extractor=raw(), num_seeds=k) for k in (1, 4)]
    metric = mauve_metric(extractor=raw(), num_seeds=4)
    influence = metric.influence(metric.accumulate(metric.empty(), real=real, generated=generated)).plain
    by_rows = sum(np.var(one, ddof=1) / len(one) for one in influence.by_sample.values())
    assert singles[1].plain.standard_error > np.sqrt(by_rows)
    assert singles[0].plain.value != singles[1].plain.value


def test_equal_samples_read_1_in_any_order(rng):
    real = rng.normal(size=(40, 2))
    found = mauve(real=real, generated=real[::-1], extractor=raw(), num_seeds=1)
    assert found.plain.value == 1
    far = mauve(real=real, generated=real + 100, extractor=raw(), num_seeds=1, num_bins=2)
    np.testing.assert_allclose([far.plain.value, far.rescaled.value + 1], [1 / 252, 1], rtol=1e-9)


def test_the_order_of_rows_leaves_the_value(rng):
    real, generated = rng.normal(size=(2, 50, 3))
    one = mauve(real=real, generated=generated, extractor=raw(), num_seeds=2)
    other = mauve(real=real[rng.permutation(50)], generated=generated[::-1], extractor=raw(), num_seeds=2)
    np.testing.assert_allclose(one.plain[:3], other.plain[:3], rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"real": ["a"] * 5, "generated": ["b"] * 30}, "20 rows or more"),
        ({"real": np.zeros((30, 2)), "generated": np.zeros((30, 2))}, "list of strings"),
        ({"real": ["a"] * 30, "generated": ["b"] * 30, "num_bins": 1}, "num_bins"),
        ({"real": ["a"] * 30, "generated": ["b"] * 30, "num_seeds": 0}, "num_seeds"),
        ({"real": ["a"] * 30, "generated": ["b"] * 30, "explained": 0.0}, "explained"),
        ({"real": ["a"] * 30, "generated": ["b"] * 30, "scaling": -1.0}, "scaling"),
        ({"real": np.full((30, 2), np.nan), "generated": np.zeros((30, 2)), "extractor": raw()}, "NaN"),
    ],
)
def test_bad_input_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        mauve(**options)


def test_equal_rows_are_flagged():
    found = mauve(real=["a"] * 20, generated=["a"] * 20, num_seeds=1)
    assert found.plain.value == 1
    assert "beyond_resolution" in found.plain.flags
    assert "beyond_resolution" in found.rescaled.flags


def test_gradients_are_finite_where_a_bin_is_empty():
    _, by_p, by_q = mauve_with_gradients(np.array([0.5, 0.5, 0.0]), np.array([0.5, 0.0, 0.5]), scaling=5.0)
    assert np.isfinite([*by_p, *by_q]).all()
