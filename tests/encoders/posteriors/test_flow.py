"""Test the flow posterior: its density by a numerical Jacobian and by quadrature."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from jgen.encoders.posteriors import DiagonalNormal, flow as shipped

KEY = jax.random.key(0)
FEATURES = np.random.default_rng(4).normal(size=(2, 3))


def posterior(module, latent_dim):
    """Return q(z | x) of two rows with random weights, in float64."""
    network = module.Flow(num_layers=3, hidden=6, bound=0.7)
    features = jnp.asarray(FEATURES)
    shapes = jax.eval_shape(lambda key: network.init(key, features, latent_dim), KEY)
    rng = np.random.default_rng(5)
    params = jax.tree.map(lambda leaf: jnp.asarray(rng.normal(0, 0.5, leaf.shape)), shapes)
    return jax.jit(lambda params: network.apply(params, features, latent_dim))(params)


@jax.jit
def transform(q, noise):
    """Transform noise by the layers, one row for each row of x."""
    for layer in q.transforms:
        noise = layer(noise)
    return noise


@jax.jit
def log_prob(q, z):
    return q.log_prob(z)


@jax.jit
def two_log_probs(q):
    """Return the log-density of a draw, with the intermediates of the draw and without."""
    z, intermediates = q.sample_with_intermediates(KEY)
    return q.log_prob(z, intermediates), q.log_prob(z)


def check_jacobian(q):
    """Check that the density is that of the noise, over |det| of central differences."""
    dim = q.event_shape[0]
    base = q.base_dist.base_dist
    noise = np.asarray(base.loc) + np.asarray(base.scale) * np.random.default_rng(6).normal(size=(2, dim))
    step = 1e-5 * np.eye(dim)[:, None]
    columns = [np.asarray(transform(q, noise + s) - transform(q, noise - s)) / 2e-5 for s in step]
    _, log_det = np.linalg.slogdet(np.stack(columns, -1))  # [batch]
    truth = scipy.stats.norm(base.loc, base.scale).logpdf(noise).sum(-1) - log_det
    # Central differences err by step^2 of third derivatives and by eps / step: 1e-10 each, a few times over.
    np.testing.assert_allclose(log_prob(q, transform(q, noise)), truth, rtol=1e-7, atol=1e-7)


def check_total(q):
    """Check the total mass by the trapezoidal rule, exponentially exact, and the mean of draws."""
    dim, base = q.event_shape[0], q.base_dist.base_dist
    cube = np.stack(np.meshgrid(*[np.linspace(-6.5, 6.5, 31)] * dim, indexing="ij"), -1).reshape(-1, 1, dim)
    there = np.asarray(transform(q, np.asarray(base.loc) + np.asarray(base.scale) * cube))  # all but 1e-10
    low, high = there.min(0), there.max(0)  # [row, latent]
    unit = np.stack(np.meshgrid(*[np.linspace(0, 1, 501)] * dim, indexing="ij"), -1).reshape(-1, 1, dim)
    z = low + (high - low) * unit
    mass = np.exp(np.asarray(log_prob(q, z))) * ((high - low) / 500).prod(-1)  # [point, row]
    np.testing.assert_allclose(mass.sum(0), 1, atol=1e-7)
    mean = (z * mass[..., None]).sum(0)
    spread = ((z**2 * mass[..., None]).sum(0) - mean**2) ** 0.5
    draws = np.asarray(jax.jit(lambda q: q.sample(KEY, (4000,)))(q))
    assert (np.abs(draws.mean(0) - mean) < 5.5 * spread / len(draws) ** 0.5).all()  # false alarm 4e-8 each


def check(module):
    """Check the density, the inverse, and that every latent is transformed, in float64."""
    with jax.enable_x64(True), jax.numpy_rank_promotion("allow"):
        check_jacobian(posterior(module, 3))
        q = posterior(module, 2)
        check_total(q)
        np.testing.assert_allclose(*two_log_probs(q), rtol=1e-9)
        moved = np.asarray(transform(q, np.zeros((2, 2))))
        assert (np.abs(moved) > 0).all()  # every latent is moved by some layer


def test_its_density_is_exact():
    check(shipped)


@pytest.mark.weekly
@pytest.mark.usefixtures("x64", "broadcasting")
def test_its_density_is_exact_for_one_latent():
    check_total(posterior(shipped, 1))


@pytest.mark.weekly
@pytest.mark.usefixtures("x64", "broadcasting")
def test_rows_have_different_shapes_that_are_not_gaussian():
    """The log-density has third derivatives, different ones for different x."""
    q = posterior(shipped, 2)
    z = jnp.zeros((2, 2))
    third_derivative = jax.jit(jax.jacfwd(jax.hessian(lambda z: q.log_prob(z).sum())))
    slopes = np.asarray(third_derivative(z))  # [row, latent] x 3
    third = [slopes[i, :, i, :, i, :] for i in (0, 1)]
    assert all(np.abs(each).max() > 1e-3 for each in third)
    assert np.abs(third[0] - third[1]).max() > 1e-3


@pytest.mark.weekly
def test_it_is_gaussian_at_initialisation():
    features = jnp.asarray(FEATURES, jnp.float32)
    q, variables = shipped.Flow(num_layers=2, hidden=3).init_with_output(KEY, features, 2)
    gaussian = DiagonalNormal().apply({"params": variables["params"]["DiagonalNormal_0"]}, features, 2)
    z = jnp.array([[0.5, -1.0], [2.0, 0.0]])
    np.testing.assert_allclose(q.log_prob(z), gaussian.log_prob(z), rtol=1e-6)
