"""What the laws of targets look at, computed in one compiled program a target, and kept."""

import functools
from statistics import NormalDist
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from jgen.types import Trait
from tests.helpers.members import TARGETS, target_of
from tests.helpers.random_keys import fresh_key

FALSE_ALARM = 1e-8
"""Of one mean of one target, all its coordinates together; there are some 300 of them."""
DRAWS = 20_000


def every(condition=lambda _: True):
    """One test for each target that fulfils the condition; the tests of one target run in a row."""
    names = [name for name in TARGETS if condition(target_of(name))]
    return pytest.mark.parametrize("name", names, scope="module")


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
    """A batch of positions as ``[batch, dim]``."""
    return jax.vmap(lambda position: ravel_pytree(position)[0])(x)


def log_ratio(target, x):
    return target.log_density(x) - target.proposal.log_prob(x)


def value_and_gradient(target, x):
    """Log densities and gradients of a batch ``[batch]``, ``[batch, dim]``."""
    value, gradient = jax.vmap(jax.value_and_grad(target.log_density))(x)
    return value, flat(gradient)


@jax.jit
def _exact(target, keys):
    x = jax.vmap(target.sample)(keys)
    if is_smooth(target):
        value, gradient = value_and_gradient(target, x)
    else:
        value, gradient = jax.vmap(target.log_density)(x), None
    expectations = {key: jax.vmap(function)(x) for key, (function, _) in target.expectations.items()}
    ratio = None if target.proposal is None else value - jax.vmap(target.proposal.log_prob)(x)
    return Exact(flat(x), value, gradient, expectations, ratio)


@jax.jit
def _proposed(target, keys):
    x = jax.vmap(target.proposal.sample)(keys)
    value = jax.vmap(target.log_density)(x)
    return Proposed(flat(x), value, value - jax.vmap(target.proposal.log_prob)(x))


def _on_host(facts):
    """In float64, so that sums over draws add no rounding of their own."""
    return jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), facts)


def _keys():
    return jax.random.split(fresh_key(), DRAWS)


def examine(target):
    return _on_host(_exact(target, _keys()))


@functools.cache
def exact(name):
    return examine(target_of(name))


@functools.cache
def proposed(name):
    return _on_host(_proposed(target_of(name), _keys()))


def assert_mean(samples, truth, what):
    r"""The mean of ``samples [draw, ...]`` is ``truth``, by the central limit theorem.

    The quantile z of a studentised mean moves with the skewness of the draws, by
    :math:`\gamma (2 z^2 + 1) / 6 \sqrt n` (Cornish and Fisher; Hall 1992, section 2.6), where
    :math:`\gamma / \sqrt n = \sum c^3 / (\sum c^2)^{3/2}` is at most the square root of the share that the
    largest draw holds of the sum of squares. A coordinate where that is over 5 % is outside the theorem.
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


def rounding(log_density, log_ratio, dim):
    """A few units in the last place of the terms that a log-ratio is summed from ``[batch]``."""
    terms = np.abs(log_density) + np.abs(log_density - log_ratio) + dim
    return 8 * np.finfo(jnp.zeros(()).dtype).eps * terms
