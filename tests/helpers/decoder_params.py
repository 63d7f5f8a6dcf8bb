"""Make parameters of decoders without compiling their initialisers."""

import jax.numpy as jnp

from tests.helpers.model_parts import random_params


def some_params(module, latent_dim=2):
    """Draw parameters of a module's shapes."""
    return random_params(lambda key: module.init(key, jnp.zeros((1, latent_dim)))["params"])
