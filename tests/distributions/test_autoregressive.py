"""Check autoregressive strings: all 625 are compared with probabilities by NumPy."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial

from jgen.distributions import autoregressive
from tests.helpers.marking import first_of_each
from tests.helpers.quadrature import check_frequencies
from tests.helpers.truncated_tokens import SETTINGS, truncated_probabilities

VOCABULARY, LENGTH, NUM_DRAWS = 5, 4, 20_000
STRINGS = np.array(list(itertools.product(range(VOCABULARY), repeat=LENGTH)))
TABLE = np.random.default_rng(3).normal(size=(LENGTH, VOCABULARY, VOCABULARY)) * 1.5


def prefix_logits(table, tokens, position):
    """Return logits that depend on the whole prefix."""
    before = jnp.arange(tokens.shape[0]) < position
    rows = table[jnp.arange(tokens.shape[0]), tokens]  # [length, vocabulary]
    return jnp.where(before[:, None], rows, 0.0).sum(0) + table[position, 0]


def next_probabilities(table, prefix, settings):
    logits = sum((table[t, token] for t, token in enumerate(prefix)), table[len(prefix), 0])
    return truncated_probabilities(logits, **settings)


def numpy_probabilities(table, settings):
    """Return the probability of each of the 625 strings, with loops."""
    tokens = [
        [next_probabilities(table, string[:t], settings)[token] for t, token in enumerate(string)]
        for string in STRINGS
    ]
    return np.prod(tokens, axis=1)


@jax.jit
def draw_and_score(strings, key):
    return strings.sample(key, (NUM_DRAWS,)), strings.log_prob(STRINGS)


TABLES = {"distinct": TABLE, "ties": np.round(TABLE)}
ROWS = {f"{name}, {table}": (SETTINGS[name], TABLES[table]) for table in TABLES for name in SETTINGS}


@pytest.mark.parametrize("name", first_of_each(ROWS, family=lambda name: name.endswith("ties")))
def test_strings_have_the_probabilities_found_by_numpy(name):
    """Check log_prob of all strings, the excluded ones, and frequencies; chi-square at 1e-8, fixed key."""
    settings, table = ROWS[name]
    truth = numpy_probabilities(table, settings)
    with jax.enable_x64(True):
        made = autoregressive(Partial(prefix_logits, jnp.asarray(table)), LENGTH, **settings)
        draws, log_prob = draw_and_score(made, jax.random.key(5))
    log_prob, draws = np.asarray(log_prob), np.asarray(draws)
    assert np.array_equal(np.isneginf(log_prob), truth == 0)
    np.testing.assert_allclose(np.exp(log_prob), truth, atol=1e-10)
    np.testing.assert_allclose(np.exp(log_prob).sum(), 1.0, atol=1e-8)
    index = np.ravel_multi_index(draws.T, (VOCABULARY,) * LENGTH)
    check_frequencies(index, truth)


def look_ahead(tokens, position):
    del position
    return jnp.zeros(3).at[tokens[-1]].add(5.0)


def test_later_tokens_are_hidden():
    made = autoregressive(Partial(look_ahead), 4)
    strings = jnp.array(list(itertools.product(range(3), repeat=4)))
    np.testing.assert_allclose(jnp.exp(made.log_prob(strings)).sum(), 1.0, rtol=1e-5)


@jax.jit
def score(strings, string):
    return strings.log_prob(string)


def test_new_settings_and_parameters_do_not_recompile():
    string = jnp.array([0, 1, 2, 3])
    for number, temperature in enumerate((1, 0.5, 2.0)):
        table = jnp.asarray(TABLE) + number
        bound = Partial(prefix_logits, table)
        score(autoregressive(bound, LENGTH, temperature=temperature, top_k=2 + number), string)
    assert score._cache_size() == 1


def test_shapes_and_strings_outside_the_vocabulary():
    made = autoregressive(Partial(prefix_logits, jnp.asarray(TABLE)), LENGTH)
    assert made.sample(jax.random.key(0)).shape == (LENGTH,)
    assert made.sample(jax.random.key(0), (2, 3)).shape == (2, 3, LENGTH)
    assert made.log_prob(jnp.zeros((2, 3, LENGTH), int)).shape == (2, 3)
    assert made.log_prob(jnp.array([0, 0, 0, 5])) == -jnp.inf
    assert made.log_prob(jnp.array([0, -1, 0, 0])) == -jnp.inf


MODEL = Partial(prefix_logits, jnp.asarray(TABLE))
BAD = [
    (ValueError, "temperature must be positive", {"temperature": 0.0}),
    (ValueError, r"top_k must be in 1\.\.5", {"top_k": 0}),
    (ValueError, r"top_k must be in 1\.\.5", {"top_k": 6}),
    (TypeError, "integer", {"top_k": 1.5}),
    (ValueError, "top_p", {"top_p": 0.0}),
    (ValueError, "top_p", {"top_p": 1.5}),
    (ValueError, "length", {"length": 0}),
    (TypeError, "callable", {"logits_fn": None}),
    (ValueError, r"\[vocabulary\]", {"logits_fn": Partial(lambda *_: jnp.zeros((2, 2)))}),
]


@pytest.mark.parametrize(("error", "message", "given"), BAD)
def test_invalid_settings_raise(error, message, given):
    with pytest.raises(error, match=message):
        autoregressive(**({"logits_fn": MODEL, "length": LENGTH} | given))
