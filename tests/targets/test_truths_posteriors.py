"""Truths of posteriors, found again by blocks of Gaussians on a line, and by hand."""

import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from scipy import integrate, stats
from scipy.special import logsumexp

from jgen.targets import (
    behrens_fisher,
    breast_cancer,
    diabetes,
    dirichlet,
    eight_schools,
    horseshoe,
    linear_regression,
    log_gamma,
    wishart,
)
from tests.helpers.quadrature import TOLERANCE, gaussian_block, line

school = importlib.import_module("jgen.targets.eight_schools")
line_fit = importlib.import_module("jgen.targets.linear_regression")
pytestmark = pytest.mark.usefixtures("x64")


def test_eight_schools_by_a_grid_of_gaussians():
    """Catches a lost Jacobian or a wrong moment: theta by its Hessian, mu and log tau on a grid."""
    target = eight_schools()

    def school_block(mu, log_tau):
        def of_raw(raw):
            return target.log_density({"mu": mu, "log_tau": log_tau, "theta_raw": raw})

        log_z, mean, covariance = gaussian_block(of_raw, 8)
        return log_z, mean, jnp.diag(covariance)

    mu, log_tau = (a.ravel() for a in np.meshgrid(line(-45, 50, 0.75), line(-40, 9, 0.2)))
    log_z, raw, spread = jax.tree.map(np.asarray, jax.jit(jax.vmap(school_block))(mu, log_tau))
    log_evidence = logsumexp(log_z) + np.log(0.75 * 0.2)
    np.testing.assert_allclose(target.log_evidence, log_evidence, atol=TOLERANCE)
    np.testing.assert_allclose(log_evidence, -31.31134735, atol=6e-9)
    weights = np.exp(log_z - log_evidence) * 0.75 * 0.2
    rows = np.column_stack([log_tau, mu, raw])
    squares = np.column_stack([log_tau**2, mu**2, raw**2 + spread])
    np.testing.assert_allclose(target.mean, weights @ rows, atol=TOLERANCE)
    np.testing.assert_allclose(target.variance, weights @ squares - (weights @ rows) ** 2, atol=TOLERANCE)
    tau, theta = np.exp(log_tau), mu[:, None] + np.exp(log_tau)[:, None] * raw
    found = {"mu": weights @ mu, "tau": weights @ tau, "log_tau": weights @ log_tau, "theta": weights @ theta}
    for key, (_, truth) in target.expectations.items():
        np.testing.assert_allclose(truth, found[key], atol=TOLERANCE)
    known = [6.21188, 4.94018, 3.92700, 4.75710, 3.61548, 4.04261, 6.29672, 4.85425]
    np.testing.assert_allclose(found["theta"], known, atol=6e-6)
    np.testing.assert_allclose(
        [found["mu"], found["tau"], found["log_tau"]], [4.396821, 3.597705, 0.802139], atol=6e-7
    )
    sds = [np.sqrt(target.variance[1]), np.sqrt(weights @ tau**2 - found["tau"] ** 2)]
    np.testing.assert_allclose(sds, [3.317704, 3.219958], atol=6e-7)


def on_a_line_of_gaussians(target, log_scale):
    """Coefficients by their Hessian, the last coordinate, a log-scale, on a line.

    Returns:
        log Z, the mean ``[dim]``, the variance ``[dim]`` and the weights of the nodes.
    """

    def block(log_scale):
        def of_rest(rest):
            return target.log_density(jnp.append(rest, log_scale))

        log_z, mean, covariance = gaussian_block(of_rest, len(target.start) - 1)
        return log_z, mean, jnp.diag(covariance)

    log_z, rest, spread = jax.tree.map(np.asarray, jax.jit(jax.vmap(block))(log_scale))
    step = log_scale[1] - log_scale[0]
    log_evidence = logsumexp(log_z) + np.log(step)
    weights = np.exp(log_z - log_evidence) * step
    mean = weights @ np.column_stack([rest, log_scale])
    square = weights @ np.column_stack([rest**2 + spread, log_scale**2])
    return log_evidence, mean, square - mean**2, weights


@pytest.mark.parametrize(
    "data",
    [(), (np.stack([np.ones(9), np.arange(9) / 9, np.arange(9) % 2], 1), np.arange(9) % 4 - 0.5, 0.5)],
)
def test_linear_regression_by_a_line_of_gaussians(data):
    """Catches a wrong evidence or moment."""
    target, log_sigma = linear_regression(*data), line(-5, 7, 0.02)
    log_evidence, mean, variance, weights = on_a_line_of_gaussians(target, log_sigma)
    np.testing.assert_allclose(target.log_evidence, log_evidence, atol=TOLERANCE)
    np.testing.assert_allclose(target.mean, mean, atol=TOLERANCE)
    np.testing.assert_allclose(target.variance, variance, atol=TOLERANCE)
    np.testing.assert_allclose(target.expectations["sigma"][1], weights @ np.exp(log_sigma), atol=TOLERANCE)


