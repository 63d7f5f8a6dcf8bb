"""Check that networks are assembled into models whose parts fit, else errors name them."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from jgen.decoders import Normal
from jgen.models import Network, autoencoder, gan, standard_prior, vae, vamp_prior
from tests.helpers.model_parts import Critic, Decoder, Encoder, nothing, unit_normal

KEY = jax.random.key(0)
SHAPE = (2, 3)


def net(apply):
    return Network(nothing, apply)


BARE = net(unit_normal)


def test_parts_are_initialised_independently():
    """One key for two parts of one shape would initialise them equally."""
    params, pair = (
        vae(Encoder(3), Encoder(3), 3, (3,)).init(KEY),
        gan(Encoder(3), Critic(), 3, (3,)).init(KEY),
    )
    for parts in [params["decoder"], params["encoder"]], [pair["model"]["decoder"], pair["critic"]]:
        first, second = (part["Dense_0"]["kernel"] for part in parts)
        assert first.shape == second.shape
        assert not np.isclose(first, second).any()


def test_equal_models_have_equal_structures():
    models = [vae(Decoder(SHAPE, head=Normal(scale)), Encoder(4), 4, SHAPE) for scale in (0.5, 0.5, 0.25)]
    first, again, other = map(jax.tree.structure, models)
    assert first == again != other


def test_functions_and_modules_mix():
    params = {"weight": jnp.ones((2, 3))}

    def decode(params, z):
        mean = z @ params["weight"]
        return dist.Normal(mean, jnp.ones_like(mean)).to_event(1)

    model = vae(Network(lambda key: params, decode), Encoder(2), 2, (3,))  # noqa: ARG005
    found = model.init(KEY)
    assert model.decoder(found, jnp.ones((4, 2))).mean.tolist() == [[2.0] * 3] * 4


def test_examples_need_not_be_one_float_array():
    class Tokens(nn.Module):
        @nn.compact
        def __call__(self, z):
            return dist.Categorical(logits=nn.Dense(35)(z).reshape(-1, 5, 7)).to_event(1)

    class Read(nn.Module):
        @nn.compact
        def __call__(self, tokens):
            return Encoder(3)(nn.Embed(7, 2)(tokens))  # Embed rejects floats

    def pair(params, x):  # noqa: ARG001
        return unit_normal({}, x["nodes"][:, :2] + x["edges"].sum((1, 2))[:, None])

    vae(Tokens(), Read(), 3, jax.ShapeDtypeStruct((5,), jnp.int32))
    graph = {"nodes": jax.ShapeDtypeStruct((4,), float), "edges": jax.ShapeDtypeStruct((4, 4), float)}
    vae(BARE, net(pair), 2, graph)


def wide(params, z):  # noqa: ARG001
    return unit_normal({}, z @ jnp.ones((16, 2)))


def unbatched(params, x):  # noqa: ARG001
    return dist.Normal(jnp.zeros(2), jnp.ones(2)).to_event(1)


def too_batched(params, x):  # noqa: ARG001
    return dist.Normal(x, jnp.ones_like(x))


def identity(params, x):  # noqa: ARG001
    return x


def flow(params, x):  # noqa: ARG001
    base = dist.Normal(x, jnp.ones_like(x)).to_event(1)
    return dist.TransformedDistribution(base, dist.transforms.SigmoidTransform())


FOUR = standard_prior(4)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: vae(Decoder(SHAPE), Encoder(8), 4, SHAPE), "latent_dim has 4, .* 4, the encoder has 8"),
        (lambda: vae(Decoder(SHAPE), Encoder(8), 8, SHAPE, prior=FOUR), "has 8, the prior has 4, .* 8"),
        (lambda: gan(Decoder(SHAPE), Critic(), 8, SHAPE, prior=FOUR), "latent_dim has 8, the prior has 4;"),
        (lambda: vae(net(wide), Encoder(8), 8, (2,)), r"decoder cannot take latents \[batch, 8\]"),
        (lambda: vae(Decoder((2, 4)), Encoder(4), 4, SHAPE), r"shape \(2, 4\), but shape is \(2, 3\)"),
        (lambda: vae(net(identity), BARE, 2, (2,)), "decoder .* must return a NumPyro"),
        (lambda: vae(BARE, net(identity), 2, (2,)), "encoder .* must return a NumPyro"),
        (lambda: vae(net(unbatched), BARE, 2, (2,)), r"decoder .* batch_shape \(\) for 3 rows"),
        (lambda: vae(BARE, net(too_batched), 2, (2,)), r"encoder .* batch_shape \(3, 2\)"),
        (lambda: vae(BARE, net(wide), 2, (5,)), r"encoder cannot take examples \[batch, 5\]"),
        (lambda: autoencoder(BARE, net(flow), 2, (2,)), "encoder cannot take"),
        (lambda: gan(BARE, Encoder(1), 2, (2,)), "one score for each"),
        (lambda: gan(BARE, net(identity), 2, (2,)), "one score for each"),
        (lambda: gan(BARE, net(wide), 2, (2,)), "critic cannot take"),
        (lambda: gan(BARE, Critic(), 2, (2,), prior=vamp_prior(np.ones((3, 2)))), "needs an encoder"),
        (lambda: vae(BARE, BARE, 2, (2,), prior=vamp_prior(np.ones((3, 4)))), "prior has 4|has shape"),
        (lambda: vae(unit_normal, BARE, 2, (2,)), "the decoder must be a Linen module or a Network"),
        (lambda: vae(BARE, Encoder, 2, (2,)), "the encoder must be"),
        (lambda: gan(BARE, identity, 2, (2,)), "the critic must be"),
    ],
)
def test_parts_that_do_not_fit_are_named(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()
