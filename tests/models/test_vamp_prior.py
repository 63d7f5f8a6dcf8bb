"""Check the mixture of posteriors, and errors of all priors."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from jgen.encoders import Flow, MLPEncoder
from jgen.models import fixed_prior, mixture_prior, standard_prior, vae, vamp_prior
from tests.helpers.model_parts import Decoder, Encoder, random_params

KEY = jax.random.key(0)


def test_the_density_is_the_mean_of_the_posteriors_also_of_flows(x64, rng):  # noqa: ARG001
    """A flow has parameters for each pseudo-input, so its density is evaluated at z once for each."""
    inputs, z = rng.normal(size=(3, 4)), rng.normal(size=(5, 2))
    encoder = MLPEncoder(2, hidden=(4,), posterior=Flow(num_layers=2, hidden=3))
    model = vae(Decoder((4,)), encoder, 2, (4,), prior=vamp_prior(inputs))
    params = random_params(model.init)
    params["prior"]["inputs"] = jnp.asarray(inputs)

    @jax.jit
    def both(params):
        posteriors = [model.encoder(params, inputs[k : k + 1]) for k in range(3)]
        # [pseudo-input, row]
        log_probs = jnp.stack([jax.vmap(one.log_prob)(z[:, None])[:, 0] for one in posteriors])
        prior = model.prior(params)
        draws = jax.vmap(prior.sample)(jax.random.split(KEY, 4))
        return jax.vmap(prior.log_prob)(z), jax.nn.logsumexp(log_probs, axis=0) - jnp.log(3), draws

    found, truth, draws = both(params)
    np.testing.assert_allclose(found, truth, rtol=1e-10)
    assert draws.shape == (4, 2)


def test_gradients_reach_pseudo_inputs_and_encoder(x64, rng):  # noqa: ARG001
    inputs = rng.normal(size=(5, 2, 3))
    model = vae(Decoder((2, 3)), Encoder(2), 2, (2, 3), prior=vamp_prior(inputs))
    np.testing.assert_array_equal(vamp_prior(inputs).init(KEY)["inputs"], inputs)
    params = random_params(model.init)
    slope = jax.jit(jax.grad(lambda params: model.prior(params).log_prob(jnp.ones(2))))(params)
    sizes = jax.tree.map(lambda leaf: float(jnp.abs(leaf).max()), slope)
    assert min(sizes["prior"]["inputs"], *jax.tree.leaves(sizes["encoder"])) > 0
    assert max(jax.tree.leaves(sizes["decoder"])) == 0


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: fixed_prior(dist.Normal(jnp.zeros(2), 1.0)), ValueError, "to_event"),
        (lambda: fixed_prior(dist.Normal(0.0, 1.0)), ValueError, "over one latent vector"),
        (lambda: standard_prior(-1), ValueError, "negative"),
        (lambda: mixture_prior(2, 0), ValueError, "at least 1"),
        (lambda: mixture_prior(0, 2), ValueError, "at least 1"),
        (lambda: vamp_prior(np.ones(3)), ValueError, "pseudo-input"),
        (lambda: vamp_prior(np.ones((0, 3))), ValueError, "pseudo-input"),
        (lambda: vamp_prior(np.ones((2, 3), int)), TypeError, "floating-point"),
    ],
)
def test_invalid_priors_are_rejected(call, error, words):
    with pytest.raises(error, match=words):
        call()
