"""Truths of Gaussians, found again from the density's own gradient and Hessian."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jgen.targets import (
    bimodal,
    cauchy,
    funnel,
    gumbel,
    ill_conditioned_gaussian,
    linear_decoder,
    many_wells,
    rosenbrock,
    standard_gaussian,
    state_space,
    student_t,
)
from tests.helpers.quadrature import TOLERANCE, gaussian_block

pytestmark = pytest.mark.usefixtures("x64")


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
    values = jax.jit(jax.vmap(lambda x: linear_decoder(x, weight, bias, 0.4).log_evidence))(xs)
    exact = stats.multivariate_normal.logpdf(xs, bias, weight @ weight.T + 0.16 * jnp.eye(3))
    np.testing.assert_allclose(values, exact, rtol=TOLERANCE)


def test_ill_conditioned_spectrum():
    """Catches a rotation that is not orthogonal: it would change the condition number."""
    target = ill_conditioned_gaussian(30, 1e3)
    covariance = jnp.linalg.inv(-jax.jit(jax.hessian(target.log_density))(target.start))
    np.testing.assert_allclose(jnp.linalg.eigvalsh(covariance), np.geomspace(1, 1e3, 30), rtol=TOLERANCE)


def test_high_dimensions_are_products_of_low_ones():
    """Catches a constant that is right for the small case of a grid, and wrong for the default."""
    x = np.sin(np.arange(100.0))

    def value(target, x):
        return float(jax.jit(target.log_density)(x))

    alone = sum(value(rosenbrock(1), np.array(pair)) for pair in zip(x[:18], x[18:36], strict=True))
    np.testing.assert_allclose(value(rosenbrock(), x[:36]), alone, rtol=TOLERANCE)
    np.testing.assert_allclose(value(cauchy(), x), stats.cauchy.logpdf(x).sum(), rtol=TOLERANCE)
    np.testing.assert_allclose(value(student_t(), x[:10]), stats.t.logpdf(x[:10], 5).sum(), rtol=TOLERANCE)
    np.testing.assert_allclose(value(gumbel(), x[:10]), stats.gumbel_r.logpdf(x[:10]).sum(), rtol=TOLERANCE)
    exact = (-(x[:4] ** 4) + 6 * x[:4] ** 2 + x[:4] / 2).sum()
    np.testing.assert_allclose(value(many_wells(), x[:4]), exact, rtol=TOLERANCE)
    exact = stats.norm.logpdf(x[0], 0, 3) + stats.norm.logpdf(x[1:10], 0, np.exp(x[0] / 2)).sum()
    np.testing.assert_allclose(value(funnel(), x[:10]), exact, rtol=TOLERANCE)
    near, far = x[:50], x[:50] + 4 * (np.arange(50) == 0)
    for point in (near, far):
        wide = np.log(0.75) + stats.norm.logpdf(point).sum()
        narrow = np.log(0.25) + stats.norm.logpdf(point, 4 * (np.arange(50) == 0), 0.6).sum()
        np.testing.assert_allclose(value(bimodal(), point), np.logaddexp(wide, narrow), rtol=TOLERANCE)
