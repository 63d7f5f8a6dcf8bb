"""Transport on a line against linear programs, and its potentials against derivatives."""

import numpy as np
import pytest
from scipy.optimize import linprog

from jgen.evaluation.distances import quantile_coupling
from tests.helpers.false_alarms import z_of


def by_linear_program(x, y):
    """Solve the transport problem between even weights."""
    n, m = len(x), len(y)
    rows = np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))
    marginals = np.concatenate([np.full(n, 1 / n), np.full(m, 1 / m)])
    cost = np.subtract.outer(x, y).ravel() ** 2
    return linprog(cost, A_eq=np.concatenate(rows), b_eq=marginals).fun


def check_coupling(module):
    rng = np.random.default_rng(0)
    for n, m in ((5, 5), (6, 4), (3, 7), (1, 4)):
        x, y = np.sort(rng.normal(size=(n, 2)), 0), np.sort(2 * rng.normal(size=(m, 2)), 0)
        expected = [by_linear_program(x[:, line], y[:, line]) for line in (0, 1)]
        np.testing.assert_allclose(module.squared_wasserstein(x, y), expected, rtol=1e-9)


def test_value_is_that_of_a_linear_program_at_any_sizes():
    check_coupling(quantile_coupling)


@pytest.mark.parametrize(("n", "m"), [(40, 29), (30, 41)])
def test_potentials_are_optimal(rng, n, m):
    """Feasible, with the value as their constant: strong duality."""
    x, y = np.sort(rng.normal(size=(n, 1)), 0), np.sort(1 + 2 * rng.normal(size=(m, 1)), 0)
    f, g = quantile_coupling.potentials(x, y)[:, 0], quantile_coupling.potentials(y, x)[:, 0]
    value = quantile_coupling.squared_wasserstein(x, y)[0]
    slack = (x - y.T) ** 2 - value - f[:, None] - g
    assert slack.min() > -1e-9
    assert abs(f.mean()) < 1e-12


def check_crossed(module):
    """Hold the mean for two samples of one distribution to 0, at equal sizes."""
    rng = np.random.default_rng(0)
    found = [module.crossed_wasserstein(*rng.normal(size=(2, 20, 1)), rng)[0] for _ in range(400)]
    assert abs(np.mean(found)) < z_of(1) * np.std(found) / 20


def test_crossed_halves_have_no_bias_at_the_null():
    check_crossed(quantile_coupling)
