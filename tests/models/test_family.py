"""Check that models use their own parts, and three training steps of every combination.

The combinations are of model, objective, head and prior.
"""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import optax
import pytest
from scipy import stats

from jgen.decoders import Delta
from jgen.distributions import gaussian
from jgen.models import Network, adversarial_autoencoder, autoencoder, fixed_prior, gan, standard_prior, vae
from jgen.training import init_state, make_train_step
from tests.helpers.combined_models import TABLE
from tests.helpers.marking import first_of_each
from tests.helpers.model_parts import Critic, Decoder, Encoder, nothing, random_params, unit_normal

OPTIMIZER = optax.sgd(0.01)
SHAPE = (2, 3)
IMAGES = np.random.default_rng(0).normal(size=(5, *SHAPE)).astype(np.float32)
VAE = vae(Decoder(SHAPE), Encoder(4), 4, SHAPE)


def kind_of(name):
    """Return vae, autoencoder or gan; None for all others."""
    kind = name.partition("-")[0]
    return kind if kind in ("vae", "autoencoder", "gan") else None


def by_part(params):
    """Return the parts of a model, and of its critic, that have parameters."""
    flat = params.get("model", params) | ({"critic": params["critic"]} if "critic" in params else {})
    return {part: leaves for part, leaves in flat.items() if jax.tree.leaves(leaves)}


@pytest.mark.usefixtures("unoptimised")
@pytest.mark.parametrize("name", first_of_each(TABLE, family=kind_of))
def test_three_steps(name):
    row = TABLE[name]
    model = row.build()
    params = random_params(model.init)
    step = jax.jit(make_train_step(row.objective(model), OPTIMIZER))
    state = init_state(jax.random.key(0), params, OPTIMIZER)
    for _ in range(3):
        before, (state, aux) = state, step(state, row.data)
        gradients = jax.tree.map(lambda old, new: (old - new) / 0.01, before.params, state.params)
        assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves((gradients, aux)))
    moved = {
        part: max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(leaves))
        for part, leaves in by_part(gradients).items()
    }
    assert {part for part, size in moved.items() if size > 0} == (row.learns or set(moved))


def test_the_table_has_at_least_sixty_rows():
    assert len(TABLE) >= 60


def test_each_part_of_a_vae_reads_its_own_parameters():
    params = random_params(VAE.init)
    assert set(params) == {"prior", "decoder", "encoder"}
    assert params["prior"] == {}
    mean = VAE.encoder(params, IMAGES).mean
    direct = Encoder(4).apply({"params": params["encoder"]}, IMAGES)
    np.testing.assert_array_equal(mean, direct.mean)
    decoded, prior = VAE.decoder(params, mean), VAE.prior(params)
    direct = Decoder(SHAPE).apply({"params": params["decoder"]}, mean)
    np.testing.assert_array_equal(decoded.mean, direct.mean)
    assert (decoded.batch_shape, decoded.event_shape) == ((5,), SHAPE)
    assert (prior.batch_shape, prior.event_shape) == ((), (4,))


def test_the_standard_prior_is_a_standard_normal(x64, rng):  # noqa: ARG001
    z = rng.normal(size=3)
    found = standard_prior(3).distribution({}, None).log_prob(jnp.asarray(z))
    np.testing.assert_allclose(found, stats.norm.logpdf(z).sum())


def test_a_fitted_prior_keeps_the_parameters_of_the_model():
    fitted = fixed_prior(gaussian(jnp.ones(4), scale=jnp.full(4, 0.1)))
    after, params = vae(Decoder(SHAPE), Encoder(4), 4, SHAPE, prior=fitted), random_params(VAE.init)
    assert jax.tree.structure(params) == jax.tree.structure(random_params(after.init))
    assert after.prior(params).mean.tolist() == [1.0] * 4


def point(params, x):  # noqa: ARG001
    return dist.Delta(x, event_dim=1)


def test_the_code_of_an_autoencoder_is_the_mean_of_its_encoder():
    model, params = autoencoder(Decoder(SHAPE), Encoder(4), 4, SHAPE), random_params(VAE.init)
    code = model.encoder(params, IMAGES)
    np.testing.assert_array_equal(code.sample(jax.random.key(1)), VAE.encoder(params, IMAGES).mean)
    np.testing.assert_array_equal(code.sample(jax.random.key(2)), code.mean)
    assert (code.batch_shape, code.event_shape) == ((5,), (4,))
    model = autoencoder(Network(nothing, unit_normal), Network(nothing, point), 2, (2,))
    np.testing.assert_array_equal(model.encoder({"encoder": {}}, IMAGES[:, 0, :2]).mean, IMAGES[:, 0, :2])


def test_model_and_critic_have_their_own_parameters_and_inputs():
    pair = gan(Decoder(SHAPE, head=Delta()), Critic(), 4, SHAPE)
    params = random_params(pair.init)
    assert set(params) == {"model", "critic"}
    assert pair.model.encoder is None
    assert params["model"]["encoder"] == {}
    assert pair.critic(params["critic"], IMAGES).shape == (5,)


def test_a_generator_may_have_no_latent():
    def constant(params, z):
        mean = jnp.broadcast_to(params["mean"], (len(z), 2))
        return dist.Normal(mean, jnp.ones_like(mean)).to_event(1)

    pair = gan(Network(lambda key: {"mean": jnp.ones(2)}, constant), Critic(), 0, (2,))  # noqa: ARG005
    z = jax.vmap(pair.model.prior({"prior": {}}).sample)(jax.random.split(jax.random.key(0), 3))
    assert z.shape == (3, 0)
    assert pair.model.decoder(pair.init(jax.random.key(0))["model"], z).mean.shape == (3, 2)


def test_the_critic_of_an_adversarial_autoencoder_scores_codes():
    pair = adversarial_autoencoder(Decoder(SHAPE), Encoder(4), Critic(), 4, SHAPE)
    params = random_params(pair.init)
    assert pair.critic(params["critic"], jnp.ones((5, 4))).shape == (5,)
    assert params["critic"]["Dense_0"]["kernel"].shape == (4, 6)
    assert pair.model.encoder(params["model"], IMAGES).event_shape == (4,)
