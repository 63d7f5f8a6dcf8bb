"""Test what the check of invariance requires of its target, its sampler and its number of chains."""

from dataclasses import replace

import jax
import pytest
from jax.tree_util import Partial

from jgen.samplers import mala, metropolis
from jgen.targets import standard_gaussian
from jgen.testing import check_sampler
from jgen.testing.sampler_checks import CheckFailed, importance_weights, invariance
from jgen.types import DrawKind
from tests.testing.sampler_checks.test_family import changed, weighted

KEY = jax.random.key(0)
TARGET = standard_gaussian(2)


def markov(target, scale):
    return mala(target.log_density, step_size=scale)


def mislabel(state, draws):
    return state, replace(draws, kind=DrawKind.MARKOV)


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
        (importance_weights, changed(mislabel, weighted), TARGET, {}, "weighted draws"),
    ],
)
def test_a_check_that_cannot_be_made_raises(check, make, target, options, message):
    with pytest.raises(ValueError, match=message):
        check(make, target, KEY, **options)


def test_a_failed_check_is_named_with_its_key():
    with pytest.raises(CheckFailed, match=r"invariance: .*jax.random.key\(\d+\)"):
        check_sampler(of_another_target, TARGET)
