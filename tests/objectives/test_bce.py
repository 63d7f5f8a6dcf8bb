"""Test the cross-entropy against the likelihood of a Bernoulli."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial

from jgen.objectives import bce, reconstruction
from tests.helpers.linear_gaussian import MODEL, POINT, data, encoder, exact_params, inexact_params
from tests.helpers.many_keys import with_gradient


def bernoulli(params, z):
    part = params["decoder"]
    return dist.Bernoulli(logits=z @ part["weight"].T + part["bias"][None]).to_event(1)


KEY, BINARY = jax.random.key(0), POINT._replace(decoder=Partial(bernoulli))


@pytest.mark.usefixtures("x64")
def test_it_is_a_bernoulli_likelihood_for_binary_x():
    params, grey = inexact_params(), jax.nn.sigmoid(data())
    binary = (grey > 0.5).astype(grey.dtype)
    (loss, _), gradient = with_gradient(bce(BINARY), params, binary)
    (nats, _), of_nats = with_gradient(reconstruction(BINARY), params, binary)
    np.testing.assert_allclose(6 * loss, nats, rtol=1e-12)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(6 * a, b, rtol=1e-10, atol=1e-14), gradient, of_nats)
    (loss, aux), _ = with_gradient(bce(BINARY), params, grey)
    p = np.asarray(jax.nn.sigmoid(bernoulli(params, encoder(params, grey).mean).base_dist.logits))
    exact = -(grey * np.log(p) + (1 - grey) * np.log1p(-p)).mean(1)
    np.testing.assert_allclose(aux["cross_entropy"], exact, rtol=1e-10)
    np.testing.assert_allclose(loss, aux["cross_entropy"].mean(), rtol=1e-12)


def test_large_logits_and_values_outside_0_and_1():
    """Logits of 1000 cost 1000 nats for 0 and nothing for 1; the loss of values outside [0, 1] is NaN."""
    params = exact_params()
    certain = params | {"decoder": {"weight": np.zeros((6, 2)), "bias": np.full(6, 1000.0)}}
    run = jax.jit(bce(BINARY))
    assert float(run(certain, jnp.array([[0.0] * 6, [1.0] * 6]), KEY)[0]) == 500.0
    x = jnp.array([[0.0] * 6, [1.0] * 5 + [255.0], [-0.01] + [0.5] * 5])
    loss, aux = run(params, x, KEY)
    assert np.isnan([loss, *aux["cross_entropy"]]).tolist() == [True, False, True, True]


def test_a_decoder_without_logits_is_refused():
    with pytest.raises(ValueError, match="bce needs a decoder with one logit"):
        jax.eval_shape(bce(MODEL), exact_params(), data(), KEY)
