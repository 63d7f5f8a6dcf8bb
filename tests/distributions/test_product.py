"""Check products of Gaussians and mixtures at points."""

import numpy as np
import numpyro.distributions as dist
import pytest

from jgen.distributions import affine, product
from tests.helpers.gaussian_spaces import NAMES, POINTS, evaluate, spaces
from tests.helpers.marking import first_of_each

pytestmark = pytest.mark.usefixtures("x64")


PAIRS = {
    f"{p} x {q}": (p, q)
    for p in NAMES
    if p != "general mixture"
    for q in ("diagonal", "full", "mixture of fulls")
}


@pytest.mark.parametrize("name", first_of_each(PAIRS, family=lambda name: PAIRS[name][1]))
def test_density_is_the_pointwise_product(name):
    p_name, q_name = PAIRS[name]
    p, q = spaces()[p_name], affine(spaces()[q_name], 0.5, 1.5)
    made, log_normaliser = product(p, q)
    both = evaluate(p, POINTS) + evaluate(q, POINTS)
    np.testing.assert_allclose(evaluate(made, POINTS) + log_normaliser, both, atol=1e-8)
    if isinstance(made, dist.MixtureSameFamily):
        np.testing.assert_allclose(made.mixing_distribution.probs.sum(), 1.0, atol=1e-10)
