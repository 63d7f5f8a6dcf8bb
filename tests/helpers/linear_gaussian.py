"""Provide a latent model in closed form: z ~ N(0, I), x given z ~ N(W z + b, s^2 I).

The columns of W are orthogonal, so that the exact posterior factorises and a diagonal encoder can be it.
"""

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.tree_util import Partial

from jgen.models import linear_log_prob, linear_vae
from jgen.targets.linear_decoder import default_weight

EVENT, LATENT = 6, 2
LINEAR = linear_vae(EVENT, LATENT)
decoder, encoder, log_prob = LINEAR.decoder, LINEAR.encoder, linear_log_prob


def prior(params):
    return dist.Normal(jnp.zeros(params["decoder"]["weight"].shape[1]), 1.0).to_event(1)


def point(params, x):
    """Encode without noise."""
    return dist.Delta(encoder(params, x).mean, event_dim=1)


SHIFT, SCALE = np.array([0.8, -0.4]), 1.6


def blind(_, x):
    """Draw codes from N(SHIFT, SCALE^2) for any x."""
    mean = jnp.broadcast_to(jnp.asarray(SHIFT)[None], (x.shape[0], 2))
    return dist.Normal(mean, jnp.full_like(mean, SCALE)).to_event(1)


MODEL = LINEAR._replace(prior=Partial(prior))
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


def posterior_gap(params, x):
    """Compute the exact KL(q(z | x), p(z | x)) ``[batch]``, for the decoder of ``exact_params``."""
    q, p = (each["encoder"] for each in (params, exact_params()))
    ratio = np.exp(2 * (q["log_scale"] - p["log_scale"]))  # [latent]
    away = x @ (q["weight"] - p["weight"]).T + q["bias"] - p["bias"]  # [batch, latent]
    return (ratio + np.square(away / np.exp(p["log_scale"])) - 1 - np.log(ratio)).sum(-1) / 2
