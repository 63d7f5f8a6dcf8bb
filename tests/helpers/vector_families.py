"""Families of NumPyro over vectors and matrices, ten settings each, and rules that integrate over them."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from numpyro.distributions import biject_to

from tests.helpers.quadrature import words

NUM_POINTS = 20_000
DOF, WIDER = 5, 1.4


class VectorFamily(NamedTuple):
    """How to make members, settings, the first of them ordinary, and the rule for its values."""

    make: Callable[..., Any]
    settings: list[tuple]
    rule: Callable[..., Any]


class Rule(NamedTuple):
    """Points ``[point, *event]`` and weights, so that a weighted sum of a density is its integral."""

    points: Any
    log_weights: Any
    is_random: bool


def around_draws(member, draws, rng):
    """Draw points from Student's t fitted to unconstrained draws: importance sampling."""
    to_support = biject_to(member.support)
    unconstrained = jax.vmap(to_support.inv)(draws)
    shape = unconstrained.shape[1:]
    flat = np.asarray(unconstrained).reshape(len(draws), -1)
    mean, dim = flat.mean(0), flat.shape[1]
    factor = WIDER * np.linalg.cholesky(np.cov(flat.T).reshape(dim, dim))
    z = rng.normal(size=(NUM_POINTS, dim)) / np.sqrt(rng.chisquare(DOF, size=(NUM_POINTS, 1)) / DOF)
    student = dist.MultivariateStudentT(float(DOF), jnp.asarray(mean), jnp.asarray(factor))
    u = jnp.asarray(mean + z @ factor.T)
    points, log_det = jax.jit(jax.vmap(lambda u: change(to_support, u.reshape(shape))))(u)
    return Rule(points, log_det - student.log_prob(u) - np.log(NUM_POINTS), True)


def change(transform, u):
    x = transform(u)
    log_det = transform.log_abs_det_jacobian(u, x)
    return x, jnp.sum(log_det)


def on_torus(_member, _draws, _rng):
    """Take a grid of both angles."""
    size = 300
    axis = -np.pi + 2 * np.pi * (np.arange(size) + 0.5) / size
    points = np.stack([x.ravel() for x in np.meshgrid(axis, axis)], -1)
    return Rule(jnp.asarray(points), np.full(size**2, 2 * np.log(2 * np.pi / size)), False)


def on_sphere(member, _draws, rng):
    """Draw uniformly from a circle or a sphere."""
    (dim,) = member.event_shape
    z = rng.normal(size=(NUM_POINTS, dim))
    area = {2: 2 * np.pi, 3: 4 * np.pi}[dim]
    points = z / np.linalg.norm(z, axis=-1, keepdims=True)
    return Rule(jnp.asarray(points), np.full(NUM_POINTS, np.log(area / NUM_POINTS)), True)


def of_counts(member, _draws, _rng):
    """List the ways to share a number among the cells."""
    total = int(member.total_count)
    rows = words(total + 1, member.event_shape[0])
    rows = rows[rows.sum(-1) == total]
    return Rule(jnp.asarray(rows), np.zeros(len(rows)), False)


def gated(_member, _draws, _rng):
    """Take the point 0 and, by their logarithms, positive numbers."""
    axis = np.linspace(-60, 20, 20_001)
    points = np.append(0.0, np.exp(axis))
    return Rule(jnp.asarray(points), np.append(0.0, axis + np.log(axis[1] - axis[0])), False)


def matrix(rho, dim=2):
    return jnp.eye(dim) * (1 - rho) + rho


SCALES = [1.2, 1.0, 0.01, 100.0, 1e-6, 1e6, 0.5, 3.0, 10.0, 0.1]
RHOS = [0.3, 0.0, -0.3, 0.9, 0.99, 0.5, -0.4, 0.7, 0.1, 0.95]
BOTH = list(zip(SCALES, RHOS, strict=True))
DOFS = [5.0, 3.0, 2.5, 10.0, 100.0, 30.0, 6.0, 4.0, 1e4, 8.0]
PARTS = [(2.0, 3.0, 0.5), (1.0, 1.0, 1.0), (0.5, 0.5, 0.5), (30.0, 1.0, 2.0), (0.2, 0.3, 5.0),
         (100.0, 200.0, 300.0),
         (1e4, 1e4, 1e4), (0.1, 0.1, 0.1), (5.0, 5.0, 5.0), (1.0, 2.0, 40.0)]  # fmt: skip
