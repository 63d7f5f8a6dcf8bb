"""Check the bounds of covering proposals."""

import numpy as np
import pytest

import jgen.distributions as d
from tests.helpers import gaussian_spaces as g
from tests.helpers.marking import first_of_each


@pytest.mark.parametrize("scale", [None, 1.01, 4.0])
@pytest.mark.parametrize("name", first_of_each(g.NAMES, family=lambda name: name in ("diagonal", "full")))
@pytest.mark.usefixtures("x64")
def test_bound_of_covering_proposal_holds_and_is_met_at_the_mean_of_one_gaussian(name, scale, rng):
    covered = g.spaces()[name]
    proposal, log_bound = d.covering_proposal(covered, scale)
    points = np.concatenate([rng.normal(size=(2000, g.DIM)) * spread for spread in (1, 10, 100)])
    points = np.concatenate([g.parts(name)[1], points])
    gap = g.evaluate(covered, points) - g.evaluate(proposal, points)
    assert gap.max() <= log_bound + 1e-9
    assert scale is not None or log_bound == pytest.approx(1.0)
    assert name not in ("diagonal", "full") or float(gap[0]) == pytest.approx(log_bound, abs=1e-9)
