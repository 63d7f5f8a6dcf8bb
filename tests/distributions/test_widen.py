"""The envelope covers, tightly; the directed form of a mixture is that mixture."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy import stats

from jgen.distributions import covering_proposal, directed, gaussian, log_prob_of, mixture
from jgen.distributions.multivariate_normal import MAX_UNROLLED, MultivariateNormal

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


def log_probs(distribution, points):
    return jax.vmap(lambda x: log_prob_of(distribution, x))(jnp.asarray(points))


@pytest.mark.parametrize("scale", [None, 1.01, 4.0])
@pytest.mark.parametrize("name", SPACES)
def test_the_bound_holds_everywhere_and_is_met_at_the_mean_of_one_gaussian(name, scale, rng):
    covered = SPACES[name]()
    proposal, log_bound = covering_proposal(covered, scale)
    points = np.concatenate([rng.normal(size=(2000, 2)) * spread for spread in (1, 10, 100)])
    gap = log_probs(covered, points) - log_probs(proposal, points)
    assert gap.max() <= log_bound + 1e-9
    assert scale is not None or log_bound == pytest.approx(1.0)
    if "mixture" not in name:
        at_mean = log_probs(covered, MEANS[:1]) - log_probs(proposal, MEANS[:1])
        assert float(at_mean[0]) == pytest.approx(log_bound, abs=1e-9)


def test_what_cannot_be_covered_is_refused():
    with pytest.raises(ValueError, match="above 1"):
        covering_proposal(SPACES["mixture"](), 1.0)
    with pytest.raises(ValueError, match="batch of shape"):
        covering_proposal(dist.Normal(jnp.zeros(3), 1.0))
    with pytest.raises(TypeError, match="Cauchy"):
        covering_proposal(dist.Cauchy(0.0, 1.0))


def test_the_directed_form_has_the_joint_of_the_mixture():
    whole, x = SPACES["mixture"](), jnp.array([0.3, -1.0])
    model = directed(whole)
    joint = [model["component"]().log_prob(k) + model["x"](k).log_prob(x) for k in range(3)]
    assert float(jax.nn.logsumexp(jnp.stack(joint))) == pytest.approx(float(whole.log_prob(x)), abs=1e-12)


@pytest.mark.parametrize(
    "wrong", [dist.Normal(0.0, 1.0), mixture(np.ones((2, 2)) / 2, dist.Normal(0.0, np.ones(2)))]
)
def test_only_one_mixture_has_a_directed_form(wrong):
    with pytest.raises(TypeError, match="one mixture"):
        directed(wrong)


@pytest.mark.parametrize("dim", [1, 4, MAX_UNROLLED, MAX_UNROLLED + 1])
def test_the_written_out_normal_is_scipys(dim, rng):
    factor = np.tril(rng.normal(size=(dim, dim)), -1) / dim + np.diag(rng.uniform(0.5, 2.0, dim))
    mean, points = rng.normal(size=dim), rng.normal(size=(7, dim))
    normal = MultivariateNormal(jnp.asarray(mean), scale_tril=jnp.asarray(factor))
    truth = stats.multivariate_normal(mean, factor @ factor.T)
    np.testing.assert_allclose(log_probs(normal, points), truth.logpdf(points), rtol=1e-10)
    slope = jax.grad(normal.log_prob)(jnp.asarray(points[0]))
    np.testing.assert_allclose(slope, -np.linalg.solve(factor @ factor.T, points[0] - mean), rtol=1e-8)


def test_batches_of_means_factors_and_values_broadcast(rng):
    normal = MultivariateNormal(jnp.asarray(MEANS), scale_tril=jnp.asarray(FACTORS[0]))  # [3]
    values = rng.normal(size=(5, 3, 2))
    truth = [
        stats.multivariate_normal(m, FACTORS[0] @ FACTORS[0].T).logpdf(values[:, i])
        for i, m in enumerate(MEANS)
    ]
    np.testing.assert_allclose(normal.log_prob(values), np.stack(truth, 1), rtol=1e-10)
    same = np.broadcast_to(values[0, 0], (1, 3, 2))
    np.testing.assert_allclose(normal.log_prob(values[0, 0]), normal.log_prob(same)[0], rtol=1e-12)
