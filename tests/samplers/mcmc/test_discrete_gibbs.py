"""Test sweeps over discrete sites."""

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial

from jgen._internal.binding import bind_static
from jgen.diagnostics.summary import summary
from jgen.samplers import block, cycle, discrete_gibbs, enumerate_states
from jgen.sampling.driver import sample
from jgen.targets import asia
from jgen.testing.sampler_checks import invariance
from jgen.testing.sampler_checks.target_draws import exact_draws
from tests.helpers.random_keys import fresh_key

KEY = jax.random.key(5)


def run(sampler):
    return sample(KEY, sampler, num_draws=20, num_chains=50, position=exact_draws(KEY, asia(), 50)).draws


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_a_site_determined_by_others_is_flagged_in_every_draw():
    """Whether either disease is there follows from the two, so that site alone can never move."""
    draws = run(discrete_gibbs(asia().log_density, num_values=2))
    assert draws.info["stuck"].all()
    assert draws.info["num_stuck_sites"].min() >= 1
    assert summary(draws).totals["num_stuck"] == 1000
    either = draws.value["either"]
    assert np.array_equal(either, np.broadcast_to(either[:, :1], either.shape))


@pytest.mark.weekly
def test_sites_that_determine_each_other_move_together_by_enumeration():
    """The block of the three: 8 candidates, half of them impossible; false alarm 1e-6."""
    names = ("tub", "lung", "either")
    candidates = dict(zip(names, jnp.array(list(product((0, 1), repeat=3))).T, strict=True))
    others = ("asia", "bronc", "dysp", "smoke", "xray")

    def make(target, scale):
        del scale
        return cycle(
            block(Partial(enumerate_states, candidates=candidates), target.log_density, *names),
            block(Partial(bind_static(discrete_gibbs, num_values=2)), target.log_density, *others),
        )

    invariance(make, asia(), fresh_key(), scales=(1.0,))
    draws = run(make(asia(), 1.0))
    assert not draws.info["stuck"].any()
    assert not draws.info["unlisted"].any()
