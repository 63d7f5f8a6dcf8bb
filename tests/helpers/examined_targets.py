"""Compare exact and proposed draws of targets with truths, in one compiled program a target."""

import functools
from statistics import NormalDist

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial
from scipy.optimize import minimize

from jgen.testing.check_target import claims, evaluations, form, mean_errors
from jgen.types import Target, Trait
from tests.helpers.marking import first_of_each
from tests.helpers.members import TARGETS, target_of
from tests.helpers.random_keys import fresh_key

FALSE_ALARM = 1e-8
"""Of one mean of one target, all its coordinates together; the suite computes some 300 of them."""


def first_of_each_kind(condition=lambda _: True):
    """Parametrise by targets that fulfil the condition: the first of each set of traits; rest weekly."""
    names = [name for name in TARGETS if condition(target_of(name))]
    rows = first_of_each(names, family=lambda name: target_of(name).traits)
    return pytest.mark.parametrize("name", rows, scope="module")


def is_sampled(target):
    return target.sample is not None


def is_smooth(target):
    return Trait.DISCRETE not in target.traits


def flat(x):
    """Ravel a batch of positions to ``[batch, dim]``."""
    return jax.vmap(lambda position: ravel_pytree(position)[0])(x)


@jax.jit
def values_and_gradients(target, x):
    """Evaluate log densities and gradients of a batch, ``[batch]`` and ``[batch, dim]`` or None."""
    if not is_smooth(target):
        return jax.vmap(target.log_density)(x), None
    value, gradient = jax.vmap(jax.value_and_grad(target.log_density))(x)
    return value, flat(gradient)


@functools.cache
def exact(name):
    return evaluations(target_of(name), fresh_key())


@functools.cache
def proposed(name):
    return evaluations(target_of(name), fresh_key(), of_proposal=True)


def assert_mean(what, samples, truth):
    """Check that the mean of ``samples [draw, ...]`` is ``truth``; return whether any coordinate can be."""
    quantile = NormalDist().inv_cdf(1 - FALSE_ALARM / 2 / samples[0].size)
    found = mean_errors(what, samples, truth, quantile)
    assert all(one.value <= one.allowed for one in found), found
    return bool(found)


def check_moments(target, draws):
    """Check mean, variance and expectations; false-alarm rate 1e-8 each."""
    checked = [assert_mean(name, *claim) for name, claim in claims(target, draws).items()]
    assert any(checked)


def check_virial(target, draws):
    """Check E x_i d_i log p = -1 for each i, which ties the density to the draws; false-alarm rate 1e-8.

    The identity is integration by parts; it holds for heavy tails too. Most of its terms stay of order 1. Of
    the horseshoe's local scales one draw in 20,000 may outweigh the rest; such a coordinate is left out.
    """
    start, unravel = ravel_pytree(target.start)
    _, gradients = values_and_gradients(target, jax.vmap(unravel)(draws.x.astype(start.dtype)))
    assert assert_mean("the virial", draws.x * np.asarray(gradients, np.float64), -1.0)


def check_target(target):
    """Check the moments of exact draws, and that they fit the density."""
    draws = evaluations(target, fresh_key())
    check_moments(target, draws)
    check_virial(target, draws)


def check_form(target, name):
    """Check types, shapes and dtypes of the fields, by abstract evaluation."""
    assert isinstance(target, Target)
    assert (target.name, bool(target.source)) == (name, True)
    form(target)
    assert not target.log_density.func.__qualname__.count("<")
    functions = [function for function, _ in target.expectations.values()]
    functions += [target.sample] if is_sampled(target) else []
    assert all(isinstance(function, Partial) for function in functions)
    if target.proposal is not None:
        assert (target.proposal.batch_shape, target.proposal.event_shape) == ((), target.start.shape)


def check_precision(name):
    """Check densities and gradients far out, and that float32 agrees with float64.

    Where there are exact draws, their log densities in float32 must be those in float64 but for what rounding
    the input loses, times a small constant, which detects cancellation.
    """
    low = target_of(name)
    start, unravel = ravel_pytree(low.start)
    start = np.asarray(start)
    far = [start, 0 * start, 10 * start, -10 * start, 100 * start]
    if low.variance is not None:
        centre, sd = np.asarray(low.mean), np.sqrt(low.variance)
        far += [centre + 10 * sd, centre - 10 * sd]
    far = np.stack(far) if is_smooth(low) else start[None]
    rows = np.concatenate([far, exact(name).x[:200]]) if is_sampled(low) else far
    x = jax.tree.map(np.asarray, jax.vmap(unravel)(rows.astype(start.dtype)))
    values, gradients = jax.tree.map(np.asarray, values_and_gradients(low, x))
    assert np.isfinite(values[0]), "the start lies outside the support"
    assert not np.isnan(values).any()
    assert gradients is None or np.isfinite(gradients[: len(far)]).all()
    with jax.enable_x64(True):
        high = TARGETS[name]()
        for leaf in jax.tree.leaves(high):
            assert jnp.result_type(leaf) in (jnp.float64, jnp.int64), leaf
        check_form(high, name)
        precise = jax.tree.map(lambda leaf, start: leaf.astype(start.dtype), x, high.start)
        expected, gradients = jax.tree.map(np.asarray, values_and_gradients(high, precise))
        assert expected.dtype == np.float64
        sensitivity = 0.0 if gradients is None else np.abs(np.asarray(flat(precise)) * gradients).sum(1)
    allowed = 16 * np.finfo(np.float32).eps * (np.abs(expected) + sensitivity + 10 * rows.shape[1])
    error = np.abs(values.astype(np.float64)[len(far) :] - expected[len(far) :])
    assert (error <= allowed[len(far) :]).all()


def maximise_log_ratio(name):
    """Maximise the log-ratio of target and proposal; return the maximum, its rounding and the bound."""
    target = TARGETS[name]()
    climb = jax.jit(jax.value_and_grad(lambda x: target.proposal.log_prob(x) - target.log_density(x)))
    starts = proposed(name).x[:2]
    if is_sampled(target):
        starts = np.concatenate([starts, exact(name).x[:2]])
    best, slack = -np.inf, 0.0
    for start in starts:
        result = minimize(
            lambda x: [np.ravel(np.asarray(each)) for each in climb(jnp.reshape(x, target.start.shape))],
            start, jac=True, bounds=[(1e-9, 1 - 1e-9)] if name == "beta" else None, method="L-BFGS-B",
            options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 500},
        )  # fmt: skip
        log_density = float(target.log_density(jnp.reshape(result.x, target.start.shape)))
        best = max(best, -result.fun)
        terms = abs(log_density) + abs(log_density + result.fun) + len(start)
        slack = max(slack, 8 * np.finfo(float).eps * terms)  # a few units in the last place
    return best, slack, float(target.log_bound)
