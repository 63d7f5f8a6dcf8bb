"""Check that the panel suits samplers of every kind, and is in the units that it says."""

import jax
import numpy as np
import pytest

from jgen.samplers import importance, metropolis
from jgen.testing import check_sampler
from jgen.testing.sampler_panel import PANEL
from tests.helpers.members import SAMPLERS


def walk(target, scale):
    return metropolis(target.log_density, step_size=scale)


def test_moved_targets_have_their_moments_and_log_z():
    """Compare exact draws with the mean and the variance, in each case's own unit; false alarm 1e-6 each."""
    for name, case in PANEL.items():
        target = case.make()
        if target.variance is None or name in ("discrete states", "heavy tails"):
            continue
        draws = np.asarray(jax.vmap(target.sample)(jax.random.split(jax.random.key(0), 20_000)), np.float64)
        spread = np.sqrt(np.asarray(target.variance, np.float64))
        assert np.all(np.abs(draws.mean(0) - np.asarray(target.mean)) < 5 * spread / np.sqrt(20_000)), name


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hmc", "metropolis"])
def test_a_quick_check_passes(name):
    """False alarm 1e-6."""
    results = check_sampler(lambda target, scale: SAMPLERS[name].recipe(target, scale).sampler, quick=True)
    assert {result.name.partition(" on ")[2] for result in results} == {
        "a correlated Gaussian away from 0", "hills on a line"
    }  # fmt: skip


@pytest.mark.weekly
def test_the_whole_panel_passes_with_steps_in_units_of_one():
    """False alarm 1e-6. A walk makes no steps in discrete states, and says nothing of them."""
    results = check_sampler(walk, num_chains=20_000)
    assert {result.name.partition(" on ")[2] for result in results} == set(PANEL) - {"discrete states"}


def test_a_sampler_that_suits_no_target_is_refused():
    with pytest.raises(ValueError, match="makes no sampler for any target"):
        check_sampler(lambda target, scale: importance(target.log_density, scale), quick=True)
