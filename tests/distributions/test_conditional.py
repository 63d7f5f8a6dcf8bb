"""Check the densities of conditionals, near and far."""

import numpy as np
import pytest

import jgen.distributions as d
from tests.helpers import gaussian_spaces as g


@pytest.mark.parametrize("name", g.BY_KIND)
@pytest.mark.usefixtures("x64")
def test_density_of_conditional_is_joint_over_marginal(name):
    weights, means, covariances = g.parts(name)
    for observed in ([1], [2, 0]):
        rest = [i for i in range(g.DIM) if i not in observed]
        values = np.array([0.7, -0.4])[: len(observed)]
        made = d.conditional(g.spaces()[name], observed, values)
        assert type(made) is type(g.spaces()[name])
        block = covariances[:, observed][:, :, observed]
        evidence = g.log_density(weights, means[:, observed], block, values)

        def truth(y, observed=observed, rest=rest, values=values, evidence=evidence):
            x = np.zeros(g.DIM)
            x[observed], x[rest] = values, y
            return g.log_density(weights, means, covariances, x) - evidence

        g.check_density(made, truth, g.POINTS[:, : len(rest)])


@pytest.mark.usefixtures("x64")
def test_weights_of_conditional_far_away():
    """Condition at 60 standard deviations, where every density underflows but its log does not."""
    pair = d.mixture([0.5, 0.5], d.gaussian([[0.0, -1.0], [1.0, 1.0]], scale=1.0))
    given = d.conditional(pair, [0], [60.0])
    np.testing.assert_allclose(given.mean, 1 - 2 / (1 + np.exp(59.5)), atol=1e-12)
