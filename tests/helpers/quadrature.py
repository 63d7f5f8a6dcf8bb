"""Find truths of targets a second way, to 1e-8 in float64: on a grid, from a Hessian, by enumeration."""

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from scipy import stats
from scipy.special import logsumexp

from tests.helpers.random_keys import fresh_key

TOLERANCE = 1e-8


def line(low, high, step):
    """Return midpoints, for which a jump at a multiple of the step costs only the square of the step."""
    return np.arange(low, high, step) + step / 2


def identity(u):
    return u, 0.0


def hyperbolic(u):
    """Turn polynomial tails into exponential ones."""
    return jnp.sinh(u), jnp.log(jnp.cosh(u)).sum()


def check_on_grid(target, axes, change=identity, skip=()):
    """Check log Z, mean, variance and expectations by a sum over a product grid."""
    step = np.prod([axis[1] - axis[0] for axis in axes])
    u = np.stack([a.ravel() for a in np.meshgrid(*axes, indexing="ij")], -1)
    u = u.reshape(-1, *target.start.shape)

    @jax.jit
    def weigh(target, u):
        x, log_det = jax.vmap(change)(u) if change is not identity else (u, 0.0)
        functions = {key: function for key, (function, _) in target.expectations.items() if key not in skip}
        values = {key: jax.vmap(function)(x) for key, function in functions.items()}
        return x, jax.vmap(target.log_density)(x) + log_det, values

    x, log_weights, values = jax.tree.map(np.asarray, weigh(target, u))
    log_z = logsumexp(log_weights) + np.log(step)
    np.testing.assert_allclose(log_z, target.log_evidence, atol=TOLERANCE)
    weights = np.exp(log_weights - log_z) * step
    rows = x.reshape(len(x), -1)
    if target.mean is not None:
        mean, variance = np.asarray(target.mean), np.asarray(target.variance)
        np.testing.assert_allclose((weights @ rows - mean) / np.sqrt(variance), 0, atol=TOLERANCE)
        np.testing.assert_allclose(weights @ rows**2 - mean**2, variance, rtol=TOLERANCE)
    for key, value in values.items():
        truth = np.ravel(target.expectations[key][1])
        found = weights @ value.reshape(len(x), -1)
        np.testing.assert_allclose(found, truth, rtol=TOLERANCE, atol=TOLERANCE, err_msg=key)


def gaussian_block(log_density, dim):
    """Return log-integral, mean and covariance of exp(quadratic), from value, gradient and Hessian at 0."""
    zero = jnp.zeros(dim)
    value, score, hessian = log_density(zero), jax.grad(log_density)(zero), jax.hessian(log_density)(zero)
    covariance = jnp.linalg.inv(-hessian)
    mean = covariance @ score
    log_z = value + score @ mean / 2 + dim * jnp.log(2 * jnp.pi) / 2 + jnp.linalg.slogdet(covariance)[1] / 2
    return log_z, mean, covariance


def check_gaussian(target):
    """Check density, moments, evidence and the proposal's scale of a Gaussian target by its Hessian."""
    log_z, mean, covariance = jax.tree.map(
        np.asarray, jax.jit(lambda: gaussian_block(target.log_density, len(target.start)))()
    )
    point = np.cos(np.arange(len(mean), dtype=float))
    exact = stats.multivariate_normal.logpdf(point, mean, covariance) + log_z
    np.testing.assert_allclose(target.log_density(point), exact, rtol=TOLERANCE)  # it is quadratic
    np.testing.assert_allclose(target.log_evidence, log_z, rtol=TOLERANCE)
    np.testing.assert_allclose(target.mean, mean, atol=TOLERANCE)
    np.testing.assert_allclose(target.variance, np.diag(covariance), rtol=TOLERANCE)
    if hasattr(target.proposal, "scale_tril"):
        tril, wide = np.asarray(target.proposal.scale_tril), covariance * np.exp(2 / len(mean))
        np.testing.assert_allclose(tril @ tril.T, wide, rtol=TOLERANCE, atol=TOLERANCE * wide.max())


