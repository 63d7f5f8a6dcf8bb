"""Provide a generator of shifted normals against a linear critic."""

import jax.numpy as jnp
import numpyro.distributions as dist
from jax.tree_util import Partial

from jgen.objectives.recipe import adversarial_model
from jgen.types import LatentModel


def decoder(params, z):
    return dist.Delta(z + params["shift"][None], event_dim=1)


def prior(params):
    return dist.Normal(jnp.zeros_like(params["shift"]), 1.0).to_event(1)


def score(params, value):
    return value @ params["weight"] + params["bias"]


LINEAR = adversarial_model(
    LatentModel(Partial(dict), Partial(prior), Partial(decoder), None), (Partial(dict), Partial(score))
)
