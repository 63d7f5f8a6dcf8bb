"""Test the refusal of models and batches that do not fit."""

import jax.numpy as jnp
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial

from jgen.objectives import elbo
from jgen.objectives.recipe import adversarial_model
from tests.helpers.linear_gaussian import MODEL, data, encoder, exact_params
from tests.objectives.test_family import trace


def forgets_the_event(params, x):
    return encoder(params, x).base_dist


def batched_prior(params):
    del params
    return dist.Normal(jnp.zeros(2), 1.0)


def test_parts_that_do_not_fit_are_named():
    params = exact_params()
    wide = params | {"decoder": exact_params(8, 2)["decoder"]}
    for name in ("elbo", "mse", "reconstruction", "perceptual"):
        with pytest.raises(ValueError, match=r"decoder's examples have shape \(8,\).*got \(4, 6\)"):
            trace(name, params=wide)
    bad_bias = params | {"decoder": params["decoder"] | {"bias": jnp.zeros(5)}}
    with pytest.raises(ValueError, match=r"decoder does not take an input of shape \(4, 2\)"):
        trace("elbo", params=bad_bias)
    with pytest.raises(ValueError, match=r"encoder must return one distribution per example.*to_event"):
        trace("elbo", MODEL._replace(encoder=Partial(forgets_the_event)))
    with pytest.raises(ValueError, match=r"prior must be one distribution.*to_event\(1\)"):
        trace("elbo", MODEL._replace(prior=Partial(batched_prior)))
    with pytest.raises(ValueError, match="2 examples, got 1"):
        trace("mmd", x=data(1))


def test_an_adversarial_model_is_refused():
    with pytest.raises(TypeError, match="LatentModel, got AdversarialModel"):
        elbo(adversarial_model(MODEL, (Partial(dict), Partial(dict))))
