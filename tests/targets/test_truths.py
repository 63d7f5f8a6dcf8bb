"""Each truth found a second way, to 1e-8 in float64: quadrature, Laplace's identity, enumeration."""

import importlib
import inspect
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from scipy import integrate, stats
from scipy.special import logsumexp

from jgen.targets import (
    asia,
    banana,
    beta,
    bimodal,
    breast_cancer,
    cauchy,
    double_well,
    eight_schools,
    funnel,
    grid25,
    hidden_markov,
    ill_conditioned_gaussian,
    linear_decoder,
    linear_regression,
    normal_from_cauchy,
    normal_from_laplace,
    rosenbrock,
    standard_gaussian,
    state_space,
    three_modes,
)
from jgen.targets.asia import CONDITIONALS, NETWORK

school = importlib.import_module("jgen.targets.eight_schools")
line_fit = importlib.import_module("jgen.targets.linear_regression")
pytestmark = pytest.mark.usefixtures("x64")
TOLERANCE = 1e-8


def line(low, high, step):
    """Midpoints: a jump at a multiple of the step costs only the square of the step."""
    return np.arange(low, high, step) + step / 2


def identity(u):
    return u, 0.0


def funnel_scaled(u):
    """Coordinates in which the funnel is as wide at its neck as at its mouth."""
    return jnp.stack([u[0], jnp.exp(u[0] / 2) * u[1]]), u[0] / 2


def hyperbolic(u):
    """Polynomial tails become exponential ones."""
    return jnp.sinh(u), jnp.log(jnp.cosh(u)).sum()


def logistic(u):
    """The unit interval becomes the line."""
    x = jax.nn.sigmoid(u)
    return x, jnp.log(x) + jnp.log1p(-x)


SCALAR = [line(-12, 12, 0.1)]
GRIDS = {
    "banana": (banana, [line(-85, 85, 0.1), line(-14, 230, 0.25)], identity),
    "rosenbrock": (lambda: rosenbrock(1), [line(-8, 10, 0.01), line(-3, 104, 0.1)], identity),
    "funnel": (lambda: funnel(2), [line(-30, 40, 0.25), line(-9, 9, 0.25)], funnel_scaled),
    "cauchy": (lambda: cauchy(1), [line(-45, 45, 0.05)], hyperbolic),
    "bimodal": (lambda: bimodal(2), [line(-10, 10, 0.1)] * 2, identity),
    "grid25": (grid25, [line(-5, 5, 0.02)] * 2, identity),
    "grid25 of wider modes": (lambda: grid25(0.25), [line(-7, 7, 0.02)] * 2, identity),
    "double_well": (double_well, [line(-6, 6, 0.01), line(-9, 9, 0.25)], identity),
    "tilted well": (lambda: double_well(2.0, -3.0), [line(-6, 6, 0.01), line(-9, 9, 0.25)], identity),
    "three_modes": (three_modes, [line(-11, 12, 0.05)] * 2, identity),
    "standard_gaussian": (lambda: standard_gaussian(1), SCALAR, identity),
    "normal_from_cauchy": (normal_from_cauchy, SCALAR, identity),
    "normal_from_laplace": (normal_from_laplace, SCALAR, identity),
    "beta": (beta, [line(-60, 60, 0.05)], logistic),
    "beta(1, 3)": (lambda: beta(1.0, 3.0), [line(-60, 60, 0.05)], logistic),
}