@pytest.mark.parametrize("prior_scale", [1.0, 0.1])
def test_diabetes_by_a_line_of_gaussians(prior_scale):
    """Catches a Jacobian of log sigma that is dropped, or taken for that of sigma squared."""
    target, log_sigma = diabetes(prior_scale), line(-0.8, 0.4, 0.005)
    log_evidence, mean, variance, weights = on_a_line_of_gaussians(target, log_sigma)
    np.testing.assert_allclose(target.log_evidence, log_evidence, atol=TOLERANCE)
    np.testing.assert_allclose(target.mean, mean, atol=TOLERANCE)
    np.testing.assert_allclose(target.variance, variance, atol=TOLERANCE)
    found = weights @ np.exp(2 * log_sigma)
    np.testing.assert_allclose(target.expectations["sigma^2"][1], found, atol=TOLERANCE)


def test_horseshoe_by_adaptive_quadrature():
    """Each mean apart, over lambda itself: it knows of no log, and so of no Jacobian."""
    target = horseshoe()
    y = np.asarray(target.log_density.args[0])

    def integral(function):
        def value(scale, y):
            likelihood = stats.norm.pdf(y, 0, np.sqrt(1 + scale**2)) * stats.halfcauchy.pdf(scale)
            return function(scale, scale * y / (1 + scale**2)) * likelihood

        options = {"epsabs": 1e-13, "epsrel": 1e-11, "limit": 500}
        parts = [(0, 1), (1, 10), (10, np.inf)]
        return np.array(
            [sum(integrate.quad(value, *ends, args=(each,), **options)[0] for ends in parts) for each in y]
        )

    evidence = integral(lambda *_: 1.0)
    np.testing.assert_allclose(target.log_evidence, np.log(evidence).sum(), atol=TOLERANCE)
    log_scale, raw = integral(lambda scale, _: np.log(scale)), integral(lambda _, raw: raw)
    mean = np.concatenate([log_scale, raw]) / np.tile(evidence, 2)
    np.testing.assert_allclose(target.mean, mean, atol=TOLERANCE)
    square = np.concatenate(
        [
            integral(lambda scale, _: np.log(scale) ** 2),
            integral(lambda scale, raw: raw**2 + 1 / (1 + scale**2)),
        ]
    )
    np.testing.assert_allclose(target.variance, square / np.tile(evidence, 2) - mean**2, atol=TOLERANCE)
    means = integral(lambda scale, raw: scale * raw) / evidence
    np.testing.assert_allclose(target.expectations["means"][1], means, atol=TOLERANCE)
    shrinkage = integral(lambda scale, _: 1 / (1 + scale**2)) / evidence
    np.testing.assert_allclose(target.expectations["shrinkage"][1], shrinkage, atol=TOLERANCE)
    point = np.cos(np.arange(6.0))
    scale, raw = np.exp(point[:3]), point[3:]
    by_hand = stats.norm.logpdf(y, scale * raw) + stats.norm.logpdf(raw) + stats.halfcauchy.logpdf(scale)
    np.testing.assert_allclose(target.log_density(point), (by_hand + point[:3]).sum(), rtol=TOLERANCE)


def test_behrens_and_fisher_by_the_two_students():
    """The probability that one mean exceeds the other: a t distribution function under a t density."""
    target = behrens_fisher()
    (y,) = (np.asarray(each) for each in target.log_density.args)
    first, second = (stats.t(9, each.mean(), each.std(ddof=1) / np.sqrt(10)) for each in y)
    found = integrate.quad(lambda x: second.sf(x) * first.pdf(x), -40, 40, points=[0, 2], limit=200)[0]
    np.testing.assert_allclose(target.expectations["second is better"][1], found, atol=TOLERANCE)
    np.testing.assert_allclose(target.variance[:2], [first.var(), second.var()], rtol=TOLERANCE)


def log_volume(change, position):
    """Log of the volume element of a map into a larger space, by its Jacobian matrix."""
    jacobian = jax.jit(jax.jacfwd(change))(position)
    return np.linalg.slogdet(np.asarray(jacobian))[1]


