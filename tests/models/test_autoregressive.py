"""Check that language models learn a source of known entropy and never beat it."""

import itertools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import optax
import pytest

from jgen.decoders import MLP, RNN, Categorical, Transformer
from jgen.models import Network, autoregressive_model
from jgen.objectives import maximum_likelihood
from jgen.training import init_state, make_train_step, train

VOCABULARY, LENGTH = 3, 5
STRINGS = np.array(list(itertools.product(range(VOCABULARY), repeat=LENGTH)))
NETWORKS = {
    "rnn": RNN(LENGTH, VOCABULARY, 16, (nn.GRUCell(24),)),
    "transformer": Transformer(LENGTH, VOCABULARY, 16, num_layers=1, num_heads=2),
}


SLOW = pytest.param("transformer", 400, marks=pytest.mark.slow)


def likeliest(previous, second_previous):
    return (previous + 2 * second_previous + 1) % VOCABULARY


def quarters(string):
    """Return 4^5 times the probability of a string: 2/4 for each likeliest token, else 1/4."""
    triples = zip([0, 0, *string], [0, *string], string, strict=False)
    return np.prod([2 if token == likeliest(before, second) else 1 for second, before, token in triples])


COUNTS = np.array([quarters(string) for string in STRINGS])
ENTROPY = LENGTH * 1.5 * np.log(2)
"""Exact: each token has 1.5 bits whatever came before it."""

DATA = jnp.asarray(np.repeat(STRINGS, COUNTS, axis=0))
"""1,024 strings whose frequencies are the source's probabilities, so the loss is the expected loss."""


def best_pairs():
    """Return the least expected loss of any model of the previous token alone, by enumeration."""
    total, probability = 0.0, COUNTS / 4**LENGTH
    for t in range(LENGTH):
        joint = np.zeros((VOCABULARY, VOCABULARY))
        np.add.at(joint, (STRINGS[:, t - 1] if t else 0 * STRINGS[:, 0], STRINGS[:, t]), probability)
        conditional = joint / np.maximum(joint.sum(1, keepdims=True), 1e-300)
        total -= (joint * np.log(np.where(joint > 0, conditional, 1))).sum()
    return total


@pytest.mark.parametrize(("name", "num_steps"), [("rnn", 80), SLOW])
def test_a_source_is_learned_and_its_entropy_never_beaten(name, num_steps):
    assert COUNTS.sum() == 4**LENGTH == len(DATA)
    model = autoregressive_model(NETWORKS[name])
    optimizer = optax.adam(0.02)
    step = make_train_step(maximum_likelihood(model.distribution), optimizer)
    state = init_state(jax.random.key(0), model.init(jax.random.key(1)), optimizer)
    loss = np.asarray(train(state, step, DATA, num_steps).metrics["loss"])
    assert loss.min() > ENTROPY - LENGTH * 100 * np.finfo(np.float32).eps
    pairs = best_pairs()
    assert loss[0] > pairs > ENTROPY + 0.1
    assert loss[-1] < ENTROPY + (pairs - ENTROPY) / 4  # the model uses more than the previous token


def start(key):
    return {"logits": jax.random.normal(key, (LENGTH, VOCABULARY))}


def independent(params, z):  # noqa: ARG001
    """Return a model of independent tokens."""
    return dist.Categorical(logits=params["logits"]).to_event(1)


def test_functions_are_models():
    model = autoregressive_model(Network(start, independent))
    strings = model.distribution(model.init(jax.random.key(0)))
    total = jnp.exp(strings.log_prob(jnp.asarray(STRINGS))).sum()
    np.testing.assert_allclose(total, 1.0, atol=len(STRINGS) * np.finfo(np.float32).eps)


@pytest.mark.parametrize(
    ("network", "error", "words"),
    [
        (None, TypeError, "must be a Linen module"),
        (MLP((LENGTH,), Categorical(VOCABULARY)), ValueError, r"cannot take an empty latent, z \[0\]"),
        (Network(start, lambda params, z: independent(params, z).expand((2,))), ValueError, "one string"),
    ],
)
def test_invalid_networks_are_rejected(network, error, words):
    with pytest.raises(error, match=words):
        autoregressive_model(network)
