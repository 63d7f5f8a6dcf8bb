"""Define small networks, and functions as networks, for tests of models."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist


class Decoder(nn.Module):
    """Decoder to Normals (or points, without a scale) over events of any shape."""

    shape: tuple[int, ...]
    scale: float = 0.5

    @nn.compact
    def __call__(self, z):
        size = 1
        for axis in self.shape:
            size *= axis
        hidden = nn.tanh(nn.Dense(6)(z))
        mean = nn.Dense(size)(hidden).reshape(-1, *self.shape)
        if self.scale == 0:
            return dist.Delta(mean, event_dim=len(self.shape))
        return dist.Normal(mean, jnp.full(mean.shape, self.scale)).to_event(len(self.shape))


class Encoder(nn.Module):
    """Encoder of events of any shape to Normals over latents."""

    latent_dim: int

    @nn.compact
    def __call__(self, x):
        hidden = nn.tanh(nn.Dense(6)(x.reshape(x.shape[0], -1)))
        mean, log_scale = jnp.split(nn.Dense(2 * self.latent_dim)(hidden), 2, axis=1)
        return dist.Normal(mean, jnp.exp(log_scale)).to_event(1)


class Critic(nn.Module):
    """Critic with a score per example."""

    @nn.compact
    def __call__(self, x):
        hidden = nn.tanh(nn.Dense(6)(x.reshape(x.shape[0], -1)))
        return nn.Dense(1)(hidden)[:, 0]


def nothing(key):  # noqa: ARG001
    """Return the parameters of a function that has none."""
    return {}


def unit_normal(params, x):  # noqa: ARG001
    """Return a Normal about its input."""
    return dist.Normal(x, jnp.ones_like(x)).to_event(1)


def random_params(init, seed=1):
    """Return random numbers for all parameters, without compiling the initialisers."""
    rng, shapes = np.random.default_rng(seed), jax.eval_shape(init, jax.random.key(0))
    return jax.tree.map(lambda leaf: jnp.asarray(0.3 * rng.normal(size=leaf.shape), leaf.dtype), shapes)
