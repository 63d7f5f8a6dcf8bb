"""Temper, affine, interpolate, marginal, conditional, product: against quadrature, scipy and identities."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
import scipy.special
import scipy.stats

from jgen.distributions import (
    affine,
    bernoulli,
    categorical,
    conditional,
    gaussian,
    interpolate,
    interpolate_log_density,
    log_prob_of,
    marginal,
    mixture,
    product,
    temper,
)

pytestmark = pytest.mark.usefixtures("x64")

RNG = np.random.default_rng(1)
DIM = 3


def random_factor(dim=DIM, batch=()):
    factor = np.tril(RNG.normal(size=(*batch, dim, dim)))
    factor[..., range(dim), range(dim)] = 0.5 + RNG.uniform(size=(*batch, dim))
    return factor


MEANS, FACTORS = RNG.normal(size=(4, DIM)), random_factor(batch=(4,))
SCALES, WEIGHTS = RNG.uniform(0.5, 2.0, size=(4, DIM)), RNG.dirichlet(np.ones(4))
POINTS = RNG.normal(size=(5, DIM))


def spaces():
    """Every kind of Gaussian on R^3, and of mixture of them."""
    return {
        "diagonal": gaussian(MEANS[0], scale=SCALES[0]),
        "full": gaussian(MEANS[1], scale_tril=FACTORS[1]),
        "mixture of diagonals": mixture(WEIGHTS, gaussian(MEANS, scale=SCALES)),
        "mixture of fulls": mixture(WEIGHTS, gaussian(MEANS, scale_tril=FACTORS)),
        "general mixture": mixture(
            WEIGHTS[:2] / WEIGHTS[:2].sum(),
            [gaussian(MEANS[0], scale=SCALES[0]), gaussian(MEANS[1], scale_tril=FACTORS[1])],
        ),
        "NumPyro's own": dist.MixtureSameFamily(
            dist.Categorical(jnp.asarray(WEIGHTS)), gaussian(MEANS, scale_tril=FACTORS)
        ),
    }


NAMES = list(spaces())


def parts(name):
    """Weights, means and covariances, from the numbers above and not from the code under test."""
    covariances = FACTORS @ np.swapaxes(FACTORS, 1, 2)
    diagonals = SCALES[:, :, None] ** 2 * np.eye(DIM)
    two = WEIGHTS[:2] / WEIGHTS[:2].sum()
    return {
        "diagonal": (np.ones(1), MEANS[:1], diagonals[:1]),
        "full": (np.ones(1), MEANS[1:2], covariances[1:2]),
        "mixture of diagonals": (WEIGHTS, MEANS, diagonals),
        "mixture of fulls": (WEIGHTS, MEANS, covariances),
        "general mixture": (two, MEANS[:2], np.stack([diagonals[0], covariances[1]])),
        "NumPyro's own": (WEIGHTS, MEANS, covariances),
    }[name]


def log_density(weights, means, covariances, point):
    laws = [scipy.stats.multivariate_normal(m, c) for m, c in zip(means, covariances, strict=True)]
    return scipy.special.logsumexp([law.logpdf(point) for law in laws], b=weights)


def check_density(made, truth, points):
    found = [log_prob_of(made, jnp.asarray(x)) for x in points]
    np.testing.assert_allclose(found, [truth(x) for x in points], rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_affine_elementwise_and_by_a_matrix(name, rng):
    weights, means, covariances = parts(name)
    shift, scale = rng.normal(size=DIM), np.array([2.0, -0.5, 1.5])
    matrices = (np.diag(scale), rng.normal(size=(DIM, DIM)), rng.normal(size=(2, DIM)))
    for given, matrix in zip((scale, *matrices[1:]), matrices, strict=True):
        moved = matrix @ means.T + shift[: len(matrix), None], matrix @ covariances @ matrix.T
        made = affine(spaces()[name], shift[: len(matrix)], given)
        assert isinstance(made, (type(spaces()[name]), dist.MultivariateNormal))
        check_density(
            made, lambda y, m=moved: log_density(weights, m[0].T, m[1], y), POINTS[:, : len(matrix)]
        )


def test_affine_gaussian_factor_is_lower_with_a_positive_diagonal():
    made = affine(spaces()["full"], 0.0, np.array([2.0, -0.5, 1.5]))
    assert np.all(np.diagonal(made.scale_tril) > 0)
    assert np.all(np.triu(made.scale_tril, 1) == 0)


@pytest.mark.parametrize("scale", [3.0, -3.0])
def test_affine_of_any_continuous_distribution(scale):
    """The log-Jacobian, and a support that flips with the sign even when the sign is a tracer."""
    made = affine(dist.Gamma(2.0, 1.0), 1.0, scale)
    evaluate = jax.jit(log_prob_of)
    grid = np.linspace(-40.0, 40.0, 17)
    truth = scipy.stats.gamma(2.0).logpdf((grid - 1) / scale) - np.log(3)
    np.testing.assert_allclose([evaluate(made, x) for x in grid], truth, atol=1e-8)
    draws = made.sample(jax.random.key(0), (20_000,))
    assert abs(draws.mean() - (1 + 2 * scale)) < 4.9 * 3 * np.sqrt(2 / 20_000)  # CLT at 1e-6
    np.testing.assert_allclose([made.mean, made.variance], [1 + 2 * scale, 18], atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_marginal(name):
    weights, means, covariances = parts(name)
    for kept in ([2, 0], [-1], [1, 2, 0]):
        block = covariances[:, kept][:, :, kept]
        made = marginal(spaces()[name], kept)
        assert type(made) is type(spaces()[name])
        check_density(
            made, lambda y, k=kept, b=block: log_density(weights, means[:, k], b, y), POINTS[:, : len(kept)]
        )


@pytest.mark.parametrize("name", NAMES)
def test_conditional_is_joint_over_marginal(name):
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


def test_conditional_far_away_keeps_its_weights():
    """At 60 standard deviations every density underflows; in logs the nearest component wins."""
    pair = mixture([0.5, 0.5], gaussian([[0.0, -1.0], [1.0, 1.0]], scale=1.0))
    given = conditional(pair, [0], [60.0])
    np.testing.assert_allclose(given.mean, 1 - 2 / (1 + np.exp(59.5)), atol=1e-12)


@pytest.mark.parametrize("p_name", [n for n in NAMES if n != "general mixture"])
@pytest.mark.parametrize("q_name", ["diagonal", "full", "mixture of fulls"])
def test_product_is_pointwise(p_name, q_name):
    p, q = spaces()[p_name], affine(spaces()[q_name], 0.5, 1.5)
    made, log_normaliser = product(p, q)
    for x in POINTS:
        both = log_prob_of(p, x) + log_prob_of(q, x)
        np.testing.assert_allclose(log_prob_of(made, x) + log_normaliser, both, atol=1e-8)
    if isinstance(made, dist.MixtureSameFamily):
        np.testing.assert_allclose(made.mixing_distribution.probs.sum(), 1.0, atol=1e-10)


def quadrature(log_density, half_width=30.0, num=20_001):
    grid = jnp.linspace(-half_width, half_width, num)
    return jnp.exp(jax.vmap(log_density)(grid)).sum() * (grid[1] - grid[0])


@pytest.mark.parametrize("beta", [0.3, 2.5])
def test_temper_against_quadrature(beta):
    law = dist.Normal(0.7, 1.3)
    normaliser = quadrature(lambda x: beta * law.log_prob(x))
    for x in (-1.0, 2.0):
        truth = beta * law.log_prob(x) - jnp.log(normaliser)
        np.testing.assert_allclose(temper(law, beta).log_prob(x), truth, atol=1e-8)


@pytest.mark.parametrize("beta", [0.3, 2.5])
def test_temper_of_every_family(beta):
    """The log-ratio of two points is beta times what it was, in every family; normalised ones stay so."""
    bits, tokens = np.array([0.0, 0.3, 1.0]), np.array([0.2, 0.0, 0.8])
    powers = bits**beta / (bits**beta + (1 - bits) ** beta)
    np.testing.assert_allclose(temper(bernoulli(probs=bits), beta).probs, powers, atol=1e-12)
    made = temper(bernoulli(logits=[-1.0, 2.0], event_dim=1), beta)
    np.testing.assert_allclose(made.base_dist.logits, beta * np.array([-1.0, 2.0]), atol=1e-12)
    for given in (categorical(probs=tokens), categorical(logits=np.log(np.array([0.2, 1e-300, 0.8])))):
        truth = np.array([0.2**beta, 0.0, 0.8**beta]) / (0.2**beta + 0.8**beta)
        np.testing.assert_allclose(temper(given, beta).probs, truth, atol=1e-12)
    for name in ("diagonal", "full"):
        law = spaces()[name]
        change = law.log_prob(POINTS[0]) - law.log_prob(POINTS[1])
        tempered = temper(law, beta)
        np.testing.assert_allclose(
            tempered.log_prob(POINTS[0]) - tempered.log_prob(POINTS[1]), beta * change, atol=1e-8
        )
        covariance = parts(name)[2][0] / beta
        check_density(
            tempered, lambda x, n=name, c=covariance: log_density([1.0], parts(n)[1], [c], x), POINTS
        )


@pytest.mark.parametrize("t", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("p_name", ["diagonal", "full"])
@pytest.mark.parametrize("q_name", ["diagonal", "full"])
def test_interpolate_gaussians(p_name, q_name, t):
    """Differences of log-densities are those of the path, and the law is a normalised Gaussian."""
    p, q = spaces()[p_name], affine(spaces()[q_name], 0.5, 1.5)
    made, path = interpolate(p, q, t), interpolate_log_density(p, q, t)
    gaps = [made.log_prob(x) - path(jnp.asarray(x)) for x in POINTS]
    np.testing.assert_allclose(gaps, gaps[0], atol=1e-8)
    for end, law in ((0.0, p), (1.0, q)):
        if t == end:
            np.testing.assert_allclose(made.log_prob(POINTS[0]), law.log_prob(POINTS[0]), atol=1e-8)


@pytest.mark.parametrize("t", [0.0, 0.3, 1.0])
def test_interpolate_discrete(t):
    p, q = np.array([0.5, 0.5, 0.0]), np.array([0.2, 0.5, 0.3])
    truth = np.where((p > 0) | (t == 1), p ** (1 - t) * q**t, 0.0)
    made = interpolate(categorical(probs=p), categorical(logits=np.log(q) + 1), t)
    np.testing.assert_allclose(made.probs, truth / truth.sum(), atol=1e-10)
    bits = interpolate(bernoulli(probs=[0.3, 0.6], event_dim=1), bernoulli(probs=[0.9, 0.2], event_dim=1), t)
    one, zero = np.array([0.3, 0.6]) ** (1 - t) * np.array([0.9, 0.2]) ** t, None
    zero = np.array([0.7, 0.4]) ** (1 - t) * np.array([0.1, 0.8]) ** t
    np.testing.assert_allclose(bits.base_dist.probs, one / (one + zero), atol=1e-10)


def test_interpolated_log_density_at_its_ends_ignores_the_other():
    outside, inside = dist.HalfNormal(1.0), dist.Normal(0.0, 1.0)
    assert interpolate_log_density(outside, inside, 1.0)(-1.0) == inside.log_prob(-1.0)
    assert interpolate_log_density(inside, outside, 0.0)(-1.0) == inside.log_prob(-1.0)
    assert interpolate_log_density(outside, inside, 0.5)(-1.0) == -jnp.inf


FULL, POISSON = gaussian(np.zeros(2), covariance=np.eye(2)), dist.Poisson(1.0)
BAD = [
    (TypeError, "temper has no closed form for Poisson; .*Normal", lambda: temper(POISSON, 0.5)),
    (TypeError, "temper has no closed form", lambda: temper(mixture([1.0], [dist.Normal()]), 0.5)),
    (ValueError, "positive", lambda: temper(FULL, 0.0)),
    (ValueError, "scalar", lambda: temper(FULL, np.ones(2))),
    (TypeError, "affine has no closed form for Poisson", lambda: affine(POISSON, 0.0, 2.0)),
    (
        TypeError,
        "affine has no closed form for Dirichlet",
        lambda: affine(dist.Dirichlet(jnp.ones(2)), 0.0, 2.0),
    ),
    (TypeError, "affine", lambda: affine(dist.StudentT(jnp.ones(2)).to_event(1), 0.0, np.eye(2))),
    (ValueError, "scale of 0", lambda: affine(FULL, 0.0, 0.0)),
    (ValueError, "full row rank", lambda: affine(FULL, 0.0, np.ones((2, 2)))),
    (ValueError, "new_dim", lambda: affine(FULL, 0.0, np.ones((3, 2)))),
    (ValueError, "scale has shape", lambda: affine(FULL, 0.0, np.ones(3))),
    (ValueError, "shift has shape", lambda: affine(FULL, np.ones(3), 1.0)),
    (TypeError, "interpolate has no closed form", lambda: interpolate(POISSON, POISSON, 0.5)),
    (TypeError, "interpolate has no closed form", lambda: interpolate(bernoulli(probs=0.5), POISSON, 0.5)),
    (TypeError, "closed form", lambda: interpolate(FULL, dist.StudentT(jnp.ones(2)).to_event(1), 0.5)),
    (ValueError, r"\[0, 1\]", lambda: interpolate(FULL, FULL, 1.5)),
    (ValueError, "events", lambda: interpolate(FULL, dist.Normal(), 0.5)),
    (TypeError, "marginal has no closed form", lambda: marginal(dist.Dirichlet(jnp.ones(2)), [0])),
    (ValueError, "distinct", lambda: marginal(FULL, [0, 0])),
    (ValueError, "distinct", lambda: marginal(FULL, [2])),
    (ValueError, "distinct", lambda: marginal(FULL, [])),
    (TypeError, "list of known integers", lambda: marginal(FULL, 0)),
    (ValueError, "vectors", lambda: marginal(dist.Normal(), [0])),
    (ValueError, "nothing is left", lambda: conditional(FULL, [0, 1], [0.0, 0.0])),
    (ValueError, "values has shape", lambda: conditional(FULL, [0], [0.0, 0.0])),
    (ValueError, "NaN", lambda: conditional(FULL, [0], [np.nan])),
    (TypeError, "product has no closed form", lambda: product(POISSON, POISSON)),
    (TypeError, "closed form", lambda: product(FULL, dist.Dirichlet(jnp.ones(2)))),
    (ValueError, "one space", lambda: product(FULL, dist.Normal())),
]


@pytest.mark.parametrize(("error", "message", "make"), BAD)
def test_what_has_no_closed_form_says_so(error, message, make):
    with pytest.raises(error, match=message):
        make()
