"""Check the densities of marginals."""

import functools

import pytest

import jgen.distributions as d
from tests.helpers import gaussian_spaces as g


@pytest.mark.parametrize("name", g.BY_KIND)
@pytest.mark.usefixtures("x64")
def test_density_of_marginal(name):
    weights, means, covariances = g.parts(name)
    for selected in ([2, 0], [-1], [1, 2, 0]):
        block = covariances[:, selected][:, :, selected]
        made = d.marginal(g.spaces()[name], selected)
        assert type(made) is type(g.spaces()[name])
        truth = functools.partial(g.log_density, weights, means[:, selected], block)
        g.check_density(made, truth, g.POINTS[:, : len(selected)])
