"""Test the selection of one variable of a sampler's draws."""

import jax
import numpy as np
import numpyro.distributions as dist
import pytest

from jgen.samplers import ancestral, direct, select
from jgen.sampling.driver import sample


def x():
    return dist.Normal(0.0, 1.0)


def y(x):
    return dist.Normal(x, 1.0)


def test_the_draws_of_the_selected_variable_do_not_change():
    model = ancestral({"x": x, "y": y})
    whole = sample(jax.random.key(5), model, num_draws=6, num_chains=2).draws
    part = sample(jax.random.key(5), select(model, "y"), num_draws=6, num_chains=2).draws
    np.testing.assert_array_equal(part.value, whole.value["y"])
    np.testing.assert_array_equal(part.info["lp"], whole.info["lp"])
    assert part.kind is whole.kind


@pytest.mark.parametrize(
    ("sampler", "words"),
    [
        (select(ancestral({"x": x, "y": y}), "z"), "no variable 'z'; they have x, y"),
        (select(direct(x()), "x"), "no names"),
    ],
    ids=["unknown", "unnamed"],
)
def test_an_unknown_variable_is_refused(sampler, words):
    with pytest.raises(ValueError, match=words):
        sample(jax.random.key(0), sampler, num_draws=1)
