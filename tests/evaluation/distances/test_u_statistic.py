"""U-statistics against all pairs, against all samples of a small population, and their p-values."""

import itertools

import numpy as np
from scipy.spatial.distance import cdist

from jgen.evaluation.distances import pairwise_distances, u_statistic

SQUARE_ROOT = lambda squared: -np.sqrt(squared)  # noqa: E731
BELL = lambda squared: np.exp(-squared / 2)  # noqa: E731


def by_pairs(kernel, x, y):
    """Compute the statistic from all pairs of two rows."""
    within = [kernel(cdist(one, one, "sqeuclidean"))[~np.eye(len(one), dtype=bool)].mean() for one in (x, y)]
    return sum(within) - 2 * kernel(cdist(x, y, "sqeuclidean")).mean()


def check_pairs(module):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(7, 2)), rng.normal(size=(5, 2)) + 1
    for kernel in (BELL, SQUARE_ROOT):
        found = module.u_statistic(kernel, x, y)
        np.testing.assert_allclose(found.value, by_pairs(kernel, x, y), rtol=1e-12)
        with_self = kernel(cdist(x, x, "sqeuclidean")).mean() + kernel(cdist(y, y, "sqeuclidean")).mean()
        np.testing.assert_allclose(
            found.plain, with_self - 2 * kernel(cdist(x, y, "sqeuclidean")).mean(), rtol=1e-12
        )


def check_all_samples(module):
    """Compare with the exact mean and variance over all samples of four of two points each."""
    points, kernel, n = {"x": [0.0, 1.0], "y": [0.0, 3.0]}, BELL, 4
    grams = {
        a + b: kernel(np.subtract.outer(points[a], points[b]) ** 2) for a, b in itertools.product("xy", "xy")
    }
    truth = grams["xx"].mean() + grams["yy"].mean() - 2 * grams["xy"].mean()
    centred = {
        name: gram - gram.mean(0) - gram.mean(1)[:, None] + gram.mean() for name, gram in grams.items()
    }
    tau = {name: (gram**2).mean() for name, gram in centred.items()}
    second = 2 * (tau["xx"] + tau["yy"]) / (n * (n - 1)) + 4 * tau["xy"] / n**2
    first = sum(
        4 / n * (grams[a + a].mean(1) - grams[a + b].mean(1)).var() for a, b in (("x", "y"), ("y", "x"))
    )
    found = []
    for chosen in itertools.product((0, 1), repeat=2 * n):
        x, y = (
            np.array(points[name])[list(part)]
            for name, part in zip("xy", (chosen[:n], chosen[n:]), strict=True)
        )
        one = module.u_statistic(kernel, x[:, None], y[:, None])
        found.append((one.value, one.second_order))
    values, seconds = np.transpose(found)
    np.testing.assert_allclose(values.mean(), truth, rtol=1e-10)
    np.testing.assert_allclose(values.var(), first + second, rtol=1e-10)
    np.testing.assert_allclose(seconds.mean(), second, rtol=1e-10)


def test_value_is_that_of_all_pairs():
    check_pairs(u_statistic)


def test_mean_and_variance_are_exact_over_all_samples():
    check_all_samples(u_statistic)


def test_blocks_leave_values(rng, monkeypatch):
    x, y = rng.normal(size=(30, 2)), rng.normal(size=(20, 2))

    def compute():
        statistic = u_statistic.u_statistic(BELL, x, y)
        p_value = u_statistic.permutation_p_value(BELL, x, y, num_permutations=99, seed=0, protocol={})
        return statistic[:5], p_value.value

    whole = compute()
    monkeypatch.setattr(pairwise_distances, "BLOCK", 64)
    parts = compute()
    np.testing.assert_allclose(parts[0], whole[0], rtol=1e-10)
    assert parts[1] == whole[1]


def test_influence_is_the_derivative_by_weights(rng):
    """Of first order: n times the change when a row is left out is its influence, but for 1/n."""
    x, y = rng.normal(size=(200, 2)), rng.normal(size=(150, 2)) + 1
    whole = u_statistic.u_statistic(BELL, x, y)
    for name, rows in (("real", x), ("generated", y)):
        phi = whole.influence.by_sample[name]
        assert abs(phi.mean()) < 1e-12
        for i in (0, 7):
            samples = {"real": x, "generated": y, name: np.delete(rows, i, 0)}
            without = u_statistic.u_statistic(BELL, samples["real"], samples["generated"]).value
            change = (len(rows) - 1) * (whole.value - without)
            np.testing.assert_allclose(change, phi[i], rtol=3 / len(rows), atol=1e-3)


def p_value_of(module, x, y, num_permutations=19, seed=0):
    options = {"num_permutations": num_permutations, "seed": seed, "protocol": {}}
    return module.permutation_p_value(BELL, x, y, **options)


def check_p_value(module):
    """Hold p-values to their least value, to 1 for equal rows, and to a uniform null by DKW at 1e-6."""
    rng = np.random.default_rng(0)
    far = p_value_of(module, rng.normal(size=(8, 1)), rng.normal(size=(9, 1)) + 9, 199)
    assert far.value == 1 / 200
    assert far.low == 0
    assert far.high < 0.02
    assert p_value_of(module, np.ones((5, 1)), np.ones((6, 1))).value == 1
    repeats = 200
    found = [
        float(p_value_of(module, *np.split(rng.normal(size=(17, 1)), [6]), seed=i).value)
        for i in range(repeats)
    ]
    shares = np.array([np.mean(np.array(found) <= k / 20) for k in range(1, 21)])
    assert np.abs(shares - np.arange(1, 21) / 20).max() < np.sqrt(np.log(2 / 1e-6) / (2 * repeats))


def test_p_values_are_uniform_at_the_null_and_small_away_from_it():
    check_p_value(u_statistic)


def test_p_value_does_not_depend_on_row_order(rng):
    x, y = rng.normal(size=(20, 2)), rng.normal(size=(15, 2)) + 0.5
    assert p_value_of(u_statistic, x, y, 199).value == p_value_of(u_statistic, x[::-1], y[::-1], 199).value


def test_the_test_has_power(rng):
    """At 1 standard deviation and 30 rows each, p <= 1/20 in more than half of 40 cases.

    A test of means has power .97 there; with .85 half is missed with probability 1e-7.
    """
    found = [
        p_value_of(u_statistic, rng.normal(size=(30, 1)), rng.normal(1.0, size=(30, 1))) for _ in range(40)
    ]
    assert np.mean([float(one.value) <= 1 / 20 for one in found]) > 0.5
