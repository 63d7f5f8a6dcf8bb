"""Truths found again by a sum over a grid, in at most three dimensions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate

from jgen.targets import (
    banana,
    behrens_fisher,
    beta,
    bimodal,
    bioassay,
    cauchy,
    change_point,
    dirichlet,
    double_well,
    funnel,
    grid25,
    gumbel,
    lkj,
    log_gamma,
    many_wells,
    mixture_means,
    normal_from_cauchy,
    normal_from_laplace,
    phi4,
    poisson_regression,
    probit_process,
    rastrigin,
    ring,
    ring_of_modes,
    rosenbrock,
    skew_normal,
    squiggle,
    standard_gaussian,
    student_t,
    three_modes,
    truncated_normal,
    two_moons,
)
from tests.helpers.quadrature import TOLERANCE, check_on_grid, hyperbolic, identity, line

pytestmark = pytest.mark.usefixtures("x64")


def funnel_scaled(u):
    """Coordinates in which the funnel is as wide at its neck as at its mouth."""
    return jnp.stack([u[0], jnp.exp(u[0] / 2) * u[1]]), u[0] / 2


def logistic(u):
    """The unit interval becomes the line."""
    x = jax.nn.sigmoid(u)
    return x, jnp.log(x) + jnp.log1p(-x)


SCALAR = [line(-12, 12, 0.1)]
LONG = [line(-45, 45, 0.05)]
PLANE = [line(-6, 6, 0.05)] * 2
JUMPS = ("|x| < 1", "x0 > 0", "x > 0")
"""A grid is slow at a jump: see test_probabilities_of_half_lines."""
GRIDS = {
    "banana": (banana, [line(-85, 85, 0.1), line(-14, 230, 0.25)], identity),
    "rosenbrock": (lambda: rosenbrock(1), [line(-8, 10, 0.01), line(-3, 104, 0.1)], identity),
    "funnel": (lambda: funnel(2), [line(-30, 40, 0.25), line(-9, 9, 0.25)], funnel_scaled),
    "cauchy": (lambda: cauchy(1), LONG, hyperbolic),
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
    "student_t": (lambda: student_t(1), LONG, hyperbolic),
    "gumbel": (lambda: gumbel(1), [line(-6, 40, 0.05)], identity),
    "log_gamma": (lambda: log_gamma((0.5, 2.5), 3.0), [line(-80, 6, 0.1), line(-18, 5, 0.1)], identity),
    "dirichlet": (
        lambda: dirichlet((1.5, 1.0, 2.5)),
        [line(-25, 25, 0.15), line(-40, 20, 0.15)],
        identity,
    ),
    "ring": (ring, PLANE, identity),
    "wide ring": (lambda: ring(0.7, 2.0), PLANE, identity),
    "squiggle": (squiggle, [line(-17, 17, 0.1), line(-10, 10, 0.1)], identity),
    "two_moons": (two_moons, PLANE, identity),
    "dim moons": (lambda: two_moons(1.0, 1.5), PLANE, identity),
    "ring_of_modes": (ring_of_modes, PLANE, identity),
    "three wide modes": (lambda: ring_of_modes(3, 1.0, 0.5), PLANE, identity),
    "mixture_means": (mixture_means, [line(-22, 22, 0.15)] * 2, identity),
    "bioassay": (bioassay, [line(-12, 16, 0.1), line(-35, 80, 0.4)], identity),
    "poisson_regression": (poisson_regression, [line(0, 5, 0.02), line(-1, 4, 0.02)], identity),
    "change_point": (change_point, [line(-1.5, 2.5, 0.02), line(-3, 2, 0.02)], identity),
    "probit_process": (probit_process, [line(-15, 15, 0.4)] * 3, identity),
    "truncated_normal": (truncated_normal, [line(-45, 45, 0.1)], identity),
    "skew_normal": (lambda: skew_normal((1.0, -4.0)), [line(-9, 9, 0.05)] * 2, identity),
    "rastrigin": (rastrigin, [line(-6, 6, 0.02)] * 2, identity),
    "low rastrigin": (lambda: rastrigin(1, 0.7, 0.3), SCALAR, identity),
    "many_wells": (lambda: many_wells(2), [line(-4, 4, 0.02)] * 2, identity),
}


@pytest.mark.parametrize("name", GRIDS)
def test_quadrature(name):
    """Catches a wrong constant, mean, variance or expectation of every target that a grid can cover."""
    make, axes, change = GRIDS[name]
    check_on_grid(make(), axes, change, skip=JUMPS)


def test_a_ring_of_sites_by_a_grid():
    """The transfer matrix of phi4 against a plain sum over its four sites."""
    check_on_grid(phi4(), [line(-3.3, 3.3, 0.22)] * 4)


@pytest.mark.parametrize(
    ("target", "key", "low", "high"),
    [
        (lambda: cauchy(1), "|x| < 1", -1, 1),
        (double_well, "x0 > 0", 0, 8),
        (lambda: double_well(2.0, -3.0), "x0 > 0", 0, 8),
        (lambda: many_wells(1), "x > 0", 0, 8),
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


def test_behrens_and_fisher_on_a_grid():
    """Each sample apart, as their posteriors are independent: a mean, a log-scale."""
    target = behrens_fisher()
    (y,) = target.log_density.args
    axes = [jnp.asarray(a.ravel()) for a in np.meshgrid(line(-15, 19, 0.05), line(-2, 4.5, 0.05))]

    @jax.jit
    def weigh(mean, log_scale):
        half = jnp.stack([mean, mean, log_scale, log_scale])
        alone = [y.at[k].set(0.0) for k in (1, 0)]  # the other sample is all 0, so that it only adds
        rest = target.log_density.func(jnp.zeros_like(y), half) / 2
        return jnp.stack([target.log_density.func(each, half) - rest for each in alone])

    log_weights = np.asarray(jax.vmap(weigh)(*axes))  # [node, sample]
    weights = np.exp(log_weights) * 0.05**2
    mass = weights.sum(0)
    np.testing.assert_allclose(target.log_evidence, np.log(mass).sum(), atol=TOLERANCE)
    weights /= mass
    rows = np.stack(axes, 1)
    mean = rows.T @ weights  # [mean or log-scale, sample]
    np.testing.assert_allclose(target.mean, mean.ravel(), atol=1e-6)  # tails of t with 9 degrees of freedom
    np.testing.assert_allclose(np.exp(2 * rows[:, 1]) @ weights, target.expectations["sigma^2"][1], atol=1e-6)


@pytest.mark.parametrize("concentration", [1.0, 2.0, 3.5])
def test_lkj_in_the_space_of_matrices(concentration):
    """det(R)^(eta - 1) over the elliptope: Gauss-Legendre in R, which knows of no Jacobian."""
    target = lkj(concentration)
    half, gauss = np.polynomial.legendre.leggauss(90)
    a, b = np.meshgrid(half, half, indexing="ij")  # R_12 = sin(a'), ... make the edges smooth
    first, second = np.sin(a * np.pi / 2), np.sin(b * np.pi / 2)
    weight = np.outer(gauss, gauss) * np.cos(a * np.pi / 2) * np.cos(b * np.pi / 2) * (np.pi / 2) ** 2
    reach = np.sqrt((1 - first**2) * (1 - second**2))  # R_23 runs over first second +- reach
    angle = half[:, None, None] * np.pi / 2
    third = first * second + reach * np.sin(angle)
    rows = np.stack(np.broadcast_arrays(first, second, third))
    det = 1 + 2 * rows.prod(0) - np.square(rows).sum(0)
    weight = weight * gauss[:, None, None] * np.pi / 2 * reach * np.cos(angle)
    weight = weight * np.maximum(det, 0) ** (concentration - 1)
    np.testing.assert_allclose(target.log_evidence, np.log(weight.sum()), atol=TOLERANCE)
    square = (rows**2 * weight).sum((1, 2, 3)) / weight.sum()
    np.testing.assert_allclose(target.expectations["R^2"][1], square, atol=TOLERANCE)
