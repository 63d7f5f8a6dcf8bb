"""Networks of any make become models whose parts fit, or an error says which part says what."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from jgen.models import Network, adversarial_autoencoder, autoencoder, gan, standard_prior, vae, vamp_prior
from jgen.types import LatentModel
from tests.helpers.model_parts import Critic, Decoder, Encoder, nothing, random_params, unit_normal

KEY = jax.random.key(0)
SHAPE = (2, 3)
BARE = Network(nothing, unit_normal)


@pytest.fixture(scope="module")
def model():
    return vae(Decoder(SHAPE), Encoder(4), 4, SHAPE)


def shapes(tree):
    return jax.tree.map(jnp.shape, tree)


def test_each_part_reads_its_own_parameters(model):
    params = random_params(model.init)
    assert set(params) == {"prior", "decoder", "encoder"}
    assert params["prior"] == {}
    x = jnp.ones((5, *SHAPE))
    posterior = model.encoder(params, x)
    direct = Encoder(4).apply({"params": params["encoder"]}, x)
    np.testing.assert_array_equal(posterior.mean, direct.mean)
    decoded = model.decoder(params, posterior.mean)
    direct = Decoder(SHAPE).apply({"params": params["decoder"]}, posterior.mean)
    np.testing.assert_array_equal(decoded.mean, direct.mean)
    assert (decoded.batch_shape, decoded.event_shape) == ((5,), SHAPE)
    assert (model.prior(params).batch_shape, model.prior(params).event_shape) == ((), (4,))


def test_parts_start_independently():
    """One key for two parts of one shape would start them alike."""
    params = vae(Encoder(3), Encoder(3), 3, (3,)).init(KEY)
    first, second = params["decoder"]["Dense_0"]["kernel"], params["encoder"]["Dense_0"]["kernel"]
    assert first.shape == second.shape
    assert not np.isclose(first, second).any()
    game = gan(Encoder(3), Critic(), 3, (3,)).init(KEY)
    first, second = game["model"]["decoder"]["Dense_0"]["kernel"], game["critic"]["Dense_0"]["kernel"]
    assert first.shape == second.shape
    assert not np.isclose(first, second).any()


def test_a_model_built_again_compiles_nothing(model):
    again = vae(Decoder(SHAPE), Encoder(4), 4, SHAPE)
    assert jax.tree.structure(again) == jax.tree.structure(model)
    other = vae(Decoder(SHAPE, scale=0.25), Encoder(4), 4, SHAPE)
    assert jax.tree.structure(other) != jax.tree.structure(model)


def test_bare_functions_and_modules_mix():
    params = {"weight": jnp.ones((2, 3))}

    def decode(params, z):
        mean = z @ params["weight"]
        return dist.Normal(mean, jnp.ones_like(mean)).to_event(1)

    model = vae(Network(lambda key: params, decode), Encoder(2), 2, (3,))  # noqa: ARG005
    found = model.init(KEY)
    assert model.decoder(found, jnp.ones((4, 2))).mean.tolist() == [[2.0] * 3] * 4
    assert isinstance(vae(BARE, BARE, 2, (2,)), LatentModel)


def test_examples_need_not_be_one_float_array():
    class Tokens(nn.Module):
        @nn.compact
        def __call__(self, z):
            return dist.Categorical(logits=nn.Dense(35)(z).reshape(-1, 5, 7)).to_event(1)

    class Read(nn.Module):
        @nn.compact
        def __call__(self, tokens):
            return Encoder(3)(nn.Embed(7, 2)(tokens))  # Embed refuses floats

    def pair(params, x):  # noqa: ARG001
        return unit_normal({}, x["nodes"][:, :2] + x["edges"].sum((1, 2))[:, None])

    vae(Tokens(), Read(), 3, jax.ShapeDtypeStruct((5,), jnp.int32))
    graph = {"nodes": jax.ShapeDtypeStruct((4,), float), "edges": jax.ShapeDtypeStruct((4, 4), float)}
    assert isinstance(vae(BARE, Network(nothing, pair), 2, graph), LatentModel)


def test_a_model_may_have_no_latent():
    def constant(params, z):
        mean = jnp.broadcast_to(params["mean"], (len(z), 2))
        return dist.Normal(mean, jnp.ones_like(mean)).to_event(1)

    game = gan(Network(lambda key: {"mean": jnp.ones(2)}, constant), Critic(), 0, (2,))  # noqa: ARG005
    z = jax.vmap(game.model.prior({"prior": {}}).sample)(jax.random.split(KEY, 3))
    assert z.shape == (3, 0)
    assert game.model.decoder(game.init(KEY)["model"], z).mean.shape == (3, 2)


def test_an_autoencoders_code_is_the_mean_of_its_encoder():
    x = jax.random.normal(KEY, (5, *SHAPE))
    model, stochastic = (
        autoencoder(Decoder(SHAPE), Encoder(4), 4, SHAPE),
        vae(Decoder(SHAPE), Encoder(4), 4, SHAPE),
    )
    params = random_params(model.init)
    code = model.encoder(params, x)
    np.testing.assert_array_equal(code.sample(jax.random.key(1)), stochastic.encoder(params, x).mean)
    np.testing.assert_array_equal(code.sample(jax.random.key(2)), code.mean)
    assert (code.batch_shape, code.event_shape) == ((5,), (4,))

    def point(params, x):  # noqa: ARG001
        return dist.Delta(x, event_dim=1)

    model = autoencoder(BARE, Network(nothing, point), 2, (2,))
    np.testing.assert_array_equal(model.encoder({"encoder": {}}, x[:, 0, :2]).mean, x[:, 0, :2])


def test_players_of_a_game_have_their_own_parameters_and_judge_what_they_should():
    images, codes = jnp.ones((5, *SHAPE)), jnp.ones((5, 4))
    game = gan(Decoder(SHAPE, scale=0.0), Critic(), 4, SHAPE)
    params = random_params(game.init)
    assert set(params) == {"model", "critic"}
    assert game.model.encoder is None
    assert params["model"]["encoder"] == {}
    assert game.critic(params["critic"], images).shape == (5,)
    game = adversarial_autoencoder(Decoder(SHAPE), Encoder(4), Critic(), 4, SHAPE)
    params = random_params(game.init)
    assert game.critic(params["critic"], codes).shape == (5,)
    assert params["critic"]["Dense_0"]["kernel"].shape == (4, 6)
    assert game.model.encoder(params["model"], images).event_shape == (4,)


def of_sixteen(params, z):  # noqa: ARG001
    return unit_normal({}, z @ jnp.ones((16, 2)))


def unbatched(params, x):  # noqa: ARG001
    return dist.Normal(jnp.zeros(2), jnp.ones(2)).to_event(1)


def too_batched(params, x):  # noqa: ARG001
    return dist.Normal(x, jnp.ones_like(x))


def no_law(params, x):  # noqa: ARG001
    return x


def flow(params, x):  # noqa: ARG001
    base = dist.Normal(x, jnp.ones_like(x)).to_event(1)
    return dist.TransformedDistribution(base, dist.transforms.SigmoidTransform())


FOUR = standard_prior(4)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: vae(Decoder(SHAPE), Encoder(8), 4, SHAPE),
            "latent_dim says 4, the prior says 4, the encoder says 8",
        ),
        (
            lambda: vae(Decoder(SHAPE), Encoder(8), 8, SHAPE, prior=FOUR),
            "latent_dim says 8, the prior says 4, the encoder says 8",
        ),
        (lambda: gan(Decoder(SHAPE), Critic(), 8, SHAPE, prior=FOUR), "latent_dim says 8, the prior says 4;"),
        (
            lambda: vae(Network(nothing, of_sixteen), Encoder(8), 8, (2,)),
            r"decoder cannot take latents \[batch, 8\]",
        ),
        (lambda: vae(Decoder((2, 4)), Encoder(4), 4, SHAPE), r"shape \(2, 4\), but shape is \(2, 3\)"),
        (
            lambda: vae(Network(nothing, no_law), BARE, 2, (2,)),
            "decoder .* must return a NumPyro distribution",
        ),
        (
            lambda: vae(BARE, Network(nothing, no_law), 2, (2,)),
            "encoder .* must return a NumPyro distribution",
        ),
        (lambda: vae(Network(nothing, unbatched), BARE, 2, (2,)), r"decoder .* batch_shape \(\) for 3 rows"),
        (lambda: vae(BARE, Network(nothing, too_batched), 2, (2,)), r"encoder .* batch_shape \(3, 2\)"),
        (
            lambda: vae(BARE, Network(nothing, of_sixteen), 2, (5,)),
            r"encoder cannot take examples \[batch, 5\]",
        ),
        (lambda: autoencoder(BARE, Network(nothing, flow), 2, (2,)), "encoder cannot take"),
        (lambda: gan(BARE, Encoder(1), 2, (2,)), "one score for each"),
        (lambda: gan(BARE, Network(nothing, no_law), 2, (2,)), "one score for each"),
        (lambda: gan(BARE, Network(nothing, of_sixteen), 2, (2,)), "critic cannot take"),
        (lambda: gan(BARE, Critic(), 2, (2,), prior=vamp_prior(np.ones((3, 2)))), "needs an encoder"),
        (lambda: vae(BARE, BARE, 2, (2,), prior=vamp_prior(np.ones((3, 4)))), "prior says 4|says shape"),
        (lambda: vae(Decoder(SHAPE), Encoder(4), -1, SHAPE), "must not be negative"),
    ],
)
def test_parts_that_do_not_fit_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: vae(unit_normal, BARE, 2, (2,)), "the decoder must be a Linen module or a Network"),
        (lambda: vae(BARE, Encoder, 2, (2,)), "the encoder must be"),
        (lambda: gan(BARE, lambda x: x, 2, (2,)), "the critic must be"),
    ],
)
def test_what_is_no_network_is_named(call, words):
    with pytest.raises(TypeError, match=words):
        call()
