"""Compare the log densities of targets with SciPy's."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import jgen.targets as t
from jgen.targets.asia import CONDITIONALS, NETWORK
from tests.helpers import quadrature
from tests.helpers.marking import first_of_each
from tests.helpers.members import TARGETS
from tests.helpers.quadrature import TOLERANCE, line


def two_modes(x):
    narrow = stats.norm.logpdf(x, 4 * (np.arange(len(x)) == 0), 0.6).sum()
    return np.logaddexp(np.log(0.75) + stats.norm.logpdf(x).sum(), np.log(0.25) + narrow)


def valleys(x):
    return stats.norm.logpdf(x[:18], 1) + stats.norm.logpdf(x[18:], x[:18] ** 2, 0.1**0.5)


def broken_stick(y):
    simplex = t.dirichlet().expectations["p"][0]
    log_jacobian = quadrature.log_volume(lambda y: simplex(y)[:3], y)
    return stats.dirichlet.logpdf(np.asarray(simplex(y)), [1.5, 2.0, 3.0, 4.5]) + log_jacobian


def cholesky_factor(position):
    matrix, (rows, columns) = t.wishart().expectations["W"][0], np.tril_indices(3)
    scale = 0.5 ** np.abs(np.subtract.outer(np.arange(3), np.arange(3)))
    log_jacobian = quadrature.log_volume(lambda position: matrix(position)[rows, columns], position)
    return stats.wishart.logpdf(np.asarray(matrix(position)), 7, scale) + log_jacobian


def sparse_means(position):
    scale, raw = np.exp(position[:3]), position[3:]
    likelihood = stats.norm.logpdf([0.2, -1.5, 4.0], scale * raw)
    return likelihood + stats.norm.logpdf(raw) + stats.halfcauchy.logpdf(scale) + position[:3]


def diagnoses(w):
    from sklearn.datasets import load_breast_cancer

    features, labels = load_breast_cancer(return_X_y=True)
    probability = 1 / (1 + np.exp(-(w[0] + stats.zscore(features) @ w[1:])))
    return stats.norm.logpdf(w).sum() + stats.bernoulli.logpmf(labels, probability).sum()


DENSITIES = {
    "dirichlet": broken_stick,
    "wishart": cholesky_factor,
    "log_gamma": lambda x: stats.gamma.logpdf(np.exp(x), [0.5, 1.0, 2.5, 7.0], scale=0.5) + x,
    "horseshoe": sparse_means,
    "breast_cancer": diagnoses,
    "gumbel": stats.gumbel_r.logpdf,
    "bimodal": two_modes,
    "cauchy": stats.cauchy.logpdf,
    "funnel": lambda x: stats.norm.logpdf(x, 0, np.exp(np.where(np.arange(10) > 0, x[0] / 2, np.log(3)))),
    "many_wells": lambda x: -(x**4) + 6 * x**2 + x / 2,
    "rosenbrock": valleys,
    "student_t": lambda x: stats.t.logpdf(x, 5),
}


@pytest.mark.parametrize("name", first_of_each(DENSITIES, family=lambda name: name == "breast_cancer"))
@pytest.mark.usefixtures("x64")
def test_densities_of_default_dimension(name):
    """Detect a dropped log-Jacobian or prior, and a constant that is correct for the small case of a grid."""
    target = TARGETS[name]()
    x = np.sin(np.arange(float(len(target.start))))
    for point in (x, x + 4 * (np.arange(len(x)) == 0)):
        value = jax.jit(target.log_density)(point)
        np.testing.assert_allclose(value, np.sum(DENSITIES[name](point)), rtol=TOLERANCE)


@pytest.mark.usefixtures("x64")
def test_log_density_of_cauchy():
    """Sum over x = sinh u: -log p has mean log 4 pi = 2.53102425 and sd pi / sqrt 3 = 1.81379936."""
    u = line(-45, 45, 0.05)
    log_p = np.asarray(jax.vmap(t.cauchy(1).log_density)(np.sinh(u)[:, None]))
    weight = np.exp(log_p) * np.cosh(u) * 0.05
    mean, square = weight @ -log_p, weight @ log_p**2
    np.testing.assert_allclose([mean, np.sqrt(square - mean**2)], [2.53102425, 1.81379936], rtol=0, atol=5e-9)


@pytest.mark.usefixtures("x64")
def test_conditionals_of_asia_are_the_network():
    """Detect conditionals whose parents, named by their parameters, are not the table's."""
    values = {name: jnp.asarray(int(name != "asia" and name != "tub")) for name in NETWORK}
    parents = {name: tuple(inspect.signature(each).parameters) for name, each in CONDITIONALS.items()}
    assert parents == {name: NETWORK[name][0] for name in NETWORK}

    @jax.jit
    def evaluate(values):
        made = {name: each(*map(values.get, parents[name])) for name, each in CONDITIONALS.items()}
        return sum(made[name].log_prob(values[name]) for name in made), t.asia().log_density(values)

    np.testing.assert_allclose(*evaluate(values), rtol=TOLERANCE)
