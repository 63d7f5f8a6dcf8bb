"""Evaluate an objective at one key or many, and compare means with their errors."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

SIGMAS = 6.0
"""Probability 2e-9 for a normal mean: the tests make some hundred such comparisons."""


@functools.partial(jax.jit, static_argnums=3)
def outcomes(objective, params, batch, num_keys=4000):
    """Compute loss and aux for many keys, ``[key, ...]`` on every leaf."""
    keys = jax.random.split(jax.random.key(0), num_keys)
    return jax.vmap(lambda key: objective(params, batch, key))(keys)


@functools.partial(jax.jit, static_argnums=3)
def gradients(objective, params, batch, num_keys=4000):
    """Compute ((loss, aux), gradient) for many keys, ``[key, ...]`` on every leaf."""
    keys = jax.random.split(jax.random.key(0), num_keys)
    return jax.vmap(lambda key: jax.value_and_grad(objective, has_aux=True)(params, batch, key))(keys)


@jax.jit
def with_gradient(objective, params, x):
    """Compute ((loss, aux), gradient) at one key."""
    return jax.value_and_grad(objective, has_aux=True)(params, x, jax.random.key(0))


def mean_and_error(values):
    """Compute the mean over keys and its standard error, of ``[key, ...]``."""
    values = np.asarray(values)
    return values.mean(0), values.std(0, ddof=1) / len(values) ** 0.5


def assert_mean(values, truth):
    """Check that the mean over keys is the truth, within its error."""
    assert_at_most(values, truth)
    assert_at_most(-np.asarray(values), -truth)


def assert_at_most(values, truth):
    """Check that the mean over keys is no greater than the truth, within its error."""
    mean, error = mean_and_error(values)
    np.testing.assert_array_less(mean - truth, SIGMAS * error + 1e-12 * (1 + np.abs(truth)))


def assert_rises(smaller, greater):
    """Check that the mean over keys of the second is greater, beyond its error."""
    (low, low_error), (high, high_error) = mean_and_error(smaller), mean_and_error(greater)
    np.testing.assert_array_less(low + SIGMAS * np.hypot(low_error, high_error), high)


def total(tree):
    """Flatten a tree of ``[key, ...]`` to ``[key, number]``."""
    return jnp.concatenate([leaf.reshape(leaf.shape[0], -1) for leaf in jax.tree.leaves(tree)], axis=1)
