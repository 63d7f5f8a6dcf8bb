"""Check all constructors and operations: densities, invalid input, tracers, recompilation."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
import scipy.stats
from jax.tree_util import Partial

import jgen.distributions as d
from tests.helpers.marking import first_of_each

COVARIANCE = np.array([[2.0, 0.6, -0.3], [0.6, 1.0, 0.2], [-0.3, 0.2, 0.5]])
FACTOR = np.linalg.cholesky(COVARIANCE)
MEAN = np.array([1.0, -2.0, 0.5])
FULL, POISSON = d.gaussian(np.zeros(2), covariance=np.eye(2)), dist.Poisson(1.0)
KEY, NORMALS, HALVES = jax.random.key(0), dist.Normal(jnp.zeros(2), 1.0), [0.5, 0.5]
STUDENT, DIRICHLET = dist.StudentT(jnp.ones(2)).to_event(1), dist.Dirichlet(jnp.ones(2))
NORMAL, CAUCHY, COIN, ORIGIN = dist.Normal(), dist.Cauchy(), d.bernoulli(probs=0.5), np.zeros(2)
FOUR, EIGHT = (dist.Normal(jnp.arange(n), 0.5).to_event(1) for n in (4.0, 8.0))
BAD = [
    (TypeError, "exactly one", lambda: d.gaussian(MEAN)),
    (TypeError, "exactly one", lambda: d.gaussian(MEAN, scale=1.0, covariance=COVARIANCE)),
    (ValueError, "must be positive", lambda: d.gaussian(MEAN, scale=[1.0, 0.0, 1.0])),
    (ValueError, "does not fit", lambda: d.gaussian(MEAN, scale=np.ones(2))),
    (ValueError, "does not fit", lambda: d.gaussian(MEAN, scale=np.eye(3))),
    (ValueError, "does not fit", lambda: d.gaussian(MEAN, covariance=np.eye(2))),
    (ValueError, "does not fit", lambda: d.gaussian(0.0, covariance=np.eye(1))),
    (ValueError, "NaN or an infinity", lambda: d.gaussian([np.nan], scale=1.0)),
    (ValueError, "eigenvalue is -0.5", lambda: d.gaussian(ORIGIN, covariance=[[1, 1.5], [1.5, 1]])),
    (ValueError, "not symmetric", lambda: d.gaussian(MEAN, covariance=FACTOR)),
    (ValueError, "lower triangular", lambda: d.gaussian(MEAN, scale_tril=FACTOR.T)),
    (ValueError, "positive diagonal", lambda: d.gaussian(MEAN, scale_tril=-np.eye(3))),
    (TypeError, "exactly one", lambda: d.bernoulli()),
    (ValueError, r"\[0, 1\]", lambda: d.bernoulli(probs=[0.5, 1.5])),
    (ValueError, r"\[0, 1\]", lambda: d.bernoulli(probs=[np.nan])),
    (ValueError, "event_dim", lambda: d.bernoulli(probs=0.5, event_dim=1)),
    (TypeError, "exactly one", lambda: d.categorical(probs=[1.0], logits=[0.0])),
    (ValueError, "divide by the sum", lambda: d.categorical(probs=[0.5, 0.6])),
    (ValueError, "negative", lambda: d.categorical(probs=[1.5, -0.5])),
    (ValueError, "finite largest", lambda: d.categorical(logits=[-np.inf, -np.inf])),
    (ValueError, "last axis", lambda: d.categorical(probs=1.0)),
    (ValueError, "weights must sum to 1", lambda: d.mixture([0.5, 0.6], NORMALS)),
    (ValueError, r"weights \(3,\)", lambda: d.mixture([0.2, 0.3, 0.5], NORMALS)),
    (ValueError, r"components \(\)", lambda: d.mixture([0.2, 0.3, 0.5], NORMAL)),
    (ValueError, r"components \(2,\)", lambda: d.mixture([0.2, 0.3, 0.5], [NORMALS, NORMALS])),
    (TypeError, "list of them", lambda: d.mixture([1.0], [3.0])),
    (ValueError, "event shape", lambda: d.mixture(HALVES, [NORMALS, NORMALS.to_event(1)])),
    (TypeError, "no common density", lambda: d.mixture(HALVES, [NORMAL, POISSON])),
    (ValueError, "depends on its parameters", lambda: d.mixture(HALVES, dist.Uniform(0.0, jnp.ones(2)))),
    (ValueError, "index array", lambda: d.gather(NORMALS, (jnp.zeros(1, int), jnp.zeros(1, int)))),
    (TypeError, "temper has no closed form for Poisson; .*Normal", lambda: d.temper(POISSON, 0.5)),
    (TypeError, "temper has no closed form", lambda: d.temper(d.mixture([1.0], [NORMAL]), 0.5)),
    (ValueError, "positive", lambda: d.temper(FULL, 0.0)),
    (ValueError, "scalar", lambda: d.temper(FULL, np.ones(2))),
    (TypeError, "affine has no closed form for Poisson", lambda: d.affine(POISSON, 0.0, 2.0)),
    (TypeError, "affine has no closed form for Dirichlet", lambda: d.affine(DIRICHLET, 0.0, 2.0)),
    (TypeError, "affine", lambda: d.affine(STUDENT, 0.0, np.eye(2))),
    (ValueError, "scale of 0", lambda: d.affine(FULL, 0.0, 0.0)),
    (ValueError, "full row rank", lambda: d.affine(FULL, 0.0, np.ones((2, 2)))),
    (ValueError, "new_dim", lambda: d.affine(FULL, 0.0, np.ones((3, 2)))),
    (ValueError, "scale has shape", lambda: d.affine(FULL, 0.0, np.ones(3))),
    (ValueError, "shift has shape", lambda: d.affine(FULL, np.ones(3), 1.0)),
    (TypeError, "interpolate has no closed form", lambda: d.interpolate(POISSON, POISSON, 0.5)),
    (TypeError, "interpolate has no closed form", lambda: d.interpolate(COIN, POISSON, 0.5)),
    (TypeError, "closed form", lambda: d.interpolate(FULL, STUDENT, 0.5)),
    (ValueError, r"\[0, 1\]", lambda: d.interpolate(FULL, FULL, 1.5)),
    (ValueError, "events", lambda: d.interpolate(FULL, NORMAL, 0.5)),
    (TypeError, "marginal has no closed form", lambda: d.marginal(DIRICHLET, [0])),
    (ValueError, "distinct", lambda: d.marginal(FULL, [0, 0])),
    (ValueError, "distinct", lambda: d.marginal(FULL, [2])),
    (ValueError, "distinct", lambda: d.marginal(FULL, [])),
    (TypeError, "list of known integers", lambda: d.marginal(FULL, 0)),
    (ValueError, "vectors", lambda: d.marginal(NORMAL, [0])),
    (ValueError, "nothing is left", lambda: d.conditional(FULL, [0, 1], [0.0, 0.0])),
    (ValueError, "values has shape", lambda: d.conditional(FULL, [0], [0.0, 0.0])),
    (ValueError, "NaN", lambda: d.conditional(FULL, [0], [np.nan])),
    (TypeError, "product has no closed form", lambda: d.product(POISSON, POISSON)),
    (TypeError, "closed form", lambda: d.product(FULL, DIRICHLET)),
    (ValueError, "one space", lambda: d.product(FULL, NORMAL)),
    (ValueError, "no closed form: pass key=", lambda: d.kl(NORMAL, CAUCHY)),
    (ValueError, "pass key=", lambda: d.kl(NORMAL, CAUCHY, key=KEY, num_samples=1)),
    (ValueError, "events", lambda: d.kl(NORMAL, FULL)),
    (ValueError, "categories", lambda: d.kl(d.categorical(probs=[1.0]), d.categorical(probs=HALVES))),
    (TypeError, "closed form for Cauchy", lambda: d.wasserstein2(CAUCHY, NORMAL)),
    (ValueError, "one space", lambda: d.wasserstein2(NORMAL, FULL)),
    (TypeError, "closed form for Poisson", lambda: d.total_variation(POISSON, POISSON)),
    (ValueError, "outcomes", lambda: d.total_variation(d.categorical(probs=[1.0]), COIN)),
    (TypeError, "one mixture", lambda: d.directed(NORMAL)),
    (TypeError, "one mixture", lambda: d.directed(d.mixture(np.ones((2, 2)) / 2, NORMALS))),
    (ValueError, "4 coordinates do not divide into 3 equal parts", lambda: d.symmetrised(FOUR, 3)),
    (ValueError, "1 to 7 parts", lambda: d.symmetrised(EIGHT, 8)),
    (ValueError, "1 to 7 parts", lambda: d.symmetrised(FOUR, 0)),
    (ValueError, "above 1", lambda: d.covering_proposal(FULL, 1.0)),
    (ValueError, "batch of shape", lambda: d.covering_proposal(NORMALS)),
    (TypeError, "Cauchy", lambda: d.covering_proposal(CAUCHY)),
    (
        ValueError,
        "over mean, scale; got mean",
        lambda: d.joint(mean=NORMAL, scale=NORMAL).log_prob({"mean": 1.0}),
    ),
    (ValueError, "these have batch axes", lambda: d.joint(mean=NORMALS)),
    (ValueError, "one part or more", lambda: d.joint()),
]


@pytest.mark.parametrize(("error", "message", "make"), BAD)
def test_invalid_input_raises(error, message, make):
    with pytest.raises(error, match=message):
        make()


PROBS, SCALE = np.array([0.2, 0.5, 0.3]), np.array([0.5, 1.0, 3.0])
LOG_ODDS, BITS, POINT = np.log(PROBS / (1 - PROBS)), np.array([1, 0, 1]), np.array([0.3, -1.0, 1.5])
FULLY, BY_SCALE = scipy.stats.multivariate_normal(MEAN, COVARIANCE), scipy.stats.norm(MEAN, SCALE)
BERNOULLI = scipy.stats.bernoulli(PROBS).logpmf(BITS).sum()
DENSITIES = {
    "gaussian, covariance": (lambda: d.gaussian(MEAN, covariance=COVARIANCE), POINT, FULLY.logpdf(POINT)),
    "gaussian, factor": (lambda: d.gaussian(MEAN, scale_tril=FACTOR), POINT, FULLY.logpdf(POINT)),
    "gaussian, scale": (lambda: d.gaussian(MEAN, scale=SCALE), POINT, BY_SCALE.logpdf(POINT).sum()),
    "scalar gaussian": (lambda: d.gaussian(0, scale=1), 0.5, scipy.stats.norm.logpdf(0.5)),
    "categorical, probs": (lambda: d.categorical(probs=PROBS), np.arange(3), np.log(PROBS)),
    "categorical, logits": (lambda: d.categorical(logits=np.log(PROBS) + 7), np.arange(3), np.log(PROBS)),
    "bernoulli, probs": (lambda: d.bernoulli(probs=PROBS, event_dim=1), BITS, BERNOULLI),
    "bernoulli, logits": (lambda: d.bernoulli(logits=LOG_ODDS, event_dim=1), BITS, BERNOULLI),
}


@pytest.mark.parametrize("name", DENSITIES)
@pytest.mark.usefixtures("x64")
def test_density_is_scipys(name):
    make, x, truth = DENSITIES[name]
    made, x = make(), jnp.asarray(x)
    np.testing.assert_allclose(made.log_prob(x), truth, atol=1e-10)
    assert made.batch_shape == ()


@jax.jit
def evaluate_under_jit(weights, mean, scale, covariance, probs):
    pair = [d.gaussian(mean, scale=scale), d.gaussian(mean, covariance=covariance)]
    return (
        pair[0].log_prob(mean)
        + pair[1].log_prob(mean)
        + d.mixture(weights, pair).log_prob(mean)
        + d.mixture(weights, dist.Normal(probs, 1.0)).log_prob(0.0)
        + d.categorical(probs=probs).log_prob(0)
        + d.bernoulli(probs=probs, event_dim=1).log_prob(jnp.ones(2))
    )


def test_tracers_are_accepted():
    probs, zeros, ones = jnp.array(HALVES), jnp.zeros(3), jnp.ones(3)
    assert jnp.isfinite(evaluate_under_jit(probs, zeros, ones, jnp.eye(3), probs))
    assert jnp.isnan(evaluate_under_jit(probs, zeros, -ones, jnp.eye(3), probs))  # NaN, not an error


def unlike_families(x):
    return d.mixture(HALVES, [d.gaussian(x, scale=1), dist.StudentT(3.0, x, 1.0).to_event(1)])


def full_gaussians(x):
    both = d.gaussian(jnp.stack([x, -x]), covariance=jnp.stack([COVARIANCE] * 2))
    return d.mixture(np.array([0.25, 0.75]), both)


MAKERS = {
    "mixture of unlike families": unlike_families,
    "mixture of full Gaussians": full_gaussians,
    "diagonal": lambda x: d.gaussian(x, scale=[1, 2, 3]),
    "full": lambda x: d.gaussian(x, covariance=COVARIANCE + 0.1 * np.eye(3)),
    "mixture of diagonals": lambda x: d.mixture(HALVES, d.gaussian(jnp.stack([x, -x]), scale=2)),
}


@jax.jit
def evaluate(target, position):
    return jax.value_and_grad(target)(position)


@pytest.mark.parametrize("name", first_of_each(MAKERS))
def test_new_data_do_not_recompile_and_ranks_are_not_promoted(name):
    """Evaluate twice with new data; conftest raises on a promoted rank."""
    make, x = MAKERS[name], jnp.arange(3.0)
    first = make(x)
    _ = first.mean, first.variance, first.log_prob(x)  # reading must not change the pytree
    evaluate(Partial(d.log_prob_of, first), x)
    before = evaluate._cache_size()
    for shift in (1.0, 2.0):
        value, gradient = evaluate(Partial(d.log_prob_of, make(x + shift)), x)
        assert jnp.isfinite(value)
        assert jnp.all(jnp.isfinite(gradient))
    assert evaluate._cache_size() == before
