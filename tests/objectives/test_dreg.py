"""Test doubly reparameterised gradients by quadrature, and by an exact posterior."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.objectives import dreg, iwae, renyi
from tests.helpers.linear_gaussian import MODEL, decoder, encoder, exact_params, inexact_params
from tests.helpers.many_keys import assert_mean, gradients, total

X = np.array([[0.7], [-1.5]])


def by_quadrature(params, alpha, num_nodes):
    """Compute the negative Rényi bound of two particles of a model with one latent and one pixel."""
    nodes = jnp.linspace(-9.0, 9.0, num_nodes)  # the trapezoidal rule, with an exponentially small error
    weights = jnp.exp(-jnp.square(nodes) / 2)
    weights = weights / weights.sum()
    q = encoder(params, X).base_dist

    def log_weight(noise):
        z = q.loc + q.scale * noise
        log_prior = -jnp.square(z[:, 0]) / 2 - jnp.log(2 * jnp.pi) / 2
        return log_prior + decoder(params, z).log_prob(X) - q.log_prob(z)[:, 0]

    logs = (1 - alpha) * jax.vmap(log_weight)(nodes)  # [node, batch]
    pairs = (jnp.logaddexp(logs[:, None], logs[None]) - jnp.log(2)) / (1 - alpha)  # [node, node, batch]
    return -jnp.einsum("i,j,ijb->b", weights, weights, pairs).mean()


QUADRATURE = jax.jit(jax.grad(by_quadrature), static_argnums=2)


def exact_gradient(alpha, num_nodes):
    gradient = QUADRATURE(inexact_params(1, 1), alpha, num_nodes)
    return np.concatenate([leaf.ravel() for leaf in jax.tree.leaves(gradient)])


def check_unbiased(objective, alpha=0.0):
    """Check the mean gradient against quadrature, in float64."""
    with jax.enable_x64(True):
        _, gradient = gradients(objective, inexact_params(1, 1), X)
        assert_mean(total(gradient), exact_gradient(alpha, 241))


@pytest.mark.parametrize("make", [dreg, iwae])
def test_gradients_are_unbiased(make):
    check_unbiased(make(MODEL, 2))


@pytest.mark.weekly
def test_the_gradient_of_renyi_is_unbiased():
    check_unbiased(renyi(MODEL, 2, alpha=-1.5), -1.5)


@pytest.mark.weekly
@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("alpha", [0.0, -1.5])
def test_the_quadrature_has_converged(alpha):
    np.testing.assert_allclose(exact_gradient(alpha, 181), exact_gradient(alpha, 241), rtol=1e-9)


@pytest.mark.usefixtures("x64")
def test_only_the_gradient_of_the_encoder_changes():
    params = inexact_params(1, 1)
    (value, plain), (same, doubly) = (gradients(make(MODEL, 2), params, X) for make in (iwae, dreg))
    for left, right in ((value, same), (plain["decoder"], doubly["decoder"])):
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-11), left, right)
    assert not np.allclose(plain["encoder"]["weight"], doubly["encoder"]["weight"])


@pytest.mark.usefixtures("x64")
def test_the_gradient_vanishes_with_the_exact_posterior():
    found = [gradients(make(MODEL, 2), exact_params(1, 1), X)[1]["encoder"] for make in (iwae, dreg)]
    plain, doubly = map(total, found)
    np.testing.assert_allclose(doubly, 0.0, atol=1e-12)
    assert (plain.std(0) > 0.01).all()
