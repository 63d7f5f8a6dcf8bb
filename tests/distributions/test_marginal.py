"""Check marginals of Gaussians and mixtures."""

import pytest

from jgen.distributions import marginal
from tests.helpers.gaussian_spaces import BY_KIND, POINTS, check_density, log_density, parts, spaces

pytestmark = pytest.mark.usefixtures("x64")


@pytest.mark.parametrize("name", BY_KIND)
def test_density(name):
    weights, means, covariances = parts(name)
    for selected in ([2, 0], [-1], [1, 2, 0]):
        block = covariances[:, selected][:, :, selected]
        made = marginal(spaces()[name], selected)
        assert type(made) is type(spaces()[name])
        check_density(
            made,
            lambda y, k=selected, b=block: log_density(weights, means[:, k], b, y),
            POINTS[:, : len(selected)],
        )
