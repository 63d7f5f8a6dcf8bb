"""Constructors: densities against scipy, errors that say what is wrong, no recompiles, tracers accepted."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
import scipy.stats
from jax.tree_util import Partial

from jgen.distributions import bernoulli, categorical, gaussian, log_prob_of, mixture, take

COVARIANCE = np.array([[2.0, 0.6, -0.3], [0.6, 1.0, 0.2], [-0.3, 0.2, 0.5]])
FACTOR = np.linalg.cholesky(COVARIANCE)
MEAN = np.array([1.0, -2.0, 0.5])
POINT = np.array([0.3, -1.0, 1.5])


@pytest.mark.parametrize("spread", [{"covariance": COVARIANCE}, {"scale_tril": FACTOR}])
@pytest.mark.usefixtures("x64")
def test_full_gaussian_is_scipys(spread):
    truth = scipy.stats.multivariate_normal(MEAN, COVARIANCE).logpdf(POINT)
    np.testing.assert_allclose(gaussian(MEAN, **spread).log_prob(POINT), truth, atol=1e-10)


@pytest.mark.usefixtures("x64")
def test_diagonal_gaussian_is_scipys():
    scale = np.array([0.5, 1.0, 3.0])
    made = gaussian(MEAN, scale=scale)
    assert (made.batch_shape, made.event_shape) == ((), (3,))
    np.testing.assert_allclose(
        made.log_prob(POINT), scipy.stats.norm(MEAN, scale).logpdf(POINT).sum(), atol=1e-10
    )
    assert gaussian(0, scale=1).event_shape == ()


@pytest.mark.usefixtures("x64")
def test_discrete_constructors_agree_with_each_other():
    probs = np.array([0.2, 0.5, 0.3])
    for made in (categorical(probs=probs), categorical(logits=np.log(probs) + 7.0)):
        np.testing.assert_allclose(
            [made.log_prob(jnp.asarray(k)) for k in range(3)], np.log(probs), atol=1e-10
        )
    for made in (
        bernoulli(probs=probs, event_dim=1),
        bernoulli(logits=np.log(probs / (1 - probs)), event_dim=1),
    ):
        truth = scipy.stats.bernoulli(probs).logpmf([1, 0, 1]).sum()
        np.testing.assert_allclose(made.log_prob(jnp.array([1, 0, 1])), truth, atol=1e-10)


NORMALS = dist.Normal(jnp.zeros(2), 1.0)
BAD = [
    (TypeError, "exactly one", lambda: gaussian(MEAN)),
    (TypeError, "exactly one", lambda: gaussian(MEAN, scale=1.0, covariance=COVARIANCE)),
    (ValueError, "must be positive", lambda: gaussian(MEAN, scale=-1.0)),
    (ValueError, "must be positive", lambda: gaussian(MEAN, scale=[1.0, 0.0, 1.0])),
    (ValueError, "does not fit", lambda: gaussian(MEAN, scale=np.ones(2))),
    (ValueError, "does not fit", lambda: gaussian(MEAN, scale=np.eye(3))),
    (ValueError, "does not fit", lambda: gaussian(MEAN, covariance=np.eye(2))),
    (ValueError, "does not fit", lambda: gaussian(0.0, covariance=np.eye(1))),
    (ValueError, "NaN or an infinity", lambda: gaussian([np.nan], scale=1.0)),
    (
        ValueError,
        "smallest eigenvalue is -0.5",
        lambda: gaussian(np.zeros(2), covariance=[[1, 1.5], [1.5, 1]]),
    ),
    (ValueError, "not symmetric", lambda: gaussian(MEAN, covariance=FACTOR)),
    (ValueError, "lower triangular", lambda: gaussian(MEAN, scale_tril=FACTOR.T)),
    (ValueError, "positive diagonal", lambda: gaussian(MEAN, scale_tril=-np.eye(3))),
    (TypeError, "exactly one", lambda: bernoulli()),
    (ValueError, r"\[0, 1\]", lambda: bernoulli(probs=[0.5, 1.5])),
    (ValueError, r"\[0, 1\]", lambda: bernoulli(probs=[np.nan])),
    (ValueError, "event_dim", lambda: bernoulli(probs=0.5, event_dim=1)),
    (TypeError, "exactly one", lambda: categorical(probs=[1.0], logits=[0.0])),
    (ValueError, "divide by the sum", lambda: categorical(probs=[0.5, 0.6])),
    (ValueError, "negative", lambda: categorical(probs=[1.5, -0.5])),
    (ValueError, "finite largest", lambda: categorical(logits=[-np.inf, -np.inf])),
    (ValueError, "last axis", lambda: categorical(probs=1.0)),
    (ValueError, "sum to 1", lambda: mixture([0.5, 0.6], NORMALS)),
    (ValueError, "negative", lambda: mixture([1.5, -0.5], NORMALS)),
    (ValueError, "3 weights", lambda: mixture([0.2, 0.3, 0.5], NORMALS)),
    (ValueError, "3 weights", lambda: mixture([0.2, 0.3, 0.5], dist.Normal(0.0, 1.0))),
    (ValueError, "3 weights", lambda: mixture([0.2, 0.3, 0.5], [NORMALS, NORMALS])),
    (TypeError, "list of them", lambda: mixture([1.0], [3.0])),
    (ValueError, "event shape", lambda: mixture([0.5, 0.5], [NORMALS, NORMALS.to_event(1)])),
    (TypeError, "no common density", lambda: mixture([0.5, 0.5], [dist.Normal(), dist.Poisson(1.0)])),
    (ValueError, "depends on its parameters", lambda: mixture([0.5, 0.5], dist.Uniform(0.0, jnp.ones(2)))),
    (ValueError, "index arrays", lambda: take(NORMALS, (jnp.zeros(1, int), jnp.zeros(1, int)))),
]


@pytest.mark.parametrize(("error", "message", "make"), BAD)
def test_bad_input_is_named(error, message, make):
    with pytest.raises(error, match=message):
        make()


@jax.jit
def _under_jit(weights, mean, scale, covariance, probs):
    return (
        gaussian(mean, scale=scale).log_prob(mean)
        + gaussian(mean, covariance=covariance).log_prob(mean)
        + mixture(weights, [gaussian(mean, scale=scale), gaussian(mean, covariance=covariance)]).log_prob(
            mean
        )
        + mixture(weights, dist.Normal(probs, 1.0)).log_prob(0.0)
        + categorical(probs=probs).log_prob(0)
        + bernoulli(probs=probs, event_dim=1).log_prob(jnp.ones(2))
    )


def test_tracers_are_accepted():
    probs = jnp.array([0.5, 0.5])
    assert jnp.isfinite(_under_jit(probs, jnp.zeros(3), jnp.ones(3), jnp.eye(3), probs))
    assert jnp.isnan(_under_jit(probs, jnp.zeros(3), -jnp.ones(3), jnp.eye(3), probs))  # survived, not hidden


@jax.jit
def _evaluate(target, position):
    return jax.value_and_grad(target)(position)


@pytest.mark.parametrize(
    "make",
    [
        lambda x: gaussian(x, scale=[1, 2, 3]),
        lambda x: gaussian(x, covariance=COVARIANCE + 0.1 * np.eye(3)),
        lambda x: mixture([0.5, 0.5], gaussian(jnp.stack([x, -x]), scale=2)),
        lambda x: mixture(
            np.array([0.25, 0.75]), gaussian(jnp.stack([x, -x]), covariance=jnp.stack([COVARIANCE] * 2))
        ),
        lambda x: mixture([0.5, 0.5], [gaussian(x, scale=1), dist.StudentT(3.0, x, 1.0).to_event(1)]),
    ],
)
def test_new_data_do_not_recompile_and_ranks_are_not_promoted(make):
    """Conftest raises on a promoted rank, so that running it at all is half the test."""
    x = jnp.arange(3.0)
    first = make(x)
    _ = first.mean, first.variance, first.log_prob(x)  # reading must not change the pytree
    _evaluate(Partial(log_prob_of, first), x)
    before = _evaluate._cache_size()
    for shift in (1.0, 2.0):
        value, gradient = _evaluate(Partial(log_prob_of, make(x + shift)), x)
        assert jnp.isfinite(value)
        assert jnp.all(jnp.isfinite(gradient))
    assert _evaluate._cache_size() == before


@pytest.mark.parametrize(
    ("distribution", "inside", "outside"),
    [
        (dist.HalfNormal(1.0), 1.0, -1.0),
        (dist.Uniform(0.0, 2.0), 1.0, 3.0),
        (dist.Exponential(jnp.ones(2)).to_event(1), jnp.ones(2), jnp.array([1.0, -1.0])),
        (dist.Beta(2.0, 2.0), 0.5, 1.5),
        (dist.Poisson(2.0), 1, -1),
    ],
)
@pytest.mark.parametrize("validate", [False, True])
def test_log_prob_of_is_minus_infinity_outside_the_support(distribution, inside, outside, validate):
    distribution._validate_args = validate  # python -O turns it off
    assert log_prob_of(distribution, inside) == distribution.log_prob(inside)
    assert log_prob_of(distribution, outside) == -jnp.inf
