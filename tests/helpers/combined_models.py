"""List combinations of model, objective, head and prior that must train."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.tree_util import Partial

from jgen import decoders, encoders, features, models, objectives
from jgen.models.flax_functions import apply_of, init_of
from tests.helpers.model_parts import random_params

LATENT, SHAPE, ROWS = 2, (4,), 6
RNG = np.random.default_rng(0)
REAL = RNG.normal(size=(ROWS, *SHAPE)).astype(np.float32)
UNIT = RNG.uniform(0.05, 0.95, REAL.shape).astype(np.float32)
LEVELS = RNG.integers(0, 3, REAL.shape)
CLASSIFIER = features.DigitsClassifier(widths=(3, 2))
VGG16 = features.VGG16(relus=((1, 2), (2, 1)), channels=((2, 2), (2,)))
BINARY = (UNIT > 0.5).astype(np.float32)
TOKENS = RNG.integers(0, 3, (ROWS, 4), np.int32)
CRITIC = encoders.MLPCritic(hidden=(4,))


class Row(NamedTuple):
    """Combination of a model, an objective and data.

    Attributes:
        build: ``() -> model``.
        objective: ``model -> objective``.
        data: Batch of examples.
        learns: Parts that the objective trains; all of them if None.
    """

    build: Callable[[], Any]
    objective: Callable[[Any], Any]
    data: Any
    learns: set[str] | None = None


HEADS = {
    "bernoulli": (decoders.Bernoulli(), BINARY),
    "continuous_bernoulli": (decoders.ContinuousBernoulli(), UNIT),
    "normal": (decoders.Normal(0.5), REAL),
    "normal_shared": (decoders.NormalShared(), REAL),
    "normal_learned": (decoders.NormalLearned(), REAL),
    "categorical": (decoders.Categorical(3), LEVELS),
    "logistics": (decoders.DiscretisedLogisticMixture(3, 2), LEVELS),
    "delta": (decoders.Delta(), REAL),
}
LIKELIHOODS = [name for name in HEADS if name != "delta"]
POSTERIORS = {
    "normal": encoders.DiagonalNormal(),
    "flow": encoders.Flow(num_layers=2, hidden=3),
    "point": encoders.Point(),
}
PRIORS = {
    "standard": lambda: models.standard_prior(LATENT),
    "mixture": lambda: models.mixture_prior(LATENT, 2),
    "vamp": lambda: models.vamp_prior(REAL[:3]),
}
BOUNDS = {
    "elbo": objectives.elbo,
    "iwae": lambda model: objectives.iwae(model, 2),
    "dreg": lambda model: objectives.dreg(model, 2),
    "renyi": lambda model: objectives.renyi(model, 2, alpha=0.5),
}
DISTANCES = (objectives.mmd, objectives.sliced_wasserstein)


def parts(head, posterior):
    decoder = decoders.MLP(SHAPE, HEADS[head][0], hidden=(4,))
    return decoder, encoders.MLPEncoder(LATENT, hidden=(4,), posterior=POSTERIORS[posterior])


def row(build, networks, prior, objective, head, learns=None):
    return Row(
        lambda: build(*networks, LATENT, SHAPE, prior=PRIORS[prior]()), objective, HEADS[head][1], learns
    )


def vae(objective, head="normal_shared", prior="standard", posterior="normal"):
    return row(models.vae, parts(head, posterior), prior, objective, head)


def autoencoder(objective, head="normal", posterior="point"):
    return row(
        models.autoencoder, parts(head, posterior), "standard", objective, head, {"decoder", "encoder"}
    )


def gan(objective, head="delta", prior="standard"):
    return row(models.gan, (parts(head, "point")[0], CRITIC), prior, objective, head)


def aae(posterior, prior="standard"):
    build, objective = models.adversarial_autoencoder, objectives.adversarial_autoencoder
    networks = (*parts("normal", posterior), CRITIC)
    return row(build, networks, prior, objective, "normal", {"decoder", "encoder", "critic"})


def network(decoder, encoder, data):
    shape = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), data)
    return Row(lambda: models.vae(decoder, encoder, LATENT, shape), objectives.elbo, data)


def image_network(decoder):
    images = RNG.integers(0, 2, (ROWS, *decoder.shape)).astype(np.float32)
    return network(decoder, encoders.ConvEncoder(LATENT, features=(2,)), images)


def linear(objective, learns=None):
    return Row(lambda: models.linear_vae(4, LATENT), objective, REAL, learns)


def plus(weight, penalty):
    """Return reconstruction plus a penalty."""
    return lambda model: objectives.weighted(
        reconstruction=(1.0, objectives.reconstruction(model)), penalty=(weight, penalty(model))
    )


def layers(x):
    return {"first": x, "second": jnp.tanh(x)}


def perceptual_by(module, apply, shape):
    """Return an autoencoder with a perceptual loss by a network of features, whose parameters are fixed."""
    x = UNIT.reshape(-1)[: 2 * np.prod(shape)].reshape(2, *shape)
    decoder, encoder = parts("continuous_bernoulli", "point")

    def objective(model):
        return objectives.perceptual(model, Partial(apply, random_params(init_of(module, x))))

    build = partial(models.autoencoder, decoder.clone(shape=shape), encoder, LATENT, shape)
    return Row(build, objective, x, {"decoder", "encoder"})


def warming(model):
    return objectives.scheduled(Partial(objectives.elbo, model), beta=optax.linear_schedule(0.0, 1.0, 10))


def exact(_):
    return objectives.exact_likelihood(models.linear_log_prob)


IMAGE_DECODERS = {
    "conv_net": decoders.ConvNet((4, 4, 1), features=(2,)),
    "voxel_conv_net": decoders.ConvNet((2, 2, 2, 1), features=(2,)),
    "occupancy": decoders.Occupancy((2, 2, 2, 1), hidden=(3,)),
}
TOKEN_DECODERS = {
    "rnn": decoders.RNN(length=4, vocabulary=3, width=2, cells=(nn.GRUCell(2),)),
    "transformer": decoders.Transformer(length=4, vocabulary=3, width=4, num_layers=1, num_heads=2),
}
ONE_EDGE = [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
GRAPHS = {"nodes": np.int32([[1, 2, 0]] * ROWS), "adjacency": np.int32([ONE_EDGE] * ROWS)}
TABLE = {
    **{f"vae-elbo-{head}": vae(objectives.elbo, head) for head in LIKELIHOODS},
    **{f"vae-iwae-{head}": vae(BOUNDS["iwae"], head) for head in ("categorical", "logistics")},
    **{
        f"vae-{name}-{prior}": vae(objective, prior=prior)
        for name, objective in BOUNDS.items()
        for prior in PRIORS
        if (name, prior) != ("elbo", "standard")  # it is among the heads
    },
    **{f"vae-elbo-{prior}-flow": vae(objectives.elbo, prior=prior, posterior="flow") for prior in PRIORS},
    **{f"vae-{name}-standard-flow": vae(BOUNDS[name], posterior="flow") for name in ("dreg", "renyi")},
    **{
        f"vae-elbo-{head}-{prior}": vae(objectives.elbo, head, prior)
        for head in ("bernoulli", "logistics")
        for prior in ("mixture", "vamp")
    },
    "vae-elbo-beta-free_bits": vae(
        lambda model: objectives.elbo(model, beta=4.0, free_bits=0.1, kl=objectives.kl_by_coordinate)
    ),
    "vae-elbo-capacity": vae(lambda model: objectives.elbo(model, capacity=5.0)),
    "vae-elbo-sampled_kl": vae(lambda model: objectives.elbo(model, kl=objectives.sampled_kl)),
    "vae-elbo-warming": vae(warming),
    "vae-reconstruction-kl": vae(plus(2.0, objectives.kl)),
    **{f"autoencoder-{head}": autoencoder(objectives.reconstruction, head) for head in LIKELIHOODS[::2]},
    **{
        f"autoencoder-{loss.__name__}-{head}": autoencoder(loss, head)
        for loss, heads in (
            (objectives.mse, ("continuous_bernoulli", "logistics", "delta")),
            (objectives.bce, ("bernoulli", "continuous_bernoulli")),
        )
        for head in heads
    },
    **{
        f"autoencoder-{penalty.__name__}": autoencoder(plus(0.1, penalty))
        for penalty in (objectives.latent_l2, objectives.contractive, objectives.decoder_gradient, *DISTANCES)
    },
    "autoencoder-perceptual": autoencoder(
        plus(1.0, lambda model: objectives.perceptual(model, Partial(layers)))
    ),
    "autoencoder-perceptual-digits_classifier": perceptual_by(
        CLASSIFIER, features.penultimate(CLASSIFIER), (2, 2, 1)
    ),
    "autoencoder-perceptual-vgg16": perceptual_by(VGG16, apply_of(VGG16), (2, 2, 3)),
    "autoencoder-gaussian-encoder": autoencoder(objectives.reconstruction, posterior="normal"),
    **{
        f"wae-{penalty.__name__}-{prior}": vae(plus(10.0, penalty), "normal", prior)
        for penalty in DISTANCES
        for prior in ("mixture", "vamp")
    },
    **{
        f"{adversarial.__name__}-{head}": gan(adversarial, head)
        for adversarial in (objectives.gan, objectives.wasserstein_gan)
        for head in ("delta", "normal_learned", "continuous_bernoulli")
    },
    "gan-bernoulli": gan(lambda pair: objectives.gan(pair, output=objectives.mean_output), "bernoulli"),
    "gan-mixture": gan(objectives.gan, prior="mixture"),
    **{f"adversarial_autoencoder-{posterior}": aae(posterior) for posterior in POSTERIORS},
    "adversarial_autoencoder-mixture": aae("point", "mixture"),
    **{name: image_network(decoder) for name, decoder in IMAGE_DECODERS.items()},
    **{
        name: network(decoder, encoders.SequenceEncoder(LATENT, 3, width=2, cell=nn.GRUCell(2)), TOKENS)
        for name, decoder in TOKEN_DECODERS.items()
    },
    "graph": network(
        decoders.Graph(num_nodes=3, num_types=2, hidden=(3,), rank=2),
        encoders.GraphEncoder(LATENT, num_types=2, width=3, num_layers=1),
        GRAPHS,
    ),
    "linear_vae-elbo": linear(objectives.elbo),
    "linear_vae-iwae": linear(BOUNDS["iwae"]),
    "linear_vae-exact": linear(exact, {"decoder"}),
    "ppca-exact": Row(lambda: models.ppca(REAL, LATENT).model, exact, REAL),
}
