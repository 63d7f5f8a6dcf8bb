"""Each check of networks passes a correct network and fails the mistake that it is there to detect."""

import itertools
from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
import pytest

from jgen.testing import CheckFailed, check_decoder
from jgen.testing.check_network import CHECKS, check_network
from tests.helpers.marking import first_of_each

pytestmark = pytest.mark.usefixtures("unoptimised")  # each program runs for less time than it compiles
Z = jax.random.normal(jax.random.key(1), (3, 2))
TOKENS = jnp.array([[0, 1], [2, 3], [4, 0]])


def hidden(z):
    return nn.tanh(nn.Dense(4)(z))


def unit_normal(mean, _):
    return dist.Normal(mean, jnp.ones_like(mean)).to_event(1)


class Plain(nn.Module):
    """Decoder whose parts are replaced below."""

    hidden: Callable = hidden
    distribution: Callable = unit_normal
    noise: object = None

    @nn.compact
    def __call__(self, z):
        h = self.hidden(z)
        return self.distribution(nn.Dense(3)(h), h)


class Layers:
    """A number of layers, larger by one in each object that is made."""

    numbers = itertools.count(1)

    def __init__(self):
        self.number = next(Layers.numbers)

    def __deepcopy__(self, memo):
        return Layers()


class Deep(Plain):
    layers: object = None

    @nn.compact
    def __call__(self, z):
        for _ in range(self.layers.number):
            z = nn.tanh(z)
        return unit_normal(nn.Dense(3)(z), z)


class Wrong(Plain):
    shape: tuple = (4,)


class Constant(nn.Module):
    @nn.compact
    def __call__(self, z):
        weights = self.param("weights", lambda _, shape: jnp.cos(jnp.arange(6.0)).reshape(shape), (2, 3))
        return unit_normal(z @ weights, z)


class UnboundedTokens(nn.Module):
    """Network of tokens: they cannot be scaled, their embeddings can."""

    @nn.compact
    def __call__(self, x):
        mean, log_scale = jnp.split(nn.Dense(4)(nn.Embed(5, 4)(x).mean(1)), 2, axis=-1)
        return dist.Normal(mean, jnp.exp(log_scale)).to_event(1)


@pytest.mark.slow
def test_a_correct_network_passes():
    precise = Plain(distribution=lambda mean, h: unit_normal(mean.astype(jnp.float32), h))
    results = check_decoder(precise, 2)
    assert [name for name, _ in results] == ["state", "shapes", *CHECKS]
    assert all(isinstance(evidence, str) for _, evidence in results)


def exponential(mean, h):
    return dist.Normal(mean, jnp.exp(nn.Dense(3)(h))).to_event(1)


def with_nan_gradient(z):
    """A gradient that is NaN where z is 0."""
    return hidden(z / jnp.linalg.norm(z, axis=-1, keepdims=True).clip(1e-6))


def normalised(mean, h):
    """Over the batch, without any state."""
    return unit_normal(mean - 1e-4 * mean.mean(0, keepdims=True), h)


def impure(mean, h):
    return unit_normal(mean if isinstance(mean, jax.core.Tracer) else mean + 1, h)


MISTAKES = {
    "state: it has .*batch_stats": Plain(lambda z: nn.BatchNorm(use_running_average=False)(hidden(z))),
    "state: parameters of .*float16": Plain(nn.Dense(4, param_dtype=jnp.float16)),
    "state: a field cannot be hashed": Plain(noise=[4]),
    r"shapes: batch_shape is \(3, 3\) for 3 rows": Plain(
        distribution=lambda mean, _: dist.Normal(mean, 1 + 0 * mean)
    ),
    "shapes: batch_shape is .* and never vmap": Plain(
        distribution=lambda mean, _: jax.vmap(lambda row: dist.Normal(row, 1.0).to_event(1))(mean)
    ),
    r"shapes: event_shape is \(3,\), and the field shape": Wrong(),
    "dependence: other inputs give the same log p": Plain(lambda z: hidden(0 * z)),
    "batch_independence: .*changes with the rows beside it": Plain(distribution=normalised),
    "extremes: at inputs 0 times as large": Plain(with_nan_gradient),
    "extremes: at inputs": Plain(lambda z: z, exponential),
    "extremes: at inputs 100 times as large": UnboundedTokens(),
    "precision: .*log p are in .*bfloat16": Plain(),
    "no_recompilation: made again, it compiled": Deep(layers=Layers()),
    "transform_consistency: .*with the number of rows": Plain(
        distribution=lambda mean, h: unit_normal(mean / len(mean), h)
    ),
    "transform_consistency: .*does it read a Python value": Plain(distribution=impure),
    "keys: another key gives the same parameters": Constant(),
}


@pytest.mark.parametrize("message", first_of_each(MISTAKES, family=lambda message: message.partition(":")[0]))
def test_a_mistake_is_detected(message):
    module, check = MISTAKES[message], message.partition(":")[0]
    inputs = TOKENS if isinstance(module, UnboundedTokens) else Z
    with pytest.raises(CheckFailed, match=rf"^{message}(.|\n)*\[repeat with key=jax.random.key\(0\)\]"):
        check_network(module, inputs, checks={name: CHECKS[name] for name in CHECKS if name == check})