def check_on_line_of_gaussians(target, log_scale, name, function):
    """Check a regression: coefficients by their Hessian, the last coordinate, a log-scale, on a line.

    Args:
        target: The target.
        log_scale: Nodes ``[node]``.
        name: An expectation of the target.
        function: The same as a function of the log-scale.
    """

    def block(log_scale):
        log_z, mean, covariance = gaussian_block(
            lambda rest: target.log_density(jnp.append(rest, log_scale)), len(target.start) - 1
        )
        return log_z, mean, jnp.diag(covariance)

    log_z, rest, variance = jax.tree.map(np.asarray, jax.jit(jax.vmap(block))(log_scale))
    step = log_scale[1] - log_scale[0]
    log_evidence = logsumexp(log_z) + np.log(step)
    weights = np.exp(log_z - log_evidence) * step
    mean = weights @ np.column_stack([rest, log_scale])
    square = weights @ np.column_stack([rest**2 + variance, log_scale**2])
    np.testing.assert_allclose(target.log_evidence, log_evidence, atol=TOLERANCE)
    np.testing.assert_allclose(target.mean, mean, atol=TOLERANCE)
    np.testing.assert_allclose(target.variance, square - mean**2, atol=TOLERANCE)
    np.testing.assert_allclose(target.expectations[name][1], weights @ function(log_scale), atol=TOLERANCE)


def log_volume(change, position):
    """Return the log of the volume element of a map into a larger space, by its Jacobian matrix."""
    jacobian = jax.jit(jax.jacfwd(change))(position)
    return np.linalg.slogdet(np.asarray(jacobian))[1]


def words(symbols, length):
    """List every word over the symbols 0 .. symbols - 1, ``[word, length]``."""
    return np.array(list(product(range(symbols), repeat=length)))


def check_by_listing(target, states):
    """Check log Z, mean, variance, expectations, bound and exact draws by the density of every state.

    Args:
        target: The target.
        states: Every state ``[state, dim]``, raveled as the target's mean is.
    """
    x = jax.vmap(ravel_pytree(target.start)[1])(jnp.asarray(states))

    @jax.jit
    def weigh(target, x, keys):
        values = {key: jax.vmap(function)(x) for key, (function, _) in target.expectations.items()}
        return jax.vmap(target.log_density)(x), values, jax.vmap(target.sample)(keys)

    keys = jax.random.split(fresh_key(), 20_000)
    log_joint, values, draws = jax.tree.map(np.asarray, weigh(target, x, keys))
    log_z = logsumexp(log_joint)
    np.testing.assert_allclose(target.log_evidence, log_z, atol=TOLERANCE)
    weights = np.exp(log_joint - log_z)
    mean = weights @ states
    np.testing.assert_allclose(target.mean, mean, atol=TOLERANCE)
    np.testing.assert_allclose(target.variance, weights @ np.square(states - mean), atol=TOLERANCE)
    for key, (_, truth) in target.expectations.items():
        np.testing.assert_allclose(np.tensordot(weights, values[key], 1), truth, atol=TOLERANCE, err_msg=key)
    if target.log_bound is not None:
        ratios = log_joint - np.asarray(jax.jit(jax.vmap(target.proposal.log_prob))(x))
        np.testing.assert_allclose(target.log_bound, ratios.max(), atol=TOLERANCE)
    check_frequencies(rank(jax.tree.leaves(draws), states), weights)
    outside = jax.tree.map(lambda leaf: leaf + 7, target.start)
    assert target.log_density(outside) == -jnp.inf


def rank(leaves, states):
    """Return the index of the state of each draw, ``[draw]``."""
    rows = np.concatenate([leaf.reshape(len(leaf), -1) for leaf in leaves], 1)
    base = (states.max() + 1) ** np.arange(states.shape[1])[::-1]
    numbers = states @ base
    order = np.argsort(numbers)
    return order[np.searchsorted(numbers[order], rows @ base)]


def check_frequencies(index, probabilities):
    """Check draws of a finite distribution: chi-square at 1e-8, cells with fewer than 20 expected pooled."""
    expected = np.asarray(probabilities) * len(index)
    counts = np.bincount(np.asarray(index), minlength=len(expected))
    assert counts[expected == 0].sum() == 0
    big = expected >= 20
    observed = np.append(counts[big], counts[~big].sum())
    wanted = np.append(expected[big], expected[~big].sum())
    keep = wanted > 0
    statistic = (np.square(observed - wanted)[keep] / wanted[keep]).sum()
    assert stats.chi2.sf(statistic, max(keep.sum() - 1, 1)) > 1e-8