@pytest.mark.parametrize("name", GRIDS)
def test_quadrature(name):
    """Catches a wrong constant, mean, variance or expectation of every target that a grid can cover."""
    make, axes, change = GRIDS[name]
    target = make()
    step = np.prod([axis[1] - axis[0] for axis in axes])
    u = jnp.stack([a.ravel() for a in np.meshgrid(*axes, indexing="ij")], -1)
    u = u.reshape(-1, *target.start.shape)

    @jax.jit
    def weigh(u):
        x, log_det = jax.vmap(change)(u) if change is not identity else (u, 0.0)
        log_weights = jax.vmap(target.log_density)(x) + log_det
        return x, log_weights

    x, log_weights = weigh(u)
    log_z = logsumexp(np.asarray(log_weights)) + np.log(step)
    np.testing.assert_allclose(log_z, target.log_evidence, atol=TOLERANCE)
    weights = jnp.exp(log_weights - log_z) * step
    rows = x.reshape(len(x), -1)
    if target.mean is not None:
        scale = np.sqrt(np.asarray(target.variance))
        np.testing.assert_allclose((weights @ rows - target.mean) / scale, 0, atol=TOLERANCE)
        np.testing.assert_allclose(weights @ rows**2 - target.mean**2, target.variance, rtol=TOLERANCE)
    for key, (function, truth) in target.expectations.items():
        if key in ("|x| < 1", "x0 > 0"):
            continue  # a grid is slow at a jump: see test_probabilities_of_half_lines
        values = jax.vmap(function)(x).reshape(len(x), -1)
        np.testing.assert_allclose(weights @ values, jnp.ravel(truth), rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize(
    ("target", "key", "low", "high"),
    [
        (lambda: cauchy(1), "|x| < 1", -1, 1),
        (double_well, "x0 > 0", 0, 8),
        (lambda: double_well(2.0, -3.0), "x0 > 0", 0, 8),
    ],
)
def test_probabilities_of_half_lines(target, key, low, high):
    """Catches the probability of an event whose edge falls between the nodes of a quadrature."""
    target = target()
    zeros = jnp.zeros_like(target.start)
    rest = (len(zeros) - 1) * np.log(2 * np.pi) / 2  # the second coordinate is N(0, 1) but for its constant
    value = jax.jit(lambda x: jnp.exp(target.log_density(zeros.at[0].set(x)) + rest - target.log_evidence))
    probability = integrate.quad(value, low, high, epsabs=1e-10)[0]
    np.testing.assert_allclose(jnp.ravel(target.expectations[key][1])[0], probability, atol=TOLERANCE)


def gaussian_block(log_density, dim):
    """Log-integral, mean and covariance of exp(quadratic), from its value, gradient and Hessian at 0."""
    zero = jnp.zeros(dim)
    value, score, hessian = log_density(zero), jax.grad(log_density)(zero), jax.hessian(log_density)(zero)
    covariance = jnp.linalg.inv(-hessian)
    mean = covariance @ score
    log_z = value + score @ mean / 2 + dim * jnp.log(2 * jnp.pi) / 2 + jnp.linalg.slogdet(covariance)[1] / 2
    return log_z, mean, covariance


@pytest.mark.parametrize(
    "target",
    [
        lambda: ill_conditioned_gaussian(20, 1e4),
        ill_conditioned_gaussian,
        standard_gaussian,
        linear_decoder,
        lambda: linear_decoder(scale=2.0, bias=jnp.linspace(-1, 1, 64)),
        state_space,
        lambda: state_space(jnp.array([0.3, -1.0]), -0.5, 2.0, 0.7),
        lambda: state_space(jnp.array([0.3])),
    ],
)
def test_gaussians_are_what_their_density_says(target):
    """Catches a Kalman gain, a covariance or a determinant that belongs to another density."""
    target = target()
    log_z, mean, covariance = jax.jit(lambda: gaussian_block(target.log_density, len(target.start)))()
    point = jnp.cos(jnp.arange(len(mean), dtype=float))
    exact = stats.multivariate_normal.logpdf(point, mean, covariance) + log_z
    np.testing.assert_allclose(target.log_density(point), exact, rtol=TOLERANCE)  # it is quadratic
    np.testing.assert_allclose(target.log_evidence, log_z, rtol=TOLERANCE)
    np.testing.assert_allclose(target.mean, mean, atol=TOLERANCE)
    np.testing.assert_allclose(target.variance, jnp.diag(covariance), rtol=TOLERANCE)
    tril = target.proposal.scale_tril if hasattr(target.proposal, "scale_tril") else None
    if tril is not None:
        widened = covariance * jnp.exp(2 / len(mean))
        np.testing.assert_allclose(tril @ tril.T, widened, rtol=TOLERANCE, atol=TOLERANCE * widened.max())


def test_linear_decoder_is_ppca():
    """Catches a wrong evidence: x is N(b, W W' + s^2 I), also for a whole batch by vmap."""
    weight = jnp.array([[1.0, 0.5], [-0.3, 2.0], [0.7, 0.1]])
    bias, xs = jnp.array([0.1, 0.2, 0.3]), jnp.array([[1.0, 2.0, 3.0], [0.0, -1.0, 0.5]])
    values = jax.vmap(lambda x: linear_decoder(x, weight, bias, 0.4).log_evidence)(xs)
    exact = stats.multivariate_normal.logpdf(xs, bias, weight @ weight.T + 0.16 * jnp.eye(3))
    np.testing.assert_allclose(values, exact, rtol=TOLERANCE)


def test_ill_conditioned_spectrum():
    """Catches a rotation that is not orthogonal: it would change the condition number."""
    target = ill_conditioned_gaussian(30, 1e3)
    covariance = jnp.linalg.inv(-jax.jit(jax.hessian(target.log_density))(target.start))
    np.testing.assert_allclose(jnp.linalg.eigvalsh(covariance), np.geomspace(1, 1e3, 30), rtol=TOLERANCE)


def test_high_dimensions_are_products_of_low_ones():
    """Catches a constant that is right for the small case of a grid, and wrong for the default."""
    x = jnp.sin(jnp.arange(100.0))
    pairs = jnp.stack([x[:18], x[18:36]], 1)
    alone = jax.vmap(rosenbrock(1).log_density)(pairs).sum()
    np.testing.assert_allclose(rosenbrock().log_density(x[:36]), alone, rtol=TOLERANCE)
    np.testing.assert_allclose(cauchy().log_density(x), stats.cauchy.logpdf(x).sum(), rtol=TOLERANCE)
    exact = stats.norm.logpdf(x[0], 0, 3) + stats.norm.logpdf(x[1:10], 0, np.exp(x[0] / 2)).sum()
    np.testing.assert_allclose(funnel().log_density(x[:10]), exact, rtol=TOLERANCE)
    wide = np.log(0.75) + stats.norm.logpdf(x[:50]).sum()
    narrow = np.log(0.25) + stats.norm.logpdf(x[:50], 4 * (np.arange(50) == 0), 0.6).sum()
    np.testing.assert_allclose(bimodal().log_density(x[:50]), np.logaddexp(wide, narrow), rtol=TOLERANCE)
    far = x[:50].at[0].add(4)
    narrow = np.log(0.25) + stats.norm.logpdf(far, 4 * (np.arange(50) == 0), 0.6).sum()
    both = np.logaddexp(narrow, np.log(0.75) + stats.norm.logpdf(far).sum())
    np.testing.assert_allclose(bimodal().log_density(far), both, rtol=TOLERANCE)


def test_eight_schools_by_a_grid_of_gaussians():
    """Catches a lost Jacobian or a wrong moment: theta by its Hessian, mu and log tau on a grid."""
    target = eight_schools()

    def school_block(mu, log_tau):
        def of_raw(raw):
            return target.log_density({"mu": mu, "log_tau": log_tau, "theta_raw": raw})

        log_z, mean, covariance = gaussian_block(of_raw, 8)
        return log_z, mean, jnp.diag(covariance)

    mu, log_tau = (jnp.asarray(a.ravel()) for a in np.meshgrid(line(-45, 50, 0.75), line(-40, 9, 0.2)))
    log_z, raw, spread = jax.jit(jax.vmap(school_block))(mu, log_tau)
    log_evidence = logsumexp(np.asarray(log_z)) + np.log(0.75 * 0.2)
    np.testing.assert_allclose(target.log_evidence, log_evidence, atol=TOLERANCE)
    np.testing.assert_allclose(log_evidence, -31.31134735, atol=6e-9)
    weights = jnp.exp(log_z - log_evidence) * 0.75 * 0.2
    rows = jnp.column_stack([log_tau, mu, raw])
    squares = jnp.column_stack([log_tau**2, mu**2, raw**2 + spread])
    np.testing.assert_allclose(target.mean, weights @ rows, atol=TOLERANCE)
    np.testing.assert_allclose(target.variance, weights @ squares - (weights @ rows) ** 2, atol=TOLERANCE)
    tau, theta = jnp.exp(log_tau), mu[:, None] + jnp.exp(log_tau)[:, None] * raw
    found = {"mu": weights @ mu, "tau": weights @ tau, "log_tau": weights @ log_tau, "theta": weights @ theta}
    for key, (_, truth) in target.expectations.items():
        np.testing.assert_allclose(truth, found[key], atol=TOLERANCE)
    known = [6.21188, 4.94018, 3.92700, 4.75710, 3.61548, 4.04261, 6.29672, 4.85425]
    np.testing.assert_allclose(found["theta"], known, atol=6e-6)
    np.testing.assert_allclose(
        [found["mu"], found["tau"], found["log_tau"]], [4.396821, 3.597705, 0.802139], atol=6e-7
    )
    sds = [jnp.sqrt(target.variance[1]), jnp.sqrt(weights @ tau**2 - found["tau"] ** 2)]
    np.testing.assert_allclose(sds, [3.317704, 3.219958], atol=6e-7)


@pytest.mark.parametrize(
    "data",
    [(), (np.stack([np.ones(9), np.arange(9) / 9, np.arange(9) % 2], 1), np.arange(9) % 4 - 0.5, 0.5)],
)
def test_linear_regression_by_a_line_of_gaussians(data):
    """Catches a wrong evidence or moment: coefficients by their Hessian, log sigma on a line."""
    target = linear_regression(*data)
    p = len(target.start) - 1
    log_sigma = jnp.asarray(line(-5, 7, 0.02))

    def block(log_sigma):
        log_z, mean, covariance = gaussian_block(lambda b: target.log_density(jnp.append(b, log_sigma)), p)
        return log_z, mean, jnp.diag(covariance)

    log_z, beta, spread = jax.jit(jax.vmap(block))(log_sigma)
    log_evidence = logsumexp(np.asarray(log_z)) + np.log(0.02)
    weights = jnp.exp(log_z - log_evidence) * 0.02
    rows = jnp.column_stack([beta, log_sigma])
    squares = jnp.column_stack([beta**2 + spread, log_sigma**2])
    np.testing.assert_allclose(target.log_evidence, log_evidence, atol=TOLERANCE)
    np.testing.assert_allclose(target.mean, weights @ rows, atol=TOLERANCE)
    np.testing.assert_allclose(target.variance, weights @ squares - (weights @ rows) ** 2, atol=TOLERANCE)
    np.testing.assert_allclose(target.expectations["sigma"][1], weights @ jnp.exp(log_sigma), atol=TOLERANCE)


def test_hidden_markov_by_enumeration():
    """Catches a recursion off by one, a bound that is not Viterbi's, and paths drawn from another law."""
    target = hidden_markov()
    length = len(target.start)
    paths = jnp.asarray(list(product((0, 1), repeat=length)))
    log_joint = jax.jit(jax.vmap(target.log_density))(paths)
    np.testing.assert_allclose(target.log_evidence, logsumexp(np.asarray(log_joint)), atol=TOLERANCE)
    weights = jnp.exp(log_joint - target.log_evidence)
    np.testing.assert_allclose(target.mean, weights @ paths, atol=TOLERANCE)
    np.testing.assert_allclose(target.variance, weights @ paths**2 - (weights @ paths) ** 2, atol=TOLERANCE)
    np.testing.assert_allclose(target.expectations["marginals"][1][:, 1], weights @ paths, atol=TOLERANCE)
    ratios = log_joint - jax.jit(jax.vmap(target.proposal.log_prob))(paths)
    np.testing.assert_allclose(target.log_bound, ratios.max(), atol=TOLERANCE)
    draws = jax.jit(jax.vmap(target.sample))(jax.random.split(jax.random.key(1), 20_000))
    check_law(draws @ (2 ** jnp.arange(length)[::-1]), weights)
    assert target.log_density(target.start.at[0].set(2)) == -jnp.inf


def check_law(index, probabilities):
    """Draws follow a finite law: chi-square over cells of at least 20 expected draws, the rest pooled."""
    expected = np.asarray(probabilities) * len(index)
    counts = np.bincount(np.asarray(index), minlength=len(expected))
    assert counts[expected == 0].sum() == 0
    big = expected >= 20
    observed = np.append(counts[big], counts[~big].sum())
    wanted = np.append(expected[big], expected[~big].sum())
    keep = wanted > 0
    statistic = (np.square(observed - wanted)[keep] / wanted[keep]).sum()
    assert stats.chi2.sf(statistic, keep.sum() - 1) > 1e-6


def test_three_state_markov_chain():
    """Catches code that holds for two states only."""
    transition = jnp.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.0, 0.4, 0.6]])
    target = hidden_markov(
        jnp.array([0.1, 2.0, -0.7]),
        jnp.array([0.5, 0.25, 0.25]),
        transition,
        jnp.array([-1.0, 0.0, 2.0]),
        0.7,
    )
    paths = jnp.asarray(list(product(range(3), repeat=3)))
    log_joint = jax.jit(jax.vmap(target.log_density))(paths)
    weights = jnp.exp(log_joint - logsumexp(np.asarray(log_joint)))
    np.testing.assert_allclose(target.log_evidence, logsumexp(np.asarray(log_joint)), atol=TOLERANCE)
    np.testing.assert_allclose(target.mean, weights @ paths, atol=TOLERANCE)
    draws = jax.jit(jax.vmap(target.sample))(jax.random.split(jax.random.key(2), 20_000))
    check_law(draws @ (3 ** jnp.arange(3)[::-1]), weights)


