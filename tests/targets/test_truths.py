"""Compare the truths of targets with quadrature, enumeration and recorded digits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

import jgen.targets as t
from jgen.targets.tilted_well import integrate_well, log_density_in_float64
from tests.helpers import quadrature
from tests.helpers.marking import first_of_each
from tests.helpers.quadrature import TOLERANCE, hyperbolic, identity, line, words


def funnel_scaled(u):
    """Scale the funnel so that it is as wide at its neck as at its mouth."""
    return jnp.stack([u[0], jnp.exp(u[0] / 2) * u[1]]), u[0] / 2


def logistic(u):
    """Map the line to the unit interval."""
    x = jax.nn.sigmoid(u)
    return x, jnp.log(x) + jnp.log1p(-x)


SCALAR, LONG, PLANE = [line(-12, 12, 0.1)], [line(-45, 45, 0.05)], [line(-6, 6, 0.05)] * 2
LOGITS, WELLS = [line(-60, 60, 0.05)], [line(-6, 6, 0.01), line(-9, 9, 0.25)]
JUMPS = ("|x| < 1", "x0 > 0", "x > 0")
"""Expectations of steps, for which a grid converges slowly: see test_known_digits and integrals."""
GRIDS = {
    "banana": (t.banana, [line(-85, 85, 0.1), line(-14, 230, 0.25)], identity),
    "rosenbrock": (lambda: t.rosenbrock(1), [line(-8, 10, 0.01), line(-3, 104, 0.1)], identity),
    "funnel": (lambda: t.funnel(2), [line(-30, 40, 0.25), line(-9, 9, 0.25)], funnel_scaled),
    "cauchy": (lambda: t.cauchy(1), LONG, hyperbolic),
    "bimodal": (lambda: t.bimodal(2), [line(-10, 10, 0.1)] * 2, identity),
    "grid25": (t.grid25, [line(-5, 5, 0.02)] * 2, identity),
    "grid25 of wider modes": (lambda: t.grid25(0.25), [line(-7, 7, 0.02)] * 2, identity),
    "double_well": (t.double_well, WELLS, identity),
    "tilted well": (lambda: t.double_well(2.0, -3.0), WELLS, identity),
    "three_modes": (t.three_modes, [line(-11, 12, 0.05)] * 2, identity),
    "standard_gaussian": (lambda: t.standard_gaussian(1), SCALAR, identity),
    "normal_from_cauchy": (t.normal_from_cauchy, SCALAR, identity),
    "normal_from_laplace": (t.normal_from_laplace, SCALAR, identity),
    "beta": (t.beta, LOGITS, logistic),
    "beta(1, 3)": (lambda: t.beta(1.0, 3.0), LOGITS, logistic),
    "student_t": (lambda: t.student_t(1), LONG, hyperbolic),
    "gumbel": (lambda: t.gumbel(1), [line(-6, 40, 0.05)], identity),
    "log_gamma": (lambda: t.log_gamma((0.5, 2.5), 3.0), [line(-80, 6, 0.1), line(-18, 5, 0.1)], identity),
    "dirichlet": (lambda: t.dirichlet((1.5, 1.0, 2.5)), [line(-25, 25, 0.15), line(-40, 20, 0.15)], identity),
    "ring": (t.ring, PLANE, identity),
    "wide ring": (lambda: t.ring(0.7, 2.0), PLANE, identity),
    "squiggle": (t.squiggle, [line(-17, 17, 0.1), line(-10, 10, 0.1)], identity),
    "two_moons": (t.two_moons, PLANE, identity),
    "moons of less tilt": (lambda: t.two_moons(1.0, 1.5), PLANE, identity),
    "ring_of_modes": (t.ring_of_modes, PLANE, identity),
    "three wide modes": (lambda: t.ring_of_modes(3, 1.0, 0.5), PLANE, identity),
    "mixture_means": (t.mixture_means, [line(-22, 22, 0.15)] * 2, identity),
    "bioassay": (t.bioassay, [line(-12, 16, 0.1), line(-35, 80, 0.4)], identity),
    "poisson_regression": (t.poisson_regression, [line(0, 5, 0.02), line(-1, 4, 0.02)], identity),
    "change_point": (t.change_point, [line(-1.5, 2.5, 0.02), line(-3, 2, 0.02)], identity),
    "probit_process": (t.probit_process, [line(-15, 15, 0.4)] * 3, identity),
    "phi4": (t.phi4, [line(-3.3, 3.3, 0.22)] * 4, identity),
    "truncated_normal": (t.truncated_normal, [line(-45, 45, 0.1)], identity),
    "skew_normal": (lambda: t.skew_normal((1.0, -4.0)), [line(-9, 9, 0.05)] * 2, identity),
    "rastrigin": (t.rastrigin, [line(-6, 6, 0.02)] * 2, identity),
    "low rastrigin": (lambda: t.rastrigin(1, 0.7, 0.3), SCALAR, identity),
    "many_wells": (lambda: t.many_wells(2), [line(-4, 4, 0.02)] * 2, identity),
}


@pytest.mark.parametrize("name", first_of_each(GRIDS, family=lambda name: GRIDS[name][2]))
@pytest.mark.usefixtures("x64")
def test_truths_by_quadrature(name):
    """Detect a wrong constant, mean, variance or expectation of every target that a grid can cover."""
    make, axes, change = GRIDS[name]
    quadrature.check_on_grid(make(), axes, change, skip=JUMPS)


GAUSSIANS = {
    "ill_conditioned_gaussian, strong": lambda: t.ill_conditioned_gaussian(20, 1e4),
    "ill_conditioned_gaussian": t.ill_conditioned_gaussian,
    "ill_conditioned_gaussian of condition 1": t.standard_gaussian,
    "linear_decoder": t.linear_decoder,
    "linear_decoder of other noise": lambda: t.linear_decoder(scale=2.0, bias=np.linspace(-1, 1, 64)),
    "state_space of two steps": lambda: t.state_space(jnp.array([0.3, -1.0]), -0.5, 2.0, 0.7),
    "state_space": t.state_space,
    "state_space of one step": lambda: t.state_space(jnp.array([0.3])),
}


@pytest.mark.parametrize("name", first_of_each(GAUSSIANS, family=lambda name: name.partition("_")[0]))
@pytest.mark.usefixtures("x64")
def test_truths_by_the_hessian(name):
    """Detect a gain, a covariance or a determinant that belongs to another density."""
    quadrature.check_gaussian(GAUSSIANS[name]())


@pytest.mark.usefixtures("x64")
def test_spectrum_of_the_ill_conditioned_gaussian():
    """Detect a rotation that is not orthogonal: it would change the condition number."""
    target = t.ill_conditioned_gaussian(30, 1e3)
    covariance = np.linalg.inv(-jax.jit(jax.hessian(target.log_density))(target.start))
    np.testing.assert_allclose(np.linalg.eigvalsh(covariance), np.geomspace(1, 1e3, 30), rtol=TOLERANCE)


@pytest.mark.usefixtures("x64")
def test_evidence_of_the_linear_decoder_is_that_of_ppca():
    """Detect a wrong evidence: x is N(b, W W' + s^2 I), also for a whole batch by vmap."""
    weight = jnp.array([[1.0, 0.5], [-0.3, 2.0], [0.7, 0.1]])
    bias, xs = jnp.array([0.1, 0.2, 0.3]), jnp.array([[1.0, 2.0, 3.0], [0.0, -1.0, 0.5]])
    values = jax.jit(jax.vmap(lambda x: t.linear_decoder(x, weight, bias, 0.4).log_evidence))(xs)
    exact = stats.multivariate_normal.logpdf(xs, bias, weight @ weight.T + 0.16 * jnp.eye(3))
    np.testing.assert_allclose(values, exact, rtol=TOLERANCE)


DESIGN = np.stack([np.ones(9), np.arange(9) / 9, np.arange(9) % 2], 1)
FINE, COARSE = line(-0.8, 0.4, 0.005), line(-5, 7, 0.02)
REGRESSIONS = {
    "linear_regression": (t.linear_regression, COARSE, "sigma", np.exp),
    "three columns": (
        lambda: t.linear_regression(DESIGN, np.arange(9) % 4 - 0.5, 0.5), COARSE, "sigma", np.exp
    ),
    "diabetes": (t.diabetes, FINE, "sigma^2", lambda x: np.exp(2 * x)),
    "diabetes of a narrow prior": (lambda: t.diabetes(0.1), FINE, "sigma^2", lambda x: np.exp(2 * x)),
}  # fmt: skip


@pytest.mark.parametrize("name", first_of_each(REGRESSIONS))
@pytest.mark.usefixtures("x64")
def test_moments_by_a_line_of_gaussians(name):
    """Detect a Jacobian of log sigma that is dropped, or taken for that of sigma squared; a wrong moment."""
    make, nodes, key, function = REGRESSIONS[name]
    quadrature.check_on_line_of_gaussians(make(), nodes, key, function)


def three_states():
    transition = jnp.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.0, 0.4, 0.6]])
    initial, means = jnp.array([0.5, 0.25, 0.25]), jnp.array([-1.0, 0.0, 2.0])
    return t.hidden_markov(jnp.array([0.1, 2.0, -0.7]), initial, transition, means, 0.7)


