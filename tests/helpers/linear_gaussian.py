"""Provide a latent model in closed form: z ~ N(0, I), x given z ~ N(W z + b, s^2 I).

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
    """Draw parameters whose encoder is not exact."""
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
    part = params["decoder"]
    mean = z @ part["weight"].T + part["bias"][None]  # [batch, event]
    return dist.Normal(mean, jnp.exp(part["log_scale"])).to_event(1)


def encoder(params, x):
    part = params["encoder"]
    mean = x @ part["weight"].T + part["bias"][None]  # [batch, latent]
    return dist.Normal(mean, jnp.broadcast_to(jnp.exp(part["log_scale"])[None], mean.shape)).to_event(1)


def point(params, x):
    """Encode without noise."""
    return dist.Delta(encoder(params, x).mean, event_dim=1)


SHIFT, SCALE = np.array([0.8, -0.4]), 1.6


def blind(params, x):
    """Draw codes from N(SHIFT, SCALE^2) for any x."""
    del params
    mean = jnp.broadcast_to(jnp.asarray(SHIFT)[None], (x.shape[0], 2))
    return dist.Normal(mean, jnp.full_like(mean, SCALE)).to_event(1)


MODEL = LatentModel(Partial(init), Partial(prior), Partial(decoder), Partial(encoder))
POINT = MODEL._replace(encoder=Partial(point))
BLIND = MODEL._replace(encoder=Partial(blind))


def exact_params(event=EVENT, latent=LATENT, scale=0.7):
    """Return parameters whose encoder is the exact posterior, as NumPy arrays, which compile nothing."""
    weight, bias = np.asarray(default_weight(event, latent), float), np.linspace(-0.5, 0.5, event)
    variance = 1 / (1 + np.square(weight).sum(0) / scale**2)  # [latent]
    to_mean = variance[:, None] * weight.T / scale**2  # [latent, event]
    return {
        "prior": {},
        "decoder": {"weight": weight, "bias": bias, "log_scale": np.log(scale)},
        "encoder": {"weight": to_mean, "bias": -to_mean @ bias, "log_scale": np.log(variance) / 2},
    }


def inexact_params(event=EVENT, latent=LATENT):
    """Return the same decoder with an inexact encoder: too wide, and shrunk towards 0."""
    params = exact_params(event, latent)
    part = params["encoder"]
    off = {"weight": 0.7 * part["weight"], "bias": part["bias"] + 0.1, "log_scale": part["log_scale"] + 0.4}
    return params | {"encoder": off}


def data(num_examples=4):
    """Return examples of very different log p(x): a wave of growing amplitude."""
    phase = np.arange(EVENT)[None] + 2.0 * np.arange(num_examples)[:, None]
    return np.arange(1.0, num_examples + 1)[:, None] * np.sin(phase)  # [batch, event]


@jax.jit
def log_prob(params, x):
    """Compute the exact log p(x) ``[batch]``."""
    part = params["decoder"]

    def evidence(x):
        return linear_decoder(x, part["weight"], part["bias"], jnp.exp(part["log_scale"])).log_evidence

    return jax.vmap(evidence)(x)


def posterior_gap(params, x):
    """Compute the exact KL(q(z | x), p(z | x)) ``[batch]``, for the decoder of ``exact_params``."""
    q, p = (each["encoder"] for each in (params, exact_params()))
    ratio = np.exp(2 * (q["log_scale"] - p["log_scale"]))  # [latent]
    away = x @ (q["weight"] - p["weight"]).T + q["bias"] - p["bias"]  # [batch, latent]
    return (ratio + np.square(away / np.exp(p["log_scale"])) - 1 - np.log(ratio)).sum(-1) / 2
