"""Check that a covering proposal bounds the ratio of densities, tightly for one Gaussian."""

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from jgen.distributions import covering_proposal, gaussian, mixture
from tests.helpers.gaussian_spaces import evaluate
from tests.helpers.marking import first_of_each

pytestmark = pytest.mark.usefixtures("x64")


RNG = np.random.default_rng(3)
WEIGHTS, MEANS = np.array([0.2, 0.5, 0.3]), RNG.normal(size=(3, 2)) * 3
FACTORS = np.tril(RNG.normal(size=(3, 2, 2)), -1) + np.eye(2) * RNG.uniform(0.5, 2.0, size=(3, 2, 1))
SPACES = {
    "full": lambda: gaussian(MEANS[0], scale_tril=FACTORS[0]),
    "diagonal": lambda: gaussian(MEANS[0], scale=np.array([0.1, 7.0])),
    "mixture": lambda: mixture(WEIGHTS, gaussian(MEANS, scale_tril=FACTORS)),
    "general mixture": lambda: mixture(WEIGHTS[:2] / 0.7, [SPACES["diagonal"](), SPACES["full"]()]),
}


@pytest.mark.parametrize("scale", [None, 1.01, 4.0])
@pytest.mark.parametrize("name", first_of_each(SPACES, family=lambda name: "mixture" in name))
def test_bound_holds_everywhere_and_is_met_at_the_mean_of_one_gaussian(name, scale, rng):
    covered = SPACES[name]()
    proposal, log_bound = covering_proposal(covered, scale)
    points = np.concatenate([rng.normal(size=(2000, 2)) * spread for spread in (1, 10, 100)])
    gap = evaluate(covered, points) - evaluate(proposal, points)
    assert gap.max() <= log_bound + 1e-9
    assert scale is not None or log_bound == pytest.approx(1.0)
    if "mixture" not in name:
        at_mean = evaluate(covered, MEANS[:1]) - evaluate(proposal, MEANS[:1])
        assert float(at_mean[0]) == pytest.approx(log_bound, abs=1e-9)


def test_invalid_input_raises():
    with pytest.raises(ValueError, match="above 1"):
        covering_proposal(SPACES["mixture"](), 1.0)
    with pytest.raises(ValueError, match="batch of shape"):
        covering_proposal(dist.Normal(jnp.zeros(3), 1.0))
    with pytest.raises(TypeError, match="Cauchy"):
        covering_proposal(dist.Cauchy(0.0, 1.0))
