"""Check conditionals of Gaussians and mixtures: the joint over the marginal."""

import numpy as np
import pytest

from jgen.distributions import conditional, gaussian, mixture
from tests.helpers.gaussian_spaces import BY_KIND, DIM, POINTS, check_density, log_density, parts, spaces

pytestmark = pytest.mark.usefixtures("x64")


@pytest.mark.parametrize("name", BY_KIND)
def test_density_is_joint_over_marginal(name):
    weights, means, covariances = parts(name)
    for observed in ([1], [2, 0]):
        rest = [i for i in range(DIM) if i not in observed]
        values = np.array([0.7, -0.4])[: len(observed)]
        made = conditional(spaces()[name], observed, values)
        assert type(made) is type(spaces()[name])
        block = covariances[:, observed][:, :, observed]
        evidence = log_density(weights, means[:, observed], block, values)

        def truth(y, observed=observed, rest=rest, values=values, evidence=evidence):
            x = np.zeros(DIM)
            x[observed], x[rest] = values, y
            return log_density(weights, means, covariances, x) - evidence

        check_density(made, truth, POINTS[:, : len(rest)])


def test_weights_far_away():
    """Condition at 60 standard deviations, where every density underflows but its log does not."""
    pair = mixture([0.5, 0.5], gaussian([[0.0, -1.0], [1.0, 1.0]], scale=1.0))
    given = conditional(pair, [0], [60.0])
    np.testing.assert_allclose(given.mean, 1 - 2 / (1 + np.exp(59.5)), atol=1e-12)
