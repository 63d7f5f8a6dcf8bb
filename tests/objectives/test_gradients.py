"""Gradients of the importance-weighted bounds: against quadrature, and against an exact posterior."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.objectives import dreg, iwae, renyi
from jgen.objectives.renyi import log_power_mean
from tests.helpers.linear_gaussian import MODEL, decoder, encoder, exact_params, inexact_params
from tests.helpers.many_keys import assert_mean, gradients, outcomes, total
from tests.helpers.mutant import Bug, plant

X = np.array([[0.7], [-1.5]])


def by_quadrature(params, alpha, num_nodes):
    """The negative Rényi bound of two particles of a model with one latent and one pixel."""
    nodes = jnp.linspace(-9.0, 9.0, num_nodes)  # the trapezoidal rule: its error falls exponentially
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


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    ("objective", "alpha"),
    [
        (iwae(MODEL, 2), 0.0),
        (dreg(MODEL, 2), 0.0),
        pytest.param(renyi(MODEL, 2, alpha=-1.5), -1.5, marks=pytest.mark.slow),
    ],
    ids=["iwae", "dreg", "renyi"],
)
def test_gradients_are_unbiased(objective, alpha):
    _, gradient = gradients(objective, inexact_params(1, 1), X)
    assert_mean(total(gradient), exact_gradient(alpha, 241))


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("alpha", [0.0, -1.5])
def test_the_quadrature_has_converged(alpha):
    np.testing.assert_allclose(exact_gradient(alpha, 181), exact_gradient(alpha, 241), rtol=1e-9)


@pytest.mark.usefixtures("x64")
def test_dreg_changes_the_encoders_gradient_alone():
    params, x = inexact_params(1, 1), X
    (value, plain), (same, doubly) = (gradients(objective(MODEL, 2), params, x) for objective in (iwae, dreg))
    for left, right in ((value, same), (plain["decoder"], doubly["decoder"])):
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-11), left, right)
    assert not np.allclose(plain["encoder"]["weight"], doubly["encoder"]["weight"])


@pytest.mark.usefixtures("x64")
def test_with_the_exact_posterior_dreg_has_no_noise_and_no_gradient():
    params, x = exact_params(1, 1), X
    plain, doubly = (
        total(gradients(objective(MODEL, 2), params, x)[1]["encoder"]) for objective in (iwae, dreg)
    )
    np.testing.assert_allclose(doubly, 0.0, atol=1e-12)
    assert (plain.std(0) > 0.01).all()


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    ("name", "bug"),
    {
        "DReG, weighed once": Bug(
            "objectives.dreg", "to_z * weight.reshape(weight.shape + (1,) * (to_z.ndim - 2))", "to_z"
        ),
        "DReG, weighed among examples": Bug(
            "objectives.dreg", "softmax(log_weight, axis=0)", "softmax(log_weight, axis=1)"
        ),
    }.items(),
)
def test_a_biased_gradient_is_seen(name, bug, kills):
    objective = plant(bug).dreg(MODEL, 2)
    exact = exact_gradient(0.0, 241)
    with kills(name, error=AssertionError):
        assert_mean(total(gradients(objective, inexact_params(1, 1), X)[1]), exact)


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
def test_renyi_runs_from_elbo_to_iwae_and_beyond():
    params, x = inexact_params(1, 1), X
    run = {
        alpha: outcomes(renyi(MODEL, 2, alpha=alpha), params, x)
        for alpha in (-50.0, -1.0, 0.0, 0.5, 1.0, 2.0)
    }
    loss, aux = outcomes(iwae(MODEL, 2), params, x)
    for _, other in run.values():
        np.testing.assert_allclose(other["bound"], aux["bound"], rtol=1e-12)  # whatever alpha
    values = np.stack([other["renyi"] for _, other in run.values()])  # [alpha, key, batch]
    assert (np.diff(values, axis=0) < 0).all()  # a power mean falls with alpha, draw by draw
    np.testing.assert_allclose(run[0.0][0], loss, rtol=1e-12)
    np.testing.assert_allclose(run[1.0][1]["renyi"], aux["elbo"], rtol=1e-12)


def test_power_means_keep_their_digits_near_the_limit():
    log_weight = np.array([[-1e4, 3.0], [-1e4 + 1, 5.0], [-1e4 + 3, -40.0]])
    middle, variance = log_weight.mean(0), log_weight.var(0)
    run = jax.jit(log_power_mean)
    for power in (0.0, 1e-12, -1e-6, 1e-4):
        value = run(log_weight, power)
        skew = power**2 * ((log_weight - middle) ** 3).mean(0) / 6
        truth = middle + power * variance / 2 + skew  # the next term is below 1e-7
        np.testing.assert_allclose(value, truth, rtol=4e-7)
    for power in (1.0, -3.0):
        value = run(log_weight, power)
        truth = middle + np.log(np.exp(power * (log_weight - middle)).mean(0)) / power
        np.testing.assert_allclose(value, truth, rtol=4e-7)
    gradient = jax.jit(jax.grad(lambda logs, power: log_power_mean(logs, power).sum()))
    for power in (0.0, 1e-20):
        np.testing.assert_allclose(gradient(log_weight, power), 1 / 3, rtol=1e-6)
