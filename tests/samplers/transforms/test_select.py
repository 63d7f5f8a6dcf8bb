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


MODEL = ancestral({"x": x, "y": y})


def test_the_draws_of_the_selected_variable_do_not_change():
    whole = sample(jax.random.key(5), MODEL, num_draws=6, num_chains=2).draws
    part = sample(jax.random.key(5), select(MODEL, "y"), num_draws=6, num_chains=2).draws
    np.testing.assert_array_equal(part.value, whole.value["y"])
    np.testing.assert_array_equal(part.info["lp"], whole.info["lp"])
    assert part.kind is whole.kind


def test_an_unknown_variable_is_refused():
    for model, words in ((MODEL, "no variable 'z'; they have x, y"), (direct(x()), "no names")):
        with pytest.raises(ValueError, match=words):
            sample(jax.random.key(0), select(model, "z"), num_draws=1)