def test_log_jacobians_are_those_of_the_map():
    """Bug 9, at its source: constrained densities of SciPy plus a Jacobian found by differentiation."""
    y = np.array([0.3, -1.2, 0.8])
    simplex, _ = dirichlet().expectations["p"]
    p = np.asarray(jax.jit(simplex)(y))
    exact = stats.dirichlet.logpdf(p, [1.5, 2.0, 3.0, 4.5]) + log_volume(lambda y: simplex(y)[:3], y)
    np.testing.assert_allclose(dirichlet().log_density(y), exact, rtol=TOLERANCE)

    position = np.array([0.1, -0.3, 0.4, 1.2, -0.7, 0.5])
    matrix, _ = wishart().expectations["W"]
    rows, columns = np.tril_indices(3)
    scale = 0.5 ** np.abs(np.subtract.outer(np.arange(3), np.arange(3)))
    exact = stats.wishart.logpdf(np.asarray(matrix(position)), 7, scale)
    exact += log_volume(lambda position: matrix(position)[rows, columns], position)
    np.testing.assert_allclose(wishart().log_density(position), exact, rtol=TOLERANCE)

    x = np.array([0.3, -1.2, 0.8, 2.0])
    shapes = [0.5, 1.0, 2.5, 7.0]
    exact = stats.gamma.logpdf(np.exp(x), shapes, scale=0.5).sum() + log_volume(jnp.exp, x)
    np.testing.assert_allclose(log_gamma().log_density(x), exact, rtol=TOLERANCE)


@pytest.mark.parametrize(("dim", "dof"), [(3, 7.0), (2, 2.5)])
def test_wishart_moments_by_quadrature(dim, dof):
    """Bartlett's factor, chi variables by quadrature: mean and variance of the Cholesky factor of W."""
    target = wishart(dim, dof)
    lower = np.linalg.cholesky(0.5 ** np.abs(np.subtract.outer(np.arange(dim), np.arange(dim))))
    chis = [stats.chi(dof - i) for i in range(dim)]
    log_mean = [chi.expect(np.log, epsabs=1e-12, limit=200) for chi in chis]
    np.testing.assert_allclose(target.mean[:dim], np.log(np.diag(lower)) + log_mean, atol=TOLERANCE)
    log_square = [chi.expect(lambda x: np.log(x) ** 2, epsabs=1e-12, limit=200) for chi in chis]
    np.testing.assert_allclose(
        target.variance[:dim], np.subtract(log_square, np.square(log_mean)), atol=TOLERANCE
    )
    rows, columns = np.tril_indices(dim, -1)
    for place, (i, j) in enumerate(zip(rows, columns, strict=True), start=dim):
        np.testing.assert_allclose(target.mean[place], lower[i, j] * chis[j].mean(), rtol=TOLERANCE)
        # C_ij = sum_k L_ik A_kj over k = j .. i, of which only A_jj is a chi variable
        spread = lower[i, j] ** 2 * chis[j].var() + (lower[i, j + 1 : i + 1] ** 2).sum()
        np.testing.assert_allclose(target.variance[place], spread, rtol=TOLERANCE)
    np.testing.assert_allclose(
        target.expectations["log |W|"][1],
        2 * np.sum(log_mean) + 2 * np.log(np.diag(lower)).sum(),
        atol=TOLERANCE,
    )


def test_breast_cancer_by_hand():
    """Catches a sign of the labels, an unstandardised column, a lost prior."""
    from sklearn.datasets import load_breast_cancer

    features, labels = load_breast_cancer(return_X_y=True)
    standardised = stats.zscore(features)
    w = np.cos(np.arange(31.0))
    exact = stats.norm.logpdf(w).sum()
    probability = 1 / (1 + np.exp(-(w[0] + standardised @ w[1:])))
    exact += stats.bernoulli.logpmf(labels, probability).sum()
    target = breast_cancer()
    value, gradient = jax.jit(jax.value_and_grad(target.log_density))(w)
    np.testing.assert_allclose(value, exact, rtol=TOLERANCE)
    residual = labels - probability
    score = np.append(residual.sum(), standardised.T @ residual)
    np.testing.assert_allclose(gradient, score - w, rtol=TOLERANCE)


def test_the_likelihood_is_largest_where_its_exact_sampler_thinks():
    """Catches an acceptance probability that would pass 1 between the nodes of the factory's grid."""
    y, s, top = eight_schools().sample.args
    tau = np.append(np.exp(line(-30, 10, 0.01)), 0.0)
    values = jax.jit(jax.vmap(lambda t: school.mu_given_tau(y, s, t)[2] - top))(tau)
    np.testing.assert_allclose(values.max(), 0, atol=1e-12)
    posterior, _, top = linear_regression().sample.args
    values = jax.jit(jax.vmap(lambda v: line_fit.log_accept(posterior, top, v)))(line(-5, 8, 0.00037))
    assert -2e-4 <= values.max() <= 0


def test_ravel_order_of_dicts():
    """mean and variance follow ravel_pytree, which sorts the names of a dict."""
    position = {"mu": jnp.ones(()), "log_tau": jnp.zeros(()), "theta_raw": jnp.full(8, 2.0)}
    np.testing.assert_array_equal(ravel_pytree(position)[0], [0, 1] + [2] * 8)
