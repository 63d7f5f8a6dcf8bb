"""Test maximum likelihood against closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import optax
import pytest
from jax.tree_util import Partial

from jgen.objectives.maximum_likelihood import maximum_likelihood
from jgen.training import init_state, make_train_step, train

X = np.array([[0.5, -1.0], [2.0, 0.0], [-1.5, 3.0], [4.0, 1.0]])


def independent_normal(params):
    mean, log_sd = params
    return dist.Normal(mean, jnp.exp(log_sd)).to_event(1)


def shifted_normal(shift, mean):
    return dist.Normal(mean + shift, 1.0).to_event(1)


def test_loss_and_gradient_equal_the_closed_form(x64):  # noqa: ARG001
    mean, sd = np.array([0.3, -0.2]), np.array([1.5, 0.7])
    params = (jnp.asarray(mean), jnp.log(sd))
    objective = maximum_likelihood(independent_normal)
    (loss, aux), (grad_mean, grad_log_sd) = jax.jit(jax.value_and_grad(objective, has_aux=True))(
        params, jnp.asarray(X), jax.random.key(0)
    )
    z = (X - mean) / sd
    log_prob = (-0.5 * z**2 - np.log(sd) - 0.5 * np.log(2 * np.pi)).sum(-1)
    np.testing.assert_allclose(aux["log_prob"], log_prob, rtol=1e-13)
    np.testing.assert_allclose(loss, -log_prob.mean(), rtol=1e-13)
    np.testing.assert_allclose(grad_mean, -(z / sd).mean(0), rtol=1e-12)
    np.testing.assert_allclose(grad_log_sd, 1 - (z**2).mean(0), rtol=1e-12)


def test_training_finds_the_sample_moments(x64):  # noqa: ARG001
    optimizer = optax.sgd(0.5)
    params = (jnp.zeros(2), jnp.zeros(2))
    step = make_train_step(maximum_likelihood(independent_normal), optimizer)
    run = train(init_state(jax.random.key(0), params, optimizer), step, X, 400)
    # near the optimum the rates are 1 - .5/sd^2 and 1 - .5 * 2: the slowest mode falls below 1e-12
    mean, log_sd = run.state.params
    np.testing.assert_allclose(mean, X.mean(0), rtol=1e-10)
    np.testing.assert_allclose(np.exp(log_sd), X.std(0), rtol=1e-10)


def test_new_options_do_not_recompile():
    @jax.jit
    def loss(objective):
        return objective(jnp.zeros(2), jnp.asarray(X, jnp.float32), jax.random.key(0))[0]

    for shift in (0.0, 1.0, 2.0):
        loss(maximum_likelihood(Partial(shifted_normal, jnp.array(shift))))
    assert loss._cache_size() == 1


@pytest.mark.parametrize(
    ("distribution_of", "batch", "error", "words"),
    [
        (dist.Normal(0.0, 1.0), jnp.ones(3), TypeError, "must be a function"),
        (lambda loc: dist.Normal(loc * jnp.ones(2), 1.0), jnp.ones((3, 2)), ValueError, "to_event"),
        (lambda loc: dist.Normal(loc * jnp.ones(2), 1.0).to_event(1), jnp.ones((3, 4)), ValueError, "got"),
    ],
)
def test_functions_and_batches_that_do_not_fit_are_refused(distribution_of, batch, error, words):
    with pytest.raises(error, match=words):
        maximum_likelihood(distribution_of)(0.0, batch, jax.random.key(0))
