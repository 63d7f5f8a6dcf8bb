"""Entropic transport against closed forms, a linear program, and ott-jax."""

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm

from jgen.evaluation.distances import sinkhorn
from tests.evaluation.distances.test_quantile_coupling import by_linear_program
from tests.helpers.gaussian_distances import entropic_cost

OPTIONS = {"tolerance": 1e-11, "max_iterations": 20_000}


def test_closed_form_reads_the_known_value():
    np.testing.assert_allclose(entropic_cost(1.0, 1, 1, 0.5, 1), 1.61217834, atol=5e-9)


def test_closed_form_is_that_of_quadrature():
    """Sinkhorn's iteration on a grid, by NumPy."""
    grid = np.linspace(-7, 8, 301)
    weights = [np.log(norm.pdf(grid, mean) * (grid[1] - grid[0])) for mean in (0, 1)]
    cost, of_x, eps = np.subtract.outer(grid, grid) ** 2, np.zeros(len(grid)), 0.5
    for _ in range(200):
        of_y = -eps * logsumexp((of_x[:, None] - cost) / eps + weights[0][:, None], axis=0)
        of_x = -eps * logsumexp((of_y - cost) / eps + weights[1], axis=1)
    total = np.exp(weights[0]) @ of_x + np.exp(weights[1]) @ of_y
    np.testing.assert_allclose(total, 1.61217834, atol=1e-7)


def check_two_points(module):
    """Two points one apart, with themselves: the plan is of closed form."""
    x = np.array([[0.0], [1.0]])
    for eps in (0.1, 1.0, 5.0):
        expected = eps * (np.log(2) - np.log1p(np.exp(-1 / eps)))
        for other in (x, x.copy()):  # the symmetric iteration, and the other
            plan = module.solve(x, other, eps, **OPTIONS)
            np.testing.assert_allclose(plan.cost, expected, rtol=1e-9)
            assert plan.marginal_error <= 1e-11


def test_two_points():
    check_two_points(sinkhorn)


def test_quantiles_of_gaussians_come_near_the_closed_form():
    """Even quantiles are near the distribution; the error falls with their number."""
    found = []
    for n in (50, 200):
        x = norm.ppf((np.arange(n) + 0.5) / n)[:, None]
        found.append(sinkhorn.solve(x, x + 1, 0.5, **OPTIONS).cost - 1.61217834)
    assert abs(found[1]) < abs(found[0]) / 2 < 0.03


def test_small_eps_is_optimal_transport(rng):
    x, y = rng.normal(size=(8, 1)), rng.normal(size=(6, 1)) + 1
    exact = by_linear_program(x[:, 0], y[:, 0])
    cost = sinkhorn.solve(x, y, 0.01, tolerance=1e-7, max_iterations=20_000).cost
    assert exact <= cost < exact + 0.01 * np.log(48)  # KL is at most the entropy of both marginals


def test_marginals_of_the_plan_are_even(rng):
    x, y = rng.normal(size=(20, 3)), rng.normal(size=(15, 3)) + 1
    plan = sinkhorn.solve(x, y, 1.0, **OPTIONS)
    squared = ((x[:, None] - y[None]) ** 2).sum(-1)
    joint = np.exp((plan.of_x[:, None] + plan.of_y[None] - squared) / 1.0) / (20 * 15)
    np.testing.assert_allclose(joint.sum(0), 1 / 15, rtol=1e-9)
    np.testing.assert_allclose(joint.sum(1), 1 / 20, rtol=1e-9)
    divergence = (joint * np.log(joint * 300)).sum()
    np.testing.assert_allclose(plan.cost, (joint * squared).sum() + divergence, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.usefixtures("x64", "broadcasting")
def test_ott_reads_the_same(rng):
    pytest.importorskip("ott", reason="ott-jax is an optional peer")
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jax.numpy as jnp
        from ott.geometry import pointcloud
        from ott.solvers import linear

        x, y = rng.normal(size=(30, 2)), rng.normal(size=(20, 2)) + 1
        geometry = pointcloud.PointCloud(jnp.asarray(x), jnp.asarray(y), epsilon=0.5)
        theirs = float(linear.solve(geometry, threshold=1e-9, max_iterations=10_000).reg_ot_cost)
    np.testing.assert_allclose(sinkhorn.solve(x, y, 0.5, **OPTIONS).cost, theirs, rtol=1e-6)
