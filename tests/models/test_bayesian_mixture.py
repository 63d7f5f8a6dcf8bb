"""Check Bayesian mixtures against their definition, label symmetry and exact evidence."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jgen.models.bayesian_mixture import (
    bayesian_mixture,
    log_evidence_of_one,
    log_predictive,
    parameters,
    relabelled,
)

ROWS = np.random.default_rng(0).normal(size=(7, 2))


def test_the_density_is_prior_times_likelihood_row_by_row(x64):  # noqa: ARG001
    z = np.random.default_rng(1).normal(size=(3, 5))
    log_weights, means, log_precisions = map(np.asarray, parameters(jnp.asarray(z)))
    assert np.isclose(np.exp(log_weights).sum(), 1.0)
    normals = stats.norm(means, np.exp(-log_precisions / 2))  # [component, dim]
    rows = [np.exp(log_weights) @ normals.pdf(row).prod(1) for row in ROWS]
    truth = stats.norm.logpdf(z).sum() + np.log(rows).sum()
    np.testing.assert_allclose(bayesian_mixture(jnp.asarray(ROWS), 3).log_density(jnp.asarray(z)), truth)


def test_the_predictive_density_is_the_mean_over_draws(x64):  # noqa: ARG001
    """On some columns of a row, by SciPy; two draws of three components of two columns."""
    draws = np.random.default_rng(2).normal(size=(2, 3, 5))
    point = np.array([[0.3]])
    densities = []
    for z in draws:
        log_weights, means, log_precisions = map(np.asarray, parameters(jnp.asarray(z)))
        normals = stats.norm.pdf(point[0, 0], means[:, 1], np.exp(-log_precisions[:, 1] / 2))
        densities.append(np.exp(log_weights) @ normals)
    found = log_predictive(jnp.asarray(draws), (1,), jnp.asarray(point))
    np.testing.assert_allclose(found, [np.log(np.mean(densities))])


def test_labels_do_not_matter(x64):  # noqa: ARG001
    z = np.random.default_rng(1).normal(size=(3, 5))
    log_density = jax.jit(bayesian_mixture(jnp.asarray(ROWS), 3).log_density)
    values = [log_density(jnp.asarray(z[list(order)])) for order in itertools.permutations(range(3))]
    np.testing.assert_allclose(values, values[0], rtol=1e-13)
    moved = jax.vmap(relabelled, (0, None))(jax.random.split(jax.random.key(0), 50), jnp.asarray(z))
    assert len(np.unique(np.asarray(moved)[:, :, 0], axis=0)) == 6


def test_the_evidence_of_one_component_equals_quadrature(x64):  # noqa: ARG001
    """A second way: the mean and the precision integrated numerically, column by column."""
    column = ROWS[:4, :1]
    log_density = bayesian_mixture(jnp.asarray(column), 1).log_density
    grid = jnp.linspace(-9.0, 9.0, 601)  # the trapezoid rule is exact to rounding for such integrands
    points = jnp.stack(jnp.meshgrid(jnp.zeros(1), grid, grid, indexing="ij"), -1).reshape(-1, 1, 3)
    values = jax.jit(jax.vmap(log_density))(points) + 0.5 * jnp.log(2 * jnp.pi)  # the logit integrates to 1
    found = jax.nn.logsumexp(values) + 2 * jnp.log(grid[1] - grid[0])
    np.testing.assert_allclose(log_evidence_of_one(column), found, rtol=1e-9)
    both = log_evidence_of_one(ROWS)
    np.testing.assert_allclose(both, log_evidence_of_one(ROWS[:, :1]) + log_evidence_of_one(ROWS[:, 1:]))


def test_invalid_tables_are_rejected():
    with pytest.raises(ValueError, match=r"table \[row, dim\]"):
        bayesian_mixture(jnp.zeros(3), 2)
    with pytest.raises(ValueError, match="at least 1"):
        bayesian_mixture(jnp.zeros((3, 2)), 0)
