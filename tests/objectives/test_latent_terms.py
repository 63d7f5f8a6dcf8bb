"""Test the refusal of models and batches that do not fit."""

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial

from jgen.objectives import elbo, mmd, mse, perceptual, reconstruction
from jgen.objectives.recipe import adversarial_model
from tests.helpers.linear_gaussian import MODEL, data, encoder, exact_params


def trace(objective, params=None, x=None):
    key = jax.eval_shape(lambda: jax.random.key(0))
    return jax.eval_shape(
        objective, exact_params() if params is None else params, data() if x is None else x, key
    )


def forgets_the_event(params, x):
    return encoder(params, x).base_dist


def batched_prior(params):
    del params
    return dist.Normal(jnp.zeros(2), 1.0)


def test_parts_that_do_not_fit_are_named():
    params = exact_params()
    wide = params | {"decoder": exact_params(8, 2)["decoder"]}
    for make in (elbo, mse, reconstruction, lambda m: perceptual(m, jnp.abs)):
        with pytest.raises(ValueError, match=r"decoder's examples have shape \(8,\).*got \(4, 6\)"):
            trace(make(MODEL), wide)
    bad_bias = params | {"decoder": params["decoder"] | {"bias": jnp.zeros(5)}}
    with pytest.raises(ValueError, match=r"decoder does not take an input of shape \(4, 2\)"):
        trace(elbo(MODEL), bad_bias)
    with pytest.raises(ValueError, match=r"encoder must return one distribution per example.*to_event"):
        trace(elbo(MODEL._replace(encoder=Partial(forgets_the_event))))
    with pytest.raises(ValueError, match=r"prior must be one distribution.*to_event\(1\)"):
        trace(elbo(MODEL._replace(prior=Partial(batched_prior))))
    with pytest.raises(ValueError, match="2 examples, got 1"):
        trace(mmd(MODEL), x=data(1))


def test_an_adversarial_model_is_refused():
    with pytest.raises(TypeError, match="LatentModel, got AdversarialModel"):
        elbo(adversarial_model(MODEL, (Partial(dict), Partial(dict))))