@pytest.mark.parametrize("observed", [{}, {"xray": 1, "dysp": 1}, {"either": 0, "smoke": 1}])
def test_asia_by_enumeration(observed):
    """Catches a table read the wrong way round, and draws that miss the evidence."""
    target = asia(observed)
    free = sorted(target.start)
    states = jnp.asarray(list(product((0, 1), repeat=len(free))))
    log_joint = jax.jit(jax.vmap(lambda s: target.log_density(dict(zip(free, s, strict=True)))))(states)
    np.testing.assert_allclose(target.log_evidence, logsumexp(np.asarray(log_joint)), atol=TOLERANCE)
    weights = jnp.exp(log_joint - target.log_evidence)
    np.testing.assert_allclose(target.mean, weights @ states, atol=TOLERANCE)
    draws = jax.jit(jax.vmap(target.sample))(jax.random.split(jax.random.key(3), 20_000))
    check_law(sum(draws[name] * 2 ** (len(free) - 1 - i) for i, name in enumerate(free)), weights)
    assert target.log_density({**target.start, free[0]: jnp.asarray(2)}) == -jnp.inf


def test_asia_known_answers():
    truths = {name: truth for name, (_, truth) in asia().expectations.items()}
    known = {"either": 0.064828, "xray": 0.11029004, "dysp": 0.43597060}
    np.testing.assert_allclose([truths[name] for name in known], list(known.values()), atol=5e-9)
    np.testing.assert_allclose(asia({"xray": 1, "dysp": 1}).expectations["lung"][1], 0.62125280, atol=5e-9)


