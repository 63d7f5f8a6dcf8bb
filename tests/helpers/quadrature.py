"""How a truth is found a second way, to 1e-8 in float64: on a grid, by Laplace's identity, by listing."""

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats
from scipy.special import logsumexp

from tests.helpers.random_keys import fresh_key

TOLERANCE = 1e-8


def line(low, high, step):
    """Midpoints: a jump at a multiple of the step costs only the square of the step."""
    return np.arange(low, high, step) + step / 2


def identity(u):
    return u, 0.0


def hyperbolic(u):
    """Polynomial tails become exponential ones."""
    return jnp.sinh(u), jnp.log(jnp.cosh(u)).sum()


def check_on_grid(target, axes, change=identity, skip=()):
    """log Z, mean, variance and expectations by a sum over a product grid, in other coordinates or not."""
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
    """Log-integral, mean and covariance of exp(quadratic), from its value, gradient and Hessian at 0."""
    zero = jnp.zeros(dim)
    value, score, hessian = log_density(zero), jax.grad(log_density)(zero), jax.hessian(log_density)(zero)
    covariance = jnp.linalg.inv(-hessian)
    mean = covariance @ score
    log_z = value + score @ mean / 2 + dim * jnp.log(2 * jnp.pi) / 2 + jnp.linalg.slogdet(covariance)[1] / 2
    return log_z, mean, covariance


def words(symbols, length):
    """Every word over the symbols 0 .. symbols - 1, ``[word, length]``."""
    return np.array(list(product(range(symbols), repeat=length)))


def check_by_listing(target, states, position=None):
    """log Z, mean, variance, expectations, bound and exact draws, from the density of every state.

    Args:
        target: The target.
        states: Every state ``[state, dim]``, raveled as the target's mean is.
        position: State ``[dim]`` -> position; None where they are the same.
    """
    position = position or (lambda state: state)
    x = jax.vmap(position)(jnp.asarray(states))

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
    check_law(rank(jax.tree.leaves(draws), states), weights)
    outside = jax.tree.map(lambda leaf: leaf + 7, target.start)
    assert target.log_density(outside) == -jnp.inf


def rank(leaves, states):
    """Which of the states each draw is ``[draw]``."""
    rows = np.concatenate([leaf.reshape(len(leaf), -1) for leaf in leaves], 1)
    base = (states.max() + 1) ** np.arange(states.shape[1])[::-1]
    numbers = states @ base
    order = np.argsort(numbers)
    return order[np.searchsorted(numbers[order], rows @ base)]


def check_law(index, probabilities):
    """Draws follow a finite law: chi-square at 1e-8, cells of fewer than 20 expected draws in one."""
    expected = np.asarray(probabilities) * len(index)
    counts = np.bincount(np.asarray(index), minlength=len(expected))
    assert counts[expected == 0].sum() == 0
    big = expected >= 20
    observed = np.append(counts[big], counts[~big].sum())
    wanted = np.append(expected[big], expected[~big].sum())
    keep = wanted > 0
    statistic = (np.square(observed - wanted)[keep] / wanted[keep]).sum()
    assert stats.chi2.sf(statistic, keep.sum() - 1) > 1e-8
