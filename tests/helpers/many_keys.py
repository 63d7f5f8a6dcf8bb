"""What many keys say of an objective, with the error of their mean."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

SIGMAS = 6.0
"""A normal mean strays this far by chance once in 5e8: the tests make some hundred such comparisons."""


@functools.partial(jax.jit, static_argnums=3)
def outcomes(objective, params, batch, num_keys=4000):
    """Loss and aux of many keys, ``[key, ...]`` on every leaf."""
    keys = jax.random.split(jax.random.key(0), num_keys)
    return jax.vmap(lambda key: objective(params, batch, key))(keys)


@functools.partial(jax.jit, static_argnums=3)
def gradients(objective, params, batch, num_keys=4000):
    """((loss, aux), gradient) of many keys, ``[key, ...]`` on every leaf."""
    keys = jax.random.split(jax.random.key(0), num_keys)
    return jax.vmap(lambda key: jax.value_and_grad(objective, has_aux=True)(params, batch, key))(keys)


def mean_and_error(values):
    """Mean over keys and its standard error, of ``[key, ...]``."""
    values = np.asarray(values)
    return values.mean(0), values.std(0, ddof=1) / len(values) ** 0.5


def assert_mean(values, truth):
    """The mean over keys is the truth, within its error."""
    mean, error = mean_and_error(values)
    rounding = 1e-12 * (1 + np.abs(truth))
    np.testing.assert_array_less(np.abs(mean - truth), SIGMAS * error + rounding)


def assert_at_most(values, truth):
    """The mean over keys is no greater than the truth, but for its error."""
    mean, error = mean_and_error(values)
    np.testing.assert_array_less(mean - truth, SIGMAS * error + 1e-12 * (1 + np.abs(truth)))


def assert_rises(smaller, greater):
    """The mean over keys of the second is greater than that of the first, beyond chance."""
    (low, low_error), (high, high_error) = mean_and_error(smaller), mean_and_error(greater)
    np.testing.assert_array_less(low + SIGMAS * np.hypot(low_error, high_error), high)


def total(tree):
    """One vector of a tree of ``[key, ...]``: ``[key, number]``."""
    return jnp.concatenate([leaf.reshape(leaf.shape[0], -1) for leaf in jax.tree.leaves(tree)], axis=1)