def test_asia_conditionals_are_the_network():
    """Catches conditionals whose parents, named by their parameters, are not the table's."""
    values = {name: jnp.asarray(int(name != "asia" and name != "tub")) for name in NETWORK}
    total = 0.0
    for name, conditional in CONDITIONALS.items():
        parents = tuple(inspect.signature(conditional).parameters)
        assert parents == NETWORK[name][0]
        total += conditional(*(values[parent] for parent in parents)).log_prob(values[name])
    np.testing.assert_allclose(total, asia().log_density(values), rtol=TOLERANCE)


def test_breast_cancer_by_hand():
    """Catches a sign of the labels, an unstandardised column, a lost prior."""
    from sklearn.datasets import load_breast_cancer

    features, labels = load_breast_cancer(return_X_y=True)
    standardised = stats.zscore(features)
    w = np.cos(np.arange(31.0))
    exact = stats.norm.logpdf(w).sum()
    probability = 1 / (1 + np.exp(-(w[0] + standardised @ w[1:])))
    exact += stats.bernoulli.logpmf(labels, probability).sum()
    target = breast_cancer()
    np.testing.assert_allclose(target.log_density(jnp.asarray(w)), exact, rtol=TOLERANCE)
    residual = labels - probability
    score = np.append(residual.sum(), standardised.T @ residual)
    np.testing.assert_allclose(jax.grad(target.log_density)(jnp.asarray(w)), score - w, rtol=TOLERANCE)


