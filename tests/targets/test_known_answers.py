"""The numbers that the project wrote down first; special functions; wrong arguments."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

from jgen.targets import (
    asia,
    autoregressive,
    banana,
    beta,
    boltzmann_machine,
    cauchy,
    diabetes,
    dirichlet,
    double_well,
    funnel,
    grid25,
    hidden_markov,
    ill_conditioned_gaussian,
    ising,
    linear_decoder,
    linear_regression,
    lkj,
    log_gamma,
    many_wells,
    normal_from_cauchy,
    normal_from_laplace,
    phi4,
    rastrigin,
    ring,
    ring_of_modes,
    rosenbrock,
    skew_normal,
    squiggle,
    state_space,
    student_t,
    truncated_normal,
    two_moons,
    wishart,
)
from jgen.targets.asia import NETWORK
from jgen.targets.special_functions import digamma, log_beta, normal_cdf, normal_pdf, trigamma
from tests.helpers.quadrature import TOLERANCE, line

pytestmark = pytest.mark.usefixtures("x64")


def test_known_answers():
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
    np.testing.assert_allclose(rosenbrock().mean[18:], 2, rtol=TOLERANCE)
    np.testing.assert_allclose(second_moment(rosenbrock())[18:], 10.1, rtol=TOLERANCE)
    np.testing.assert_allclose(
        cauchy().expectations["-log p"][1], 100 * math.log(4 * math.pi), rtol=TOLERANCE
    )
    bounds = [np.exp(make().log_bound) for make in (beta, normal_from_cauchy, normal_from_laplace)]
    np.testing.assert_allclose(bounds, [2.66974401, 1.52034690, 1.31548925], atol=5e-9)


def second_moment(target):
    return np.square(target.mean) + target.variance


def by_gauss_hermite(target):
    """Nodes ``[node, 2]`` and weights of a law that is a polynomial of degree 2 of two normals, from its own
    map: 20 nodes a coordinate are exact for polynomials of degree 39 of them."""
    node, weight = np.polynomial.hermite_e.hermegauss(20)
    u = np.stack([each.ravel() for each in np.meshgrid(node, node, indexing="ij")], -1)
    pushforward = target.log_density.args[0]
    return np.asarray(jax.vmap(pushforward.forward)(u)), np.outer(weight, weight).ravel() / (2 * np.pi)


@pytest.mark.parametrize(
    ("make", "name", "digits"),
    [
        (lambda: rosenbrock(1), "x^4", [6, 668.02]),  # Var x^2 and Var y^2
        (banana, "x0^4", [20000]),  # Var x0^2
    ],
)
def test_variances_of_squares(make, name, digits):
    """As written, by the moments that the target carries, and by quadrature of its own draws."""
    target = make()
    fourth = np.atleast_1d(target.expectations[name][1])
    carried = fourth - second_moment(target)[: fourth.size] ** 2
    np.testing.assert_allclose(carried, digits, rtol=TOLERANCE)
    x, weight = by_gauss_hermite(target)
    square = x[:, : fourth.size] ** 2
    found = weight @ square**2 - (weight @ square) ** 2
    np.testing.assert_allclose(found, digits, rtol=TOLERANCE)


def test_the_surprise_of_a_cauchy_coordinate():
    """-log p has mean log 4 pi = 2.53102425 and sd pi / sqrt 3 = 1.81379936: by a sum over x = sinh u."""
    u = line(-45, 45, 0.05)
    log_p = np.asarray(jax.vmap(cauchy(1).log_density)(np.sinh(u)[:, None]))
    weight = np.exp(log_p) * np.cosh(u) * 0.05
    mean, square = weight @ -log_p, weight @ log_p**2
    np.testing.assert_allclose([mean, np.sqrt(square - mean**2)], [2.53102425, 1.81379936], rtol=0, atol=5e-9)


def test_special_functions():
    """Those of the host, against SciPy's, to a few roundings."""
    for x in (1e-3, 0.5, 1.0, 2.5, 7.0, 11.99, 12.01, 444.0, 1e6):
        np.testing.assert_allclose(digamma(x), special.digamma(x), rtol=2e-14)
        np.testing.assert_allclose(trigamma(x), special.polygamma(1, x), rtol=2e-14)
        np.testing.assert_allclose(log_beta(x, 2.5), special.betaln(x, 2.5), rtol=1e-9)
    for x in (-8.0, -3.0, 0.0, 2.0):
        np.testing.assert_allclose(normal_cdf(x), special.ndtr(x), rtol=1e-13)
        np.testing.assert_allclose(normal_pdf(x), math.exp(-x * x / 2) / math.sqrt(2 * math.pi), rtol=1e-14)


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
        (autoregressive, {"vocabulary": 1}, "vocabulary=1"),
        (autoregressive, {"length": 9}, "length=9"),
        (autoregressive, {"temperature": 0.0}, "temperature=0.0"),
        (student_t, {"dof": 2.0}, "dof=2.0"),
        (log_gamma, {"shapes": (1.0, 0.0)}, r"\(1.0, 0.0\)"),
        (log_gamma, {"rate": -1.0}, "rate=-1.0"),
        (dirichlet, {"concentration": (1.0,)}, "at least two"),
        (dirichlet, {"concentration": (0.5, 2.0)}, ">= 1"),
        (lkj, {"concentration": 0.5}, "concentration=0.5"),
        (wishart, {"dof": 2.0}, "dof=2.0"),
        (ring, {"radius": 0.0}, "radius=0.0"),
        (ring, {"width": 1e-3}, "width=0.001"),
        (squiggle, {"amplitude": float("nan")}, "amplitude=nan"),
        (two_moons, {"light": 11.0}, "light=11.0"),
        (ring_of_modes, {"modes": 2}, "modes=2"),
        (ising, {"side": 2}, "side=2"),
        (ising, {"coupling": float("inf")}, "coupling=inf"),
        (boltzmann_machine, {"hidden": 0}, "hidden=0"),
        (boltzmann_machine, {"visible": 10}, "visible=10"),
        (boltzmann_machine, {"strength": float("inf")}, "strength=inf"),
        (diabetes, {"prior_scale": 0.0}, "prior_scale=0.0"),
        (truncated_normal, {"loc": 1.5}, "loc=1.5"),
        (truncated_normal, {"scale": 0.01}, "scale=0.01"),
        (skew_normal, {"shapes": (1.0, 0.0)}, "none 0"),
        (phi4, {"coupling": 0.0}, "coupling=0.0"),
        (rastrigin, {"height": -1.0}, "height=-1.0"),
        (many_wells, {"wells": 17}, "wells=17"),
    ],
)
def test_wrong_arguments_are_named(make, arguments, message):
    """Catches silence, and an error that does not say what was given."""
    with pytest.raises(ValueError, match=f"{make.__name__}.*{message}"):
        make(**arguments)
