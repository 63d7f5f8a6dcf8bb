"""A latent model of which everything is known: z ~ N(0, I), x given z ~ N(W z + b, s^2 I).

The columns of W are orthogonal, so that the exact posterior factorises and a diagonal encoder can be it.
"""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.tree_util import Partial

from jgen.targets.linear_decoder import default_weight, linear_decoder
from jgen.types import LatentModel

EVENT, LATENT = 6, 2


def init(key):
    """Parameters of which nothing is exact."""
    keys = jax.random.split(key, 4)
    return {
        "prior": {},
        "decoder": {
            "weight": 0.5 * jax.random.normal(keys[0], (EVENT, LATENT)),
            "bias": 0.1 * jax.random.normal(keys[1], (EVENT,)),
            "log_scale": jnp.zeros(()),
        },
        "encoder": {
            "weight": 0.5 * jax.random.normal(keys[2], (LATENT, EVENT)),
            "bias": 0.1 * jax.random.normal(keys[3], (LATENT,)),
            "log_scale": jnp.zeros(LATENT),
        },
    }


def prior(params):
    return dist.Normal(jnp.zeros(params["decoder"]["weight"].shape[1]), 1.0).to_event(1)


def decoder(params, z):
    own = params["decoder"]
    mean = z @ own["weight"].T + own["bias"][None]  # [batch, event]
    return dist.Normal(mean, jnp.exp(own["log_scale"])).to_event(1)


def encoder(params, x):
    own = params["encoder"]
    mean = x @ own["weight"].T + own["bias"][None]  # [batch, latent]
    return dist.Normal(mean, jnp.broadcast_to(jnp.exp(own["log_scale"])[None], mean.shape)).to_event(1)


MODEL = LatentModel(Partial(init), Partial(prior), Partial(decoder), Partial(encoder))


def exact_params(event=EVENT, latent=LATENT, scale=0.7):
    """Parameters whose encoder is the exact posterior, in NumPy's numbers, which compile nothing."""
    weight, bias = np.asarray(default_weight(event, latent), float), np.linspace(-0.5, 0.5, event)
    variance = 1 / (1 + np.square(weight).sum(0) / scale**2)  # [latent]
    to_mean = variance[:, None] * weight.T / scale**2  # [latent, event]
    return {
        "prior": {},
        "decoder": {"weight": weight, "bias": bias, "log_scale": np.log(scale)},
        "encoder": {"weight": to_mean, "bias": -to_mean @ bias, "log_scale": np.log(variance) / 2},
    }


def inexact_params(event=EVENT, latent=LATENT):
    """The same decoder, under an encoder that is off: too wide, and shrunk towards 0."""
    params = exact_params(event, latent)
    own = params["encoder"]
    off = {"weight": 0.7 * own["weight"], "bias": own["bias"] + 0.1, "log_scale": own["log_scale"] + 0.4}
    return params | {"encoder": off}


def data(num_examples=4):
    """Examples of very different log p(x): a fixed wave, ever larger."""
    phase = np.arange(EVENT)[None] + 2.0 * np.arange(num_examples)[:, None]
    return np.arange(1.0, num_examples + 1)[:, None] * np.sin(phase)  # [batch, event]


@jax.jit
def log_prob(params, x):
    """Exact log p(x) ``[batch]``."""
    own = params["decoder"]
    evidence = lambda x: linear_decoder(x, own["weight"], own["bias"], jnp.exp(own["log_scale"])).log_evidence  # noqa: E731
    return jax.vmap(evidence)(x)


def posterior_gap(params, x):
    """Exact KL(q(z | x), p(z | x)) ``[batch]``, for the decoder of ``exact_params``."""
    q, p = (each["encoder"] for each in (params, exact_params()))
    ratio = np.exp(2 * (q["log_scale"] - p["log_scale"]))  # [latent]
    away = x @ (q["weight"] - p["weight"]).T + q["bias"] - p["bias"]  # [batch, latent]
    return (ratio + np.square(away / np.exp(p["log_scale"])) - 1 - np.log(ratio)).sum(-1) / 2