SHARES = [(0.2, 0.5, 0.3), (0.0, 0.4, 0.6), (1.0, 0.0, 0.0), (1e-3, 0.5, 0.499), (0.9, 0.05, 0.05),
          (1 / 3, 1 / 3, 1 / 3), (0.1, 0.1, 0.8), (0.6, 0.3, 0.1), (0.25, 0.5, 0.25),
          (0.05, 0.05, 0.9)]  # fmt: skip
PATH = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
ANGLES = [(1.0, 2.0, 0.3), (1.0, 1.0, 0.0), (0.1, 0.1, 0.05), (5.0, 5.0, 2.0), (10.0, 3.0, -2.0),
          (20.0, 20.0, 5.0),
          (2.0, 3.0, -1.0), (0.5, 4.0, 1.0), (8.0, 8.0, 6.0), (30.0, 2.0, 1.0)]  # fmt: skip
SKEWS = [0.3, 0.0, -0.4, 0.45, 0.1, -0.1, 0.2, -0.3, 0.5, -0.5]
CONCENTRATIONS = [1.0, 2.0, 0.5, 0.6, 5.0, 10.0, 30.0, 100.0, 1.5, 3.0]
GATES = [0.3, 0.5, 0.1, 0.9, 1e-3, 0.999, 0.2, 0.7, 1e-6, 0.4]


def over(rule, make, settings):
    return VectorFamily(make, [each if isinstance(each, tuple) else (each,) for each in settings], rule)


def scatter(rho):
    return jnp.linalg.cholesky(matrix(rho))