def test_known_answers():
    """The numbers that the project wrote down first."""
    well = double_well()
    found = [
        jnp.exp(well.log_evidence) / np.sqrt(2 * np.pi),
        well.log_evidence,
        well.mean[0],
        well.expectations["x0^2"][1],
    ]
    found.append(well.expectations["x0 > 0"][1])
    digits = [11784.50926513, 10.2934797071, 1.18796098, 2.95980609, 0.84430710]
    np.testing.assert_allclose(found, digits, rtol=5e-9)
    np.testing.assert_allclose(banana().variance, [100, 19], rtol=TOLERANCE)
    np.testing.assert_allclose(funnel().variance[1:], 90.0171, atol=5e-5)
    bounds = [jnp.exp(make().log_bound) for make in (beta, normal_from_cauchy, normal_from_laplace)]
    np.testing.assert_allclose(bounds, [2.66974401, 1.52034690, 1.31548925], atol=5e-9)


def test_the_likelihood_is_largest_where_its_exact_sampler_thinks():
    """Catches an acceptance probability that would pass 1 between the nodes of the factory's grid."""
    y, s, top = eight_schools().sample.args
    tau = jnp.append(jnp.exp(line(-30, 10, 0.01)), 0.0)
    values = jax.jit(jax.vmap(lambda t: school.mu_given_tau(y, s, t)[2] - top))(tau)
    np.testing.assert_allclose(values.max(), 0, atol=1e-12)
    posterior, _, top = linear_regression().sample.args
    values = jax.jit(jax.vmap(lambda v: line_fit.log_accept(posterior, top, v)))(line(-5, 8, 0.00037))
    assert -2e-4 <= values.max() <= 0


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (ill_conditioned_gaussian, {"condition": 0.5}, "condition=0.5"),
        (ill_conditioned_gaussian, {"condition": float("nan")}, "condition=nan"),
        (banana, {"curvature": float("inf")}, "finite curvature"),
        (funnel, {"dim": 1}, "dim=1"),
        (grid25, {"scale": 0.0}, "scale=0.0"),
        (double_well, {"barrier": -1.0}, "barrier=-1.0"),
        (double_well, {"tilt": 11.0}, "tilt=11.0"),
        (beta, {"a": 0.5}, "a=0.5"),
        (beta, {"a": 1.0, "b": 1.0}, "mode"),
        (linear_decoder, {"scale": -1.0}, "scale=-1.0"),
        (linear_decoder, {"x": np.zeros(3)}, r"\[64\]"),
        (linear_decoder, {"weight": np.zeros(3)}, r"\[event, dim\]"),
        (state_space, {"persistence": 1.0}, "stationary"),
        (state_space, {"observation_scale": 0.0}, "observation_scale=0.0"),
        (state_space, {"observations": np.zeros((2, 2))}, r"\(2, 2\)"),
        (hidden_markov, {"means": np.zeros(3)}, r"means \[2\]"),
        (hidden_markov, {"observations": np.zeros(0)}, "neither empty"),
        (hidden_markov, {"scale": 0.0}, "scale=0.0"),
        (asia, {"observed": {"cough": 1}}, "cough"),
        (asia, {"observed": {"xray": 2}}, "0 .no. or 1"),
        (asia, {"observed": dict.fromkeys(NETWORK, 1)}, "at least one"),
        (asia, {"observed": {"either": 0, "lung": 1}}, "probability 0"),
        (linear_regression, {"design": np.ones((3, 1))}, "together"),
        (linear_regression, {"design": np.ones((3, 3)), "response": np.ones(3)}, "n > p"),
        (linear_regression, {"design": np.ones((3, 1)), "response": np.ones(3)}, "perfect"),
        (linear_regression, {"design": np.ones((3, 1)), "response": np.array([1e7, 0, -1e7])}, "rescale"),
        (linear_regression, {"prior_scale": 0.0}, "prior_scale"),
    ],
)
def test_wrong_arguments_are_named(make, arguments, message):
    """Catches silence, and an error that does not say what was given."""
    with pytest.raises(ValueError, match=f"{make.__name__}.*{message}"):
        make(**arguments)


def test_ravel_order_of_dicts():
    """mean and variance follow ravel_pytree, which sorts the names of a dict."""
    position = {"mu": jnp.ones(()), "log_tau": jnp.zeros(()), "theta_raw": jnp.full(8, 2.0)}
    np.testing.assert_array_equal(ravel_pytree(position)[0], [0, 1] + [2] * 8)
