"""Check all constructors and operations: densities, invalid input, tracers, recompilation.

Operations of few tests have them here.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
import scipy.stats
from jax.tree_util import Partial

import jgen.distributions as d
from tests.helpers import gaussian_spaces as g
from tests.helpers.marking import first_of_each
from tests.helpers.random_keys import fresh_key
from tests.helpers.truncated_tokens import SETTINGS, truncated_probabilities

COVARIANCE = np.array([[2.0, 0.6, -0.3], [0.6, 1.0, 0.2], [-0.3, 0.2, 0.5]])
FACTOR = np.linalg.cholesky(COVARIANCE)
MEAN = np.array([1.0, -2.0, 0.5])
FULL, POISSON = d.gaussian(np.zeros(2), covariance=np.eye(2)), dist.Poisson(1.0)
KEY, NORMALS, HALVES = jax.random.key(0), dist.Normal(jnp.zeros(2), 1.0), [0.5, 0.5]
STUDENT, DIRICHLET = dist.StudentT(jnp.ones(2)).to_event(1), dist.Dirichlet(jnp.ones(2))
NORMAL, CAUCHY, COIN, ORIGIN = dist.Normal(), dist.Cauchy(), d.bernoulli(probs=0.5), np.zeros(2)
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
    (ValueError, "4 coordinates do not divide into 3 equal parts", lambda: d.symmetrised(vectors(4), 3)),
    (ValueError, "1 to 7 parts", lambda: d.symmetrised(vectors(8), 8)),
    (ValueError, "1 to 7 parts", lambda: d.symmetrised(vectors(4), 0)),
    (ValueError, "above 1", lambda: d.covering_proposal(FULL, 1.0)),
    (ValueError, "batch of shape", lambda: d.covering_proposal(NORMALS)),
    (TypeError, "Cauchy", lambda: d.covering_proposal(CAUCHY)),
    (ValueError, "over mean, scale; got mean", lambda: JOINT.log_prob({"mean": jnp.ones(3)})),
    (ValueError, "these have batch axes", lambda: d.joint(mean=NORMALS)),
    (ValueError, "one part or more", lambda: d.joint()),
]
JOINT = d.joint(scale=dist.HalfCauchy(5.0), mean=dist.Normal(jnp.arange(3.0), 2.0).to_event(1))


def vectors(dim):
    return dist.Normal(jnp.arange(float(dim)), 0.5).to_event(1)


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
    pair = d.mixture(HALVES, d.gaussian([[0.0, -1.0], [1.0, 1.0]], scale=1.0))
    given = d.conditional(pair, [0], [60.0])
    np.testing.assert_allclose(given.mean, 1 - 2 / (1 + np.exp(59.5)), atol=1e-12)


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


@pytest.mark.usefixtures("x64")
def test_joint_of_directed_sums_to_the_mixture(rng):
    whole = d.mixture(PROBS, d.gaussian(rng.normal(size=(3, 2)), covariance=np.stack([np.eye(2)] * 3)))
    model, x = d.directed(whole), jnp.array([0.3, -1.0])
    joint = [model["component"]().log_prob(k) + model["x"](k).log_prob(x) for k in range(3)]
    np.testing.assert_allclose(jax.nn.logsumexp(jnp.stack(joint)), whole.log_prob(x), atol=1e-12)


@pytest.mark.parametrize("name", first_of_each(SETTINGS))
@pytest.mark.usefixtures("x64")
def test_probabilities_of_truncation(name):
    """Check distinct and equal logits, and batches of them."""
    logits = np.array([[0.3, -1.2, 2.1, 0.4, 0.0], [1.0, 0.0, 1.0, 0.0, 1.0]])
    truth = [truncated_probabilities(row, **SETTINGS[name]) for row in logits]
    found = jnp.exp(d.truncation(**SETTINGS[name])(jnp.asarray(logits)))
    np.testing.assert_allclose(found, truth, atol=1e-12)


@pytest.mark.parametrize("kind", ["probs", "logits"])
@pytest.mark.usefixtures("x64")
def test_discrete_distances(kind):
    """Compare the divergence and the total variation distance with sums, from both parameters."""
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.6, 0.3])
    tokens = [d.categorical(**{kind: x if kind == "probs" else np.log(x) + 2}) for x in (p, q)]
    np.testing.assert_allclose(d.kl(*tokens).value, np.sum(p * np.log(p / q)), atol=1e-10)
    np.testing.assert_allclose(d.total_variation(*tokens).value, 0.4, atol=1e-10)
    odds = [{kind: x if kind == "probs" else np.log(x / (1 - x))} for x in (p, q)]
    truth = p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
    bits = [d.bernoulli(**each, event_dim=1) for each in odds]
    np.testing.assert_allclose(d.kl(*bits).value, truth.sum(), atol=1e-10)
    bits = [d.bernoulli(**each) for each in odds]
    np.testing.assert_allclose(d.total_variation(*bits).value, np.abs(p - q), atol=1e-10)


def test_density_of_symmetrised_is_the_mean_over_both_orders():
    x, swapped = jnp.array([0.1, 0.9, 2.2, 3.1]), jnp.array([2.2, 3.1, 0.1, 0.9])
    q = d.symmetrised(vectors(4), 2)
    truth = np.logaddexp(*(float(vectors(4).log_prob(each)) for each in (x, swapped))) - np.log(2)
    np.testing.assert_allclose([q.log_prob(x), q.log_prob(swapped)], truth, rtol=1e-5)


def test_draws_of_symmetrised_follow_the_density_in_every_order():
    """Check that each order of three separated parts has probability 1/6; false-alarm rate 1.2e-8.

    Six binomials, each within 6 standard deviations.
    """
    q, n = d.symmetrised(dist.Normal(jnp.array([-9.0, 0.0, 9.0]), 1.0).to_event(1), 3), 6000
    draws = np.asarray(q.sample(fresh_key(), (n,)))
    _, counts = np.unique(np.argsort(draws, axis=1), axis=0, return_counts=True)
    assert len(counts) == 6
    assert np.abs(counts - n / 6).max() < 6 * np.sqrt(n * 5 / 36)


def test_log_density_of_joint_is_the_sum_of_the_parts():
    value = {"mean": jnp.ones(3), "scale": jnp.float32(2.0)}
    truth = dist.HalfCauchy(5.0).log_prob(2.0) + dist.Normal(jnp.arange(3.0), 2.0).log_prob(1.0).sum()
    np.testing.assert_allclose(JOINT.log_prob(value), truth, rtol=1e-6)


@pytest.mark.usefixtures("broadcasting")
def test_draws_of_joint_are_the_same_jitted():
    eager, jitted = JOINT.sample(KEY, (5,)), jax.jit(lambda joint: joint.sample(KEY, (5,)))(JOINT)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), eager, jitted)  # fused
    assert eager["mean"].shape == (5, 3)
    assert bool((eager["scale"] > 0).all())
    assert JOINT.log_prob(eager).shape == (5,)


@pytest.mark.parametrize("beta", [0.3, pytest.param(2.5, marks=pytest.mark.weekly)])
@pytest.mark.usefixtures("x64")
def test_every_family_tempered(beta):
    """Check normalised powers: of Gaussians they divide the covariance by beta."""
    scalar = d.temper(dist.Normal(0.7, 1.3), beta)
    np.testing.assert_allclose([scalar.loc, scalar.scale], [0.7, 1.3 / beta**0.5], atol=1e-12)
    bits, tokens = np.array([0.0, 0.3, 1.0]), np.array([0.2, 0.0, 0.8])
    powers = bits**beta / (bits**beta + (1 - bits) ** beta)
    np.testing.assert_allclose(d.temper(d.bernoulli(probs=bits), beta).probs, powers, atol=1e-12)
    made = d.temper(d.bernoulli(logits=[-1.0, 2.0], event_dim=1), beta)
    np.testing.assert_allclose(made.base_dist.logits, beta * np.array([-1.0, 2.0]), atol=1e-12)
    for given in (d.categorical(probs=tokens), d.categorical(logits=np.log([0.2, 1e-300, 0.8]))):
        truth = np.array([0.2**beta, 0.0, 0.8**beta]) / (0.2**beta + 0.8**beta)
        np.testing.assert_allclose(d.temper(given, beta).probs, truth, atol=1e-12)
    for name in ("diagonal", "full"):
        weights, means, covariances = g.parts(name)
        truth = functools.partial(g.log_density, weights, means, covariances / beta)
        g.check_density(d.temper(g.spaces()[name], beta), truth, g.POINTS)


@pytest.mark.parametrize("scale", [None, 1.01, 4.0])
@pytest.mark.parametrize("name", first_of_each(g.NAMES, family=lambda name: name in ("diagonal", "full")))
@pytest.mark.usefixtures("x64")
def test_bound_of_covering_proposal_holds_and_is_met_at_the_mean_of_one_gaussian(name, scale, rng):
    covered = g.spaces()[name]
    proposal, log_bound = d.covering_proposal(covered, scale)
    points = np.concatenate([rng.normal(size=(2000, g.DIM)) * spread for spread in (1, 10, 100)])
    points = np.concatenate([g.parts(name)[1], points])
    gap = g.evaluate(covered, points) - g.evaluate(proposal, points)
    assert gap.max() <= log_bound + 1e-9
    assert scale is not None or log_bound == pytest.approx(1.0)
    assert name not in ("diagonal", "full") or float(gap[0]) == pytest.approx(log_bound, abs=1e-9)