VECTORS = {
    "CAR": over(around_draws, lambda scale, rho: dist.CAR(jnp.zeros(3), 0.9 * rho, scale**-2.0, PATH), BOTH),
    "CirculantNormal": over(
        around_draws,
        lambda scale, rho: dist.CirculantNormal(jnp.ones(3), scale**2 * jnp.array([1.0, rho, rho])),
        [(scale, max(rho, -0.3)) for scale, rho in BOTH],
    ),
    "Dirichlet": over(around_draws, lambda *parts: dist.Dirichlet(jnp.array(parts)), PARTS),
    "DirichletMultinomial": over(
        of_counts, lambda *parts: dist.DirichletMultinomial(jnp.array(parts), 5), PARTS
    ),
    "EulerMaruyama": over(
        around_draws,
        lambda scale, rho: dist.EulerMaruyama(
            jnp.linspace(0.0, 1.0, 3),
            lambda x, _: (-rho * x, scale * jnp.ones_like(x)),
            dist.Normal(0.0, scale),
        ),
        BOTH,
    ),
    "GaussianCopula": over(
        around_draws,
        lambda scale, rho: dist.GaussianCopula(dist.Normal(jnp.zeros(2), scale), matrix(rho)),
        BOTH,
    ),
    "GaussianRandomWalk": over(around_draws, lambda scale: dist.GaussianRandomWalk(scale, 3), SCALES),
    "GaussianStateSpace": over(
        around_draws,
        lambda scale, rho: dist.GaussianStateSpace(
            2, jnp.array([[0.5, 0.1], [0.0, rho]]), scale**2 * jnp.array([[1.0, 0.3], [0.3, 1.0]])
        ),
        BOTH,
    ),
    "HurdleGamma": over(
        gated,
        lambda gate, a: dist.HurdleGamma(gate, a, 2.0),
        list(zip(GATES, [*DOFS[:8], 1.0, 1.5], strict=True)),
    ),
    "HurdleLogNormal": over(
        gated,
        lambda gate, scale: dist.HurdleLogNormal(gate, 0.3, scale),
        list(zip(GATES, [0.8, 1.0, 0.1, 2.0, 0.5, 0.3, 1.5, 0.05, 1.2, 0.7], strict=True)),
    ),
    "InverseWishart": over(
        around_draws,
        lambda dof, rho: dist.InverseWishart(dof + 9.0, scale_tril=scatter(rho)),
        list(zip(DOFS, RHOS, strict=True)),
    ),
    "InverseWishartCholesky": over(
        around_draws,
        lambda dof, rho: dist.InverseWishartCholesky(dof + 9.0, scale_tril=scatter(rho)),
        list(zip(DOFS, RHOS, strict=True)),
    ),
    "LKJ": over(around_draws, lambda c: dist.LKJ(3, c), CONCENTRATIONS),
    "LKJCholesky": over(around_draws, lambda c: dist.LKJCholesky(3, c), CONCENTRATIONS),
    "LowRankMultivariateNormal": over(
        around_draws,
        lambda scale, rho: dist.LowRankMultivariateNormal(
            jnp.ones(3), scale * jnp.array([[rho], [1.0], [0.5]]), scale**2 * jnp.array([1.0, 0.5, 2.0])
        ),
        BOTH,
    ),
    "MatrixNormal": over(
        around_draws,
        lambda scale, rho: dist.MatrixNormal(jnp.ones((2, 2)), scale * scatter(rho), scatter(-rho)),
        BOTH,
    ),
    "MultinomialLogits": over(
        of_counts,
        lambda *shares: dist.MultinomialLogits(jnp.log(jnp.maximum(jnp.array(shares), 1e-9)), 5),
        SHARES,
    ),
    "MultinomialProbs": over(of_counts, lambda *shares: dist.MultinomialProbs(jnp.array(shares), 5), SHARES),
    "MultivariateNormal": over(
        around_draws, lambda scale, rho: dist.MultivariateNormal(jnp.ones(2), scale**2 * matrix(rho)), BOTH
    ),
    "MultivariateStudentT": over(
        around_draws,
        lambda dof, rho: dist.MultivariateStudentT(dof, jnp.ones(2), scatter(rho)),
        list(zip([5.0, 6.0, 8.0, 10.0, 100.0, 30.0, 7.0, 9.0, 1e4, 20.0], RHOS, strict=True)),
    ),
    "ProjectedNormal": over(
        on_sphere,
        lambda *c: dist.ProjectedNormal(jnp.array(c)),
        [
            (1.0, 0.5, -0.3),
            (1.0, 0.5),
            (0.0, 1e-3),
            (3.0, 0.0),
            (0.1, 0.1, 0.1),
            (2.0, 2.0, 0.0),
            (5.0, 0.0),
            (0.5, -0.5),
            (0.0, 0.0, 1.0),
            (4.0, 1.0, 1.0),
        ],
    ),
    "SineBivariateVonMises": over(
        on_torus, lambda a, b, c: dist.SineBivariateVonMises(0.5, -0.3, a, b, correlation=c), ANGLES
    ),
    "SineSkewed": over(
        on_torus,
        lambda k, skew: dist.SineSkewed(
            dist.VonMises(jnp.array([0.5, -1.0]), jnp.array([k, 1.0])).to_event(1),
            jnp.array([skew, -0.5 * skew]),
        ),
        list(zip([2.0, 1.0, 0.1, 5.0, 10.0, 20.0, 3.0, 0.5, 8.0, 30.0], SKEWS, strict=True)),
    ),
    "Wishart": over(
        around_draws,
        lambda dof, rho: dist.Wishart(dof, scale_tril=scatter(rho)),
        list(zip(DOFS, RHOS, strict=True)),
    ),
    "WishartCholesky": over(
        around_draws,
        lambda dof, rho: dist.WishartCholesky(dof, scale_tril=scatter(rho)),
        list(zip(DOFS, RHOS, strict=True)),
    ),
    "ZeroSumNormal": over(around_draws, lambda scale: dist.ZeroSumNormal(scale, (3,)), SCALES),
}
