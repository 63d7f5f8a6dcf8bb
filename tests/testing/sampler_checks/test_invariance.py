"""Test what the check of invariance requires of its target, its sampler and its number of chains."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import pytest
from jax.tree_util import Partial

from jgen.samplers import direct, importance, mala, metropolis
from jgen.targets import standard_gaussian
from jgen.testing import check_sampler
from jgen.testing.sampler_checks import CheckFailed, importance_weights, invariance
from jgen.types import DrawKind, Draws

KEY = jax.random.key(0)
TARGET = standard_gaussian(2)


def markov(target, scale):
    return mala(target.log_density, step_size=scale)


def weighted(target, scale):
    del scale
    return importance(target.log_density, target.proposal)


def mislabelled(target, scale):
    del scale
    counts = {"num_grads": jnp.int32(0), "num_log_densities": jnp.int32(0)}

    def step(key, state):
        return state, Draws(jax.random.normal(key, (2,)), counts, None, DrawKind.MARKOV)

    return direct(target)._replace(step=Partial(step))


def tempered(log_density, x):
    return 1.5 * log_density(x)


def of_another_target(target, scale):
    return metropolis(Partial(tempered, target.log_density), step_size=scale)


@pytest.mark.parametrize(
    ("check", "make", "target", "options", "message"),
    [
        (invariance, markov, TARGET, {"num_chains": 2500}, "take more chains"),
        (invariance, markov, replace(TARGET, sample=None), {}, "no exact sampler"),
        (invariance, weighted, TARGET, {}, "Markov"),
        (importance_weights, mislabelled, TARGET, {}, "weighted draws"),
    ],
)
def test_a_check_that_cannot_be_made_raises(check, make, target, options, message):
    with pytest.raises(ValueError, match=message):
        check(make, target, KEY, **options)


def test_a_failed_check_is_named_with_its_key():
    with pytest.raises(CheckFailed, match=r"invariance: .*jax.random.key\(\d+\)"):
        check_sampler(of_another_target, TARGET)
