"""List combinations of model, objective, head and prior that must train."""

from collections.abc import Callable
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
TOKENS = RNG.integers(0, 3, (ROWS, 4))


class Row(NamedTuple):
    """Combination of a model, an objective and data.

    Attributes:
        make: ``() -> (objective, init)``.
        data: Batch of examples.
        learns: Parts that the objective trains; all of them if None.
    """

    make: Callable[[], tuple[Any, Callable]]
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


def parts(head, posterior):
    decoder = decoders.MLP(SHAPE, HEADS[head][0], hidden=(4,))
    return decoder, encoders.MLPEncoder(LATENT, hidden=(4,), posterior=POSTERIORS[posterior])


def made(build, objective, *arguments, prior):
    def make():
        model = build(*arguments, LATENT, SHAPE, prior=PRIORS[prior]())
        return objective(model), model.init

    return make


def vae(objective, head="normal_shared", prior="standard", posterior="normal", **options):
    return Row(made(models.vae, objective, *parts(head, posterior), prior=prior), HEADS[head][1], **options)


def autoencoder(objective, head="normal", prior="standard", posterior="point", learns=("decoder", "encoder")):
    make = made(models.autoencoder, objective, *parts(head, posterior), prior=prior)
    return Row(make, HEADS[head][1], set(learns))


def gan(objective, head="delta", prior="standard", **options):
    critic = encoders.MLPCritic(hidden=(4,))
    return Row(
        made(models.gan, objective, parts(head, "point")[0], critic, prior=prior), HEADS[head][1], **options
    )


def aae(posterior, prior="standard", **options):
    critic = encoders.MLPCritic(hidden=(4,))
    build = models.adversarial_autoencoder
    make = made(build, objectives.adversarial_autoencoder, *parts("normal", posterior), critic, prior=prior)
    return Row(make, REAL, {"decoder", "encoder", "critic"}, **options)


def network(decoder, encoder, shape, data, objective=objectives.elbo):
    def make():
        model = models.vae(decoder, encoder, LATENT, shape)
        return objective(model), model.init

    return Row(make, data)


def linear(objective, **options):
    def make():
        model = models.linear_vae(4, LATENT)
        return objective(model), model.init

    return Row(make, REAL, **options)


def plus(weight, penalty):
    """Return reconstruction plus a penalty."""

    def objective(model):
        return objectives.weighted(
            reconstruction=(1.0, objectives.reconstruction(model)), penalty=(weight, penalty(model))
        )

    return objective


def layers(x):
    return {"first": x, "second": jnp.tanh(x)}


def perceptual_by(module, apply, shape):
    """Return an autoencoder with a perceptual loss by a network of features, whose parameters are fixed."""
    x = UNIT.reshape(-1)[: 2 * np.prod(shape)].reshape(2, *shape)

    def make():
        decoder, encoder = parts("continuous_bernoulli", "point")
        model = models.autoencoder(decoder.clone(shape=shape), encoder, LATENT, shape)
        bound = Partial(apply, random_params(init_of(module, x)))
        return objectives.perceptual(model, bound), model.init

    return Row(make, x, {"decoder", "encoder"})


def warming(model):
    return objectives.scheduled(Partial(objectives.elbo, model), beta=optax.linear_schedule(0.0, 1.0, 10))


def ppca():
    model = models.ppca(REAL, LATENT).model
    return objectives.exact_likelihood(models.linear_log_prob), model.init


def images(*space):
    return RNG.integers(0, 2, (ROWS, *space, 1)).astype(np.float32)


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
        f"autoencoder-mse-{head}": autoencoder(objectives.mse, head)
        for head in ("continuous_bernoulli", "logistics", "delta")
    },
    **{
        f"autoencoder-bce-{head}": autoencoder(objectives.bce, head)
        for head in ("bernoulli", "continuous_bernoulli")
    },
    **{
        f"autoencoder-{penalty.__name__}": autoencoder(plus(0.1, penalty))
        for penalty in (
            *(objectives.latent_l2, objectives.contractive, objectives.decoder_gradient),
            *(objectives.mmd, objectives.sliced_wasserstein),
        )
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
        for penalty in (objectives.mmd, objectives.sliced_wasserstein)
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
    "conv_net": network(
        decoders.ConvNet((4, 4, 1), features=(2,)),
        encoders.ConvEncoder(LATENT, features=(2,)),
        (4, 4, 1),
        images(4, 4),
    ),
    "voxel_conv_net": network(
        decoders.ConvNet((2, 2, 2, 1), features=(2,)),
        encoders.ConvEncoder(LATENT, features=(2,)),
        (2, 2, 2, 1),
        images(2, 2, 2),
    ),
    "occupancy": network(
        decoders.Occupancy((2, 2, 2, 1), hidden=(3,)),
        encoders.ConvEncoder(LATENT, features=(2,)),
        (2, 2, 2, 1),
        images(2, 2, 2),
    ),
    **{
        type(decoder).__name__.lower(): network(
            decoder,
            encoders.SequenceEncoder(LATENT, 3, width=2, cell=nn.GRUCell(2)),
            jax.ShapeDtypeStruct((4,), jnp.int32),
            TOKENS,
        )
        for decoder in (
            decoders.RNN(length=4, vocabulary=3, width=2, cells=(nn.GRUCell(2),)),
            decoders.Transformer(length=4, vocabulary=3, width=4, num_layers=1, num_heads=2),
        )
    },
    "graph": network(
        decoders.Graph(num_nodes=3, num_types=2, hidden=(3,), rank=2),
        encoders.GraphEncoder(LATENT, num_types=2, width=3, num_layers=1),
        {
            "nodes": jax.ShapeDtypeStruct((3,), jnp.int32),
            "adjacency": jax.ShapeDtypeStruct((3, 3), jnp.int32),
        },
        {
            "nodes": np.tile([1, 2, 0], (ROWS, 1)),
            "adjacency": np.tile([[0, 1, 0], [1, 0, 0], [0, 0, 0]], (ROWS, 1, 1)),
        },
    ),
    "linear_vae-elbo": linear(objectives.elbo),
    "linear_vae-iwae": linear(BOUNDS["iwae"]),
    "linear_vae-exact": linear(
        lambda _: objectives.exact_likelihood(models.linear_log_prob), learns={"decoder"}
    ),
    "ppca-exact": Row(ppca, REAL),
}
