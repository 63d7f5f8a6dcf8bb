"""Check the densities of products and their normalisers."""

import numpy as np
import numpyro.distributions as dist
import pytest

import jgen.distributions as d
from tests.helpers import gaussian_spaces as g
from tests.helpers.marking import first_of_each

PAIRS = [(p, q) for q in ("diagonal", "full", "mixture of fulls") for p in g.NAMES if p != "general mixture"]


@pytest.mark.parametrize("pair", first_of_each(PAIRS, family=lambda pair: pair[1]), ids=" x ".join)
@pytest.mark.usefixtures("x64")
def test_density_of_product_is_pointwise(pair):
    p, q = g.spaces()[pair[0]], d.affine(g.spaces()[pair[1]], 0.5, 1.5)
    made, log_normaliser = d.product(p, q)
    both = g.evaluate(p, g.POINTS) + g.evaluate(q, g.POINTS)
    np.testing.assert_allclose(g.evaluate(made, g.POINTS) + log_normaliser, both, atol=1e-8)
    if isinstance(made, dist.MixtureSameFamily):
        np.testing.assert_allclose(made.mixing_distribution.probs.sum(), 1.0, atol=1e-10)
