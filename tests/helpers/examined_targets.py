"""Compare exact and proposed draws of targets with truths, in one compiled program a target."""

import functools
from statistics import NormalDist
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial
from scipy.optimize import minimize

from jgen.types import Target, Trait
from tests.helpers.marking import first_of_each
from tests.helpers.members import TARGETS, target_of
from tests.helpers.random_keys import fresh_key

FALSE_ALARM = 1e-8
"""Of one mean of one target, all its coordinates together; the suite computes some 300 of them."""
DRAWS = 20_000


def first_of_each_kind(condition=lambda _: True):
    """Parametrise by targets that fulfil the condition: the first of each set of traits; rest weekly."""
    names = [name for name in TARGETS if condition(target_of(name))]
    rows = first_of_each(names, family=lambda name: target_of(name).traits)
    return pytest.mark.parametrize("name", rows, scope="module")


def is_sampled(target):
    return target.sample is not None


def is_smooth(target):
    return Trait.DISCRETE not in target.traits


class Exact(NamedTuple):
    """Facts about exact draws; the gradient is None where a target is discrete."""

    x: np.ndarray  # [draw, dim]
    log_density: np.ndarray  # [draw]
    gradient: np.ndarray | None  # [draw, dim]
    expectations: dict[str, np.ndarray]  # [draw, ...] each
    log_ratio: np.ndarray | None  # [draw], to the proposal


class Proposed(NamedTuple):
    """Facts about draws of the proposal."""

    x: np.ndarray  # [draw, dim]
    log_density: np.ndarray  # [draw]
    log_ratio: np.ndarray  # [draw]


def flat(x):
    """Ravel a batch of positions to ``[batch, dim]``."""
    return jax.vmap(lambda position: ravel_pytree(position)[0])(x)


def log_ratio(target, x):
    return target.log_density(x) - target.proposal.log_prob(x)


@jax.jit
def values_and_gradients(target, x):
    """Evaluate log densities and gradients of a batch, ``[batch]`` and ``[batch, dim]`` or None."""
    if not is_smooth(target):
        return jax.vmap(target.log_density)(x), None
    value, gradient = jax.vmap(jax.value_and_grad(target.log_density))(x)
    return value, flat(gradient)


@jax.jit
def _exact(target, keys):
    x = jax.vmap(target.sample)(keys)
    value, gradient = values_and_gradients(target, x)
    expectations = {key: jax.vmap(function)(x) for key, (function, _) in target.expectations.items()}
    ratio = None if target.proposal is None else value - jax.vmap(target.proposal.log_prob)(x)
    return Exact(flat(x), value, gradient, expectations, ratio)


@jax.jit
def _proposed(target, keys):
    x = jax.vmap(target.proposal.sample)(keys)
    value = jax.vmap(target.log_density)(x)
    return Proposed(flat(x), value, value - jax.vmap(target.proposal.log_prob)(x))


def _run(program, target):
    """Run a program on fresh keys; its results in float64, so that sums over draws add no rounding."""
    facts = program(target, jax.random.split(fresh_key(), DRAWS))
    return jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), facts)


@functools.cache
def exact(name):
    return _run(_exact, target_of(name))


@functools.cache
def proposed(name):
    return _run(_proposed, target_of(name))