LISTS = {
    "asia": (t.asia, 2, 8),
    "asia, two symptoms": (lambda: t.asia({"xray": 1, "dysp": 1}), 2, 6),
    "asia, no disease": (lambda: t.asia({"either": 0, "smoke": 1}), 2, 6),
    "autoregressive": (t.autoregressive, 5, 4),
    "hot words": (lambda: t.autoregressive(3, 3, 2.0), 3, 3),
    "a word of one symbol": (lambda: t.autoregressive(length=1, temperature=1.0), 5, 1),
    "boltzmann_machine": (t.boltzmann_machine, 2, 7),
    "hidden_markov": (t.hidden_markov, 2, 12),
    "three hidden states": (three_states, 3, 3),
    "ising": (t.ising, 2, 9),
}


@pytest.mark.parametrize("name", first_of_each(LISTS, family=lambda name: name == "three hidden states"))
@pytest.mark.usefixtures("x64")
def test_truths_by_enumeration(name):
    """Detect a table or weight transposed, a recursion off by one, a neighbour counted twice, wrong draws."""
    make, symbols, length = LISTS[name]
    quadrature.check_by_listing(make(), words(symbols, length))


@pytest.mark.parametrize(("side", "coupling", "field"), [(3, 0.3, 0.1), (4, 0.44, 0.0), (3, -0.2, 0.7)])
@pytest.mark.usefixtures("x64")
def test_truths_of_ising_by_its_transfer_matrix(side, coupling, field):
    """Take rows of spins as states of a chain: Z is a trace, and d log Z / dJ the mean of the bonds."""

    def log_z(coupling):
        rows = 2 * words(2, side) - 1  # [row, site]
        inside = coupling * (rows * np.roll(rows, 1, 1)).sum(1) + field * rows.sum(1)
        transfer = np.exp(coupling * rows @ rows.T + (inside[:, None] + inside) / 2)
        return np.log(np.trace(np.linalg.matrix_power(transfer, side)))

    target = t.ising(side, coupling, field)
    np.testing.assert_allclose(target.log_evidence, log_z(coupling), rtol=TOLERANCE)
    slope = (log_z(coupling + 1e-4) - log_z(coupling - 1e-4)) / 2e-4
    np.testing.assert_allclose(target.expectations["bonds"][1], slope, atol=1e-5)  # h^2, times 18 bonds cubed


