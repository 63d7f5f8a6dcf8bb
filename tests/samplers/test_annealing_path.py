"""Test that schedules which do not rise from 0 to 1 raise."""

from functools import partial

import numpyro.distributions as dist
import pytest

from jgen.samplers import AnnealingPath, annealed, metropolis, smc, tempering

PATH = AnnealingPath(dist.Normal(0.0, 1.0), lambda x: -0.5 * x**2)
SCHEDULES = {
    "empty": ([], r"rise from 0 to 1.*got shape \(0,\)"),
    "one temperature": ([1.0], r"rise from 0 to 1.*got shape \(1,\)"),
    "reversed": ([1.0, 0.5, 0.0], r"betas\[1\] = 0.5 does not lie above betas\[0\] = 1.0"),
    "a temperature twice": ([0.0, 0.5, 0.5, 1.0], r"betas\[2\] = 0.5 does not lie above betas\[1\] = 0.5"),
    "not a number": ([0.0, float("nan"), 1.0], "does not lie above"),
    "short of the target": ([0.0, 0.5], "rise from 0 to 1"),
    "not from the base": ([0.1, 1.0], "rise from 0 to 1"),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_invalid_schedules_raise(name):
    betas, message = SCHEDULES[name]
    for make in (annealed, tempering, partial(smc, num_particles=8)):
        with pytest.raises(ValueError, match=message):
            make(PATH, metropolis, betas=betas)
