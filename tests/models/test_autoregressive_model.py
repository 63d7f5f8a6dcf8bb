"""The language model learns a source whose law is known, and cannot do better than its entropy."""

import itertools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import optax
import pytest

from jgen.decoders import MLP, RNN, Categorical, Transformer
from jgen.distributions import truncation
from jgen.models.assemble import Network
from jgen.models.autoregressive import autoregressive_model
from jgen.objectives import maximum_likelihood
from jgen.training import init_state, make_train_step, train

VOCABULARY, LENGTH = 3, 5
STRINGS = np.array(list(itertools.product(range(VOCABULARY), repeat=LENGTH)))
NETWORKS = {
    "rnn": RNN(LENGTH, VOCABULARY, 16, (nn.GRUCell(24),)),
    "transformer": Transformer(LENGTH, VOCABULARY, 16, num_layers=1, num_heads=2),
}


def likeliest(before, long_before):
    return (before + 2 * long_before + 1) % VOCABULARY


def quarters(string):
    """4^5 times the probability of a string: each token has 2/4 if it is the likeliest, and else 1/4."""
    padded = [0, 0, *string]
    return np.prod(
        [2 if padded[t] == likeliest(padded[t - 1], padded[t - 2]) else 1 for t in range(2, LENGTH + 2)]
    )


COUNTS = np.array([quarters(string) for string in STRINGS])
ENTROPY = LENGTH * 1.5 * np.log(2)
"""Exact: each token has 1.5 bits whatever came before it."""
DATA = jnp.asarray(np.repeat(STRINGS, COUNTS, axis=0))
"""1,024 strings whose frequencies are the source's probabilities, so the loss is the expected loss."""


def best_pairs():
    """The least expected loss of any model that sees the token before and no other, by enumeration."""
    total, law = 0.0, COUNTS / 4**LENGTH
    for t in range(LENGTH):
        joint = np.zeros((VOCABULARY, VOCABULARY))
        np.add.at(joint, (STRINGS[:, t - 1] if t else 0 * STRINGS[:, 0], STRINGS[:, t]), law)
        conditional = joint / np.maximum(joint.sum(1, keepdims=True), 1e-300)
        total -= (joint * np.log(np.where(joint > 0, conditional, 1))).sum()
    return total


@pytest.mark.parametrize(
    ("name", "num_steps"), [("rnn", 80), pytest.param("transformer", 400, marks=pytest.mark.slow)]
)
def test_a_source_is_learned_and_never_beaten(name, num_steps):
    assert COUNTS.sum() == 4**LENGTH == len(DATA)
    model = autoregressive_model(NETWORKS[name])
    optimizer = optax.adam(0.02)
    step = make_train_step(maximum_likelihood(model.distribution), optimizer)
    state = init_state(jax.random.key(0), model.init(jax.random.key(1)), optimizer)
    loss = np.asarray(train(state, step, DATA, num_steps).metrics["loss"])
    rounding = LENGTH * 100 * np.finfo(np.float32).eps
    assert loss.min() > ENTROPY - rounding
    pairs = best_pairs()
    assert loss[0] > pairs > ENTROPY + 0.1
    assert loss[-1] < ENTROPY + (pairs - ENTROPY) / 4  # it looks further back than one token


def test_the_likeliest_tokens_alone():
    """The greedy law of a model is one string, of probability 1."""
    model = autoregressive_model(NETWORKS["rnn"])

    @jax.jit
    def greedy(params, key):
        law = model.distribution(params).warped(truncation(top_k=1))
        draws = law.sample(key, (20,))
        return draws, law.log_prob(draws)

    draws, log_prob = greedy(model.init(jax.random.key(0)), jax.random.key(1))
    assert (draws == draws[:1]).all()
    assert (log_prob == 0).all()


def start(key):
    return {"logits": jax.random.normal(key, (LENGTH, VOCABULARY))}


def alone(params, z):
    """A model of bare functions, whose tokens do not hear each other."""
    del z
    return dist.Categorical(logits=params["logits"]).to_event(1)


def test_bare_functions_are_models_too():
    model = autoregressive_model(Network(start, alone))
    law = model.distribution(model.init(jax.random.key(0)))
    total = jnp.exp(law.log_prob(jnp.asarray(STRINGS))).sum()
    np.testing.assert_allclose(total, 1.0, atol=len(STRINGS) * np.finfo(np.float32).eps)


@pytest.mark.parametrize(
    ("network", "error", "words"),
    [
        (None, TypeError, "must be a Linen module"),
        (MLP((LENGTH,), Categorical(VOCABULARY)), ValueError, r"cannot take an empty latent, z \[0\]"),
        (Network(start, lambda params, z: alone(params, z).expand((2,))), ValueError, "one string"),
    ],
)
def test_what_is_no_language_model_is_named(network, error, words):
    with pytest.raises(error, match=words):
        autoregressive_model(network)