def assert_mean(samples, truth, what):
    r"""Check that the mean of ``samples [draw, ...]`` is ``truth``, by the central limit theorem.

    The quantile z of a studentised mean moves with the skewness of the draws, by
    :math:`\gamma (2 z^2 + 1) / 6 \sqrt n` (Cornish and Fisher; Hall 1992, section 2.6), where
    :math:`\gamma / \sqrt n = \sum c^3 / (\sum c^2)^{3/2}` is at most the square root of the share that the
    largest draw holds of the sum of squares. A coordinate where that is over 5 % is outside the theorem.

    Returns:
        Which coordinates were checked ``[...]``.
    """
    samples = np.asarray(samples, np.float64).reshape(len(samples), -1)
    truth = np.broadcast_to(np.asarray(truth, np.float64).ravel(), samples.shape[1:])
    centred = np.square(samples - samples.mean(0))
    sums = centred.sum(0)
    limit_holds = centred.max(0) <= 0.05 * sums
    skewness = np.sqrt(centred.max(0) / np.where(sums > 0, sums, np.inf))
    quantile = NormalDist().inv_cdf(1 - FALSE_ALARM / 2 / samples.shape[1])
    error = np.abs(samples.mean(0) - truth)
    quantile = quantile + skewness * (2 * quantile**2 + 1) / 6
    allowed = quantile * np.sqrt(sums) / len(samples) + 1e-6 * (np.abs(truth) + np.abs(samples).max(0))
    bad = limit_holds & ~(error <= allowed)
    assert not bad.any(), f"{what}: {samples.mean(0)[bad]} is not {truth[bad]} within {allowed[bad]}"
    return limit_holds


def check_moments(target, draws):
    """Check mean, variance and expectations; false-alarm rate 1e-8 each."""
    checked = 0
    if target.mean is not None:
        checked += assert_mean(draws.x, target.mean, "mean").sum()
    if target.variance is not None:
        deviations = np.square(draws.x - np.asarray(target.mean, np.float64))
        checked += assert_mean(deviations, target.variance, "variance").sum()
    for key, (_, truth) in target.expectations.items():
        checked += assert_mean(draws.expectations[key], truth, key).sum()
    assert checked


def check_virial(draws):
    """Check E x_i d_i log p = -1 for each i, which ties the density to the draws; false-alarm rate 1e-8.

    The identity is integration by parts; it holds for heavy tails too. Most of its terms stay of order 1. Of
    the horseshoe's local scales one draw in 20,000 may outweigh the rest; such a coordinate is left out.
    """
    assert assert_mean(draws.x * draws.gradient, -1.0, "virial").any()


def check_target(target):
    """Check the moments of exact draws, and that they fit the density."""
    draws = _run(_exact, target)
    check_moments(target, draws)
    check_virial(draws)


def check_same_form(x, y):
    assert jax.tree.structure(x) == jax.tree.structure(y)
    for left, right in zip(jax.tree.leaves(x), jax.tree.leaves(y), strict=True):
        assert (left.shape, left.dtype) == (right.shape, right.dtype)


def check_form(target, name):
    """Check types, shapes and dtypes of the fields, by abstract evaluation."""
    assert isinstance(target, Target)
    assert target.name == name
    assert target.source
    assert isinstance(target.log_density, Partial)
    assert not target.log_density.func.__qualname__.count("<")
    dim = ravel_pytree(target.start)[0].size
    for truth in (target.mean, target.variance):
        assert truth is None or truth.shape == (dim,)
    for function, truth in target.expectations.values():
        assert isinstance(function, Partial)
        assert jax.eval_shape(function, target.start).shape == jnp.shape(truth)
    if is_sampled(target):
        assert isinstance(target.sample, Partial)
        check_same_form(jax.eval_shape(target.sample, jax.random.key(0)), target.start)
    if target.proposal is not None:
        assert target.proposal.batch_shape == ()
        assert target.proposal.event_shape == target.start.shape
        check_same_form(jax.eval_shape(target.proposal.sample, jax.random.key(0)), target.start)
    assert target.proposal is not None or target.log_bound is None


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
    climb = jax.jit(jax.value_and_grad(lambda x: -log_ratio(target, x)))
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
        slack = max(slack, rounding(log_density, -result.fun, len(start)))
    return best, slack, float(target.log_bound)


def rounding(log_density, log_ratio, dim):
    """Bound the rounding of a log-ratio by a few units in the last place of its terms ``[batch]``."""
    terms = np.abs(log_density) + np.abs(log_density - log_ratio) + dim
    return 8 * np.finfo(jnp.zeros(()).dtype).eps * terms
