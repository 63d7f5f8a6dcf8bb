"""The flow posterior: its density by a numerical Jacobian and by quadrature, and bugs that must show."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from jgen.encoders.posteriors import DiagonalNormal
from jgen.encoders.posteriors import flow as shipped
from tests.helpers.marking import some_in_ci
from tests.helpers.mutant import Bug, plant

KEY = jax.random.key(0)
FEATURES = np.random.default_rng(4).normal(size=(2, 3))


def posterior(module, latent_dim, scale=0.5):
    """q(z | x) of two rows with random weights, in float64."""
    network = module.Flow(num_layers=3, hidden=6, bound=0.7)
    features = jnp.asarray(FEATURES)
    shapes = jax.eval_shape(lambda key: network.init(key, features, latent_dim), KEY)
    rng = np.random.default_rng(5)
    params = jax.tree.map(lambda leaf: jnp.asarray(rng.normal(0, scale, leaf.shape)), shapes)
    return jax.jit(lambda params: network.apply(params, features, latent_dim))(params)


@jax.jit
def pushed(q, noise):
    """Noise through the layers, one row of x each."""
    for layer in q.transforms:
        noise = layer(noise)
    return noise


@jax.jit
def judged(q, z):
    return q.log_prob(z)


@jax.jit
def drawn(q):
    return q.sample(KEY, (4000,))


@jax.jit
def told(q, key):
    """A draw, its density as the draw's own intermediates give it, and as they do not."""
    z, intermediates = q.sample_with_intermediates(key)
    return z, q.log_prob(z, intermediates), q.log_prob(z)


def jacobian(q):
    """The density of a draw is that of the noise it came from, over |det| of central differences."""
    dim = q.event_shape[0]
    base = q.base_dist.base_dist
    noise = np.asarray(base.loc) + np.asarray(base.scale) * np.random.default_rng(6).normal(size=(2, dim))
    step = 1e-5 * np.eye(dim)[:, None]
    columns = [np.asarray(pushed(q, noise + s) - pushed(q, noise - s)) / 2e-5 for s in step]
    _, log_det = np.linalg.slogdet(np.stack(columns, -1))  # [batch]
    truth = scipy.stats.norm(base.loc, base.scale).logpdf(noise).sum(-1) - log_det
    # Central differences err by step^2 of third derivatives and by eps / step: 1e-10 each, a few times over.
    np.testing.assert_allclose(judged(q, pushed(q, noise)), truth, rtol=1e-7, atol=1e-7)


def total(q):
    """The mass where draws fall, by the trapezoidal rule, which errs exponentially little; and their mean."""
    dim, base = q.event_shape[0], q.base_dist.base_dist
    cube = np.stack(np.meshgrid(*[np.linspace(-6.5, 6.5, 31)] * dim, indexing="ij"), -1).reshape(-1, 1, dim)
    there = np.asarray(pushed(q, np.asarray(base.loc) + np.asarray(base.scale) * cube))  # all but 1e-10
    low, high = there.min(0), there.max(0)  # [row, latent]
    unit = np.stack(np.meshgrid(*[np.linspace(0, 1, 501)] * dim, indexing="ij"), -1).reshape(-1, 1, dim)
    z = low + (high - low) * unit
    mass = np.exp(np.asarray(judged(q, z))) * ((high - low) / 500).prod(-1)  # [point, row]
    np.testing.assert_allclose(mass.sum(0), 1, atol=1e-7)
    mean = (z * mass[..., None]).sum(0)
    spread = ((z**2 * mass[..., None]).sum(0) - mean**2) ** 0.5
    draws = np.asarray(drawn(q))
    assert (np.abs(draws.mean(0) - mean) < 5.5 * spread / len(draws) ** 0.5).all()  # by chance, 4e-8 a number


def check(module):
    """All of it."""
    jacobian(posterior(module, 3))
    jacobian(posterior(module, 2))
    total(posterior(module, 1))
    total(posterior(module, 2))
    q = posterior(module, 2)
    z, with_intermediates, without = told(q, KEY)
    np.testing.assert_allclose(with_intermediates, without, rtol=1e-9)
    np.testing.assert_allclose(without, judged(q, z), rtol=1e-12)
    moved = np.asarray(pushed(q, np.zeros((2, 2))))
    assert (np.abs(moved) > 0).all()  # every latent is moved by some layer


@pytest.mark.usefixtures("x64", "broadcasting")
def test_its_density_is_exact():
    check(shipped)


@pytest.mark.slow
@pytest.mark.usefixtures("x64", "broadcasting")
def test_two_latents_are_bent_and_each_row_in_its_own_way():
    """Not a Gaussian: the log-density has third derivatives; and rows with other x have other shapes."""
    q = posterior(shipped, 2)
    z = jnp.zeros((2, 2))
    slopes = np.asarray(
        jax.jit(jax.jacfwd(jax.hessian(lambda z: q.log_prob(z).sum())))(z)
    )  # [row, latent] x 3
    own = [slopes[i, :, i, :, i, :] for i in (0, 1)]
    assert all(np.abs(each).max() > 1e-3 for each in own)
    assert np.abs(own[0] - own[1]).max() > 1e-3


@pytest.mark.slow
def test_it_starts_as_its_gaussian():
    features = jnp.asarray(FEATURES, jnp.float32)
    variables = jax.jit(lambda key: shipped.Flow(num_layers=2, hidden=3).init(key, features, 2))(KEY)
    q = shipped.Flow(num_layers=2, hidden=3).apply(variables, features, 2)
    base = {"params": variables["params"]["DiagonalNormal_0"]}
    gaussian = DiagonalNormal().apply(base, features, 2)
    z = jnp.array([[0.5, -1.0], [2.0, 0.0]])
    np.testing.assert_array_equal(q.log_prob(z), gaussian.log_prob(z))


bug = partial(Bug, "encoders.posteriors.flow")
BUGS = {
    "9 the log-Jacobian dropped": bug(
        "log_scale(x)[1] if intermediates is None else intermediates).sum(-1)",
        "log_scale(x)[1] if intermediates is None else intermediates).sum(-1) * 0",
    ),
    "the log-Jacobian of the inverse": bug(
        "log_scale(x)[1] if intermediates is None else intermediates).sum(-1)",
        "log_scale(x)[1] if intermediates is None else intermediates).sum(-1) * -1",
    ),
    "all coordinates seen": bug("jnp.matmul(z * kept, self.into", "jnp.matmul(z, self.into"),
    "the inverse not scaled": bug("(y - shift) * jnp.exp(-log_scale)", "(y - shift)"),
    "the inverse scaled first": bug("(y - shift) * jnp.exp(-log_scale)", "y * jnp.exp(-log_scale) - shift"),
    "the same half kept by all": bug("(jnp.arange(latent_dim) + layer) % 2", "jnp.arange(latent_dim) % 2"),
    "kept coordinates scaled": bug("(1 - kept) * self.bound * jnp.tanh", "self.bound * jnp.tanh"),
}


@pytest.mark.usefixtures("x64", "broadcasting")
@pytest.mark.parametrize("name", some_in_ci(BUGS, 3))
def test_planted_bugs_are_caught(kills, name):
    module = plant(BUGS[name])
    with kills(f"{name} (flow posterior)", error=AssertionError):
        check(module)
