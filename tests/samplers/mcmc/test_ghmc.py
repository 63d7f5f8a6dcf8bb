"""Test that generalised HMC leaves its target invariant over many draws."""

from dataclasses import replace

import pytest

from jgen.samplers import ghmc
from jgen.targets import double_well
from jgen.testing.sampler_checks import invariance
from tests.helpers.random_keys import fresh_key


def check_invariance(make=ghmc, num_steps=20, scales=(0.2, 0.37, 0.55)):
    """Check scales that accept some 0.9, 0.6 and 0.3, from exact draws, so that modes need no crossing.

    Momentum and slice, damped little, last for many draws, and errors in them grow.
    """

    def aim(target, scale):
        return make(target.log_density, step_size=scale, damping=0.1)

    target = replace(double_well(), traits=frozenset())
    return invariance(aim, target, fresh_key(), num_steps=num_steps, scales=scales)


@pytest.mark.slow
@pytest.mark.usefixtures("optimised")
def test_a_lasting_momentum_leaves_the_target_invariant():
    """False alarm 1e-6."""
    found = check_invariance()
    assert found[0].acceptance_rate > 0.85
    assert found[-1].acceptance_rate < 0.35