@pytest.mark.parametrize(("barrier", "tilt"), [(6.0, 0.5), (2.0, -3.0)])
def test_integrals_of_the_well(barrier, tilt):
    """Detect a wrong integral, of which the targets double_well and many_wells consist."""

    def integral(function):
        def density(x):
            return function(x) * np.exp(log_density_in_float64(barrier, tilt, x))

        return np.array([integrate.quad(density, *ends, epsabs=1e-11)[0] for ends in ((-8, 0), (0, 8))])

    well, mass = integrate_well(barrier, tilt), integral(lambda _: 1.0)
    found = [integral(lambda x: x).sum(), integral(np.square).sum(), mass[1]] / mass.sum()
    np.testing.assert_allclose(well, [np.log(mass.sum()), *found], rtol=TOLERANCE)


@pytest.mark.usefixtures("x64")
def test_known_digits():
    """Compare truths with their recorded digits."""
    well, asia, diseased = integrate_well(6.0, 0.5), t.asia().expectations, t.asia({"xray": 1, "dysp": 1})
    bounds = [make().log_bound for make in (t.beta, t.normal_from_cauchy, t.normal_from_laplace)]
    for truth, digits in [
        ([np.exp(well.log_evidence), *well[1:]], [11784.50926513, 1.18796098, 2.95980609, 0.84430710]),
        (t.double_well().log_evidence, 10.2934797071),
        ([asia[name][1] for name in ("either", "xray", "dysp")], [0.064828, 0.11029004, 0.43597060]),
        (diseased.expectations["lung"][1], 0.62125280),
        (t.autoregressive(temperature=1.0).log_evidence, 0.0),
        (t.cauchy(1).expectations["|x| < 1"][1], stats.cauchy.cdf(1) - stats.cauchy.cdf(-1)),
        (np.exp(bounds), [2.66974401, 1.52034690, 1.31548925]),
        (t.banana().variance, [100, 19]),
        (t.banana().expectations["x0^4"][1], 20000 + 100**2),  # Var x0^2 and the square of E x0^2
        (t.rosenbrock(1).expectations["x^4"][1], [6 + 2**2, 668.02 + 10.1**2]),
        (t.rosenbrock().mean[18:], 2),
        (t.rosenbrock().mean[18:] ** 2 + t.rosenbrock().variance[18:], 10.1),
        (t.funnel().variance[1:], 90.01713130),
    ]:
        np.testing.assert_allclose(truth, digits, rtol=5e-9, atol=5e-9)
