"""Make parameters of decoders without compiling their initialisers."""

import jax
import jax.numpy as jnp
import numpy as np


def some_params(module, latent_dim=2):
    """Draw parameters of a module's shapes."""
    rng = np.random.default_rng(3)
    shapes = jax.eval_shape(module.init, jax.random.key(0), jnp.zeros((1, latent_dim)))["params"]
    return jax.tree.map(lambda leaf: jnp.asarray(rng.normal(0.0, 0.5, leaf.shape), leaf.dtype), shapes)
