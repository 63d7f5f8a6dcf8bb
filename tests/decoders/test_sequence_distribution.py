"""Sequence decoders: 625 strings enumerate, so what they say of each and what they draw are exact laws."""

import itertools
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
import scipy.stats

from jgen.decoders.positions import RotaryPositions
from jgen.distributions import truncation
from jgen.models.flax_functions import apply_of, init_of
from tests.helpers.sequence_networks import HEADS, LENGTH, NETWORKS, VOCABULARY, networks

NUM_DRAWS = 20_000
STRINGS = np.array(list(itertools.product(range(VOCABULARY), repeat=LENGTH)))
EPS = float(np.finfo(np.float64).eps)
ROUNDING = 1e4 * EPS
"""Some hundred sums and products of numbers below 100 stand behind a logit, and each may lose 100 eps."""


@jax.jit
def stepped(law, rows):
    """The terms of log p of ``rows [row, length]``, from the steps that a draw is made of."""

    def step(carry, token):
        memory, before = carry
        memory, logits = law._apply("step", z, memory, before)
        log_probs = law._log_probs(logits)
        return (memory, token), jnp.take_along_axis(log_probs, token[:, None], axis=1)[:, 0]

    z = law._rows((rows.shape[0],))
    opening = jnp.full(rows.shape[:1], VOCABULARY)
    return jax.lax.scan(step, (law._apply("start", z), opening), rows.T)[1].T


@jax.jit
def known(law, key):
    """All that the tests ask: every string's terms, every string's probability, draws."""
    strings = jnp.asarray(STRINGS)[:, None]
    return law.token_log_prob(strings), law.log_prob(strings), law.sample(key, (NUM_DRAWS,))


@cache
def made(name):
    """A decoder of numbers large enough to matter, given two latents, in float64, and what it says."""
    network = NETWORKS[name]
    z = jnp.array([[0.3, -0.3], [-0.4, 0.2]])  # [batch, latent]
    rng = np.random.default_rng(1)
    shapes = jax.eval_shape(init_of(network, z), jax.random.key(0))

    def numbers(path, leaf):  # vectors near what they start as: the tokens before shall matter, not biases
        noise = rng.normal(size=leaf.shape)
        return jnp.asarray(noise if leaf.ndim > 1 else 0.3 * noise + (path[-1].key == "scale"))

    params = jax.tree_util.tree_map_with_path(numbers, shapes)
    law = apply_of(network)(params, z)
    return law, [np.asarray(said) for said in known(law, jax.random.key(2))]


@networks
def test_probabilities_of_all_strings_sum_to_one(x64, name):  # noqa: ARG001
    law, (_, log_prob, _) = made(name)
    assert (law.batch_shape, law.event_shape, log_prob.shape) == ((2,), (LENGTH,), (625, 2))
    np.testing.assert_allclose(np.exp(log_prob).sum(0), 1.0, atol=625 * EPS)
    one, other = np.exp(log_prob).T
    assert np.abs(one - 1 / 625).sum() > 0.2  # far from uniform, so that what follows can see something
    assert np.abs(one - other).sum() > 0.1  # and the latent is heard


@networks
def test_no_token_is_judged_by_those_after_it(x64, name):  # noqa: ARG001
    """The term of position t is one number for all strings that agree up to t."""
    _, (terms, _, _) = made(name)
    table = np.exp(terms).reshape(*[VOCABULARY] * LENGTH, 2, LENGTH)
    for position in range(LENGTH):
        later = tuple(range(position + 1, LENGTH))
        own = table[..., position]
        np.testing.assert_allclose(own.max(later), own.min(later), rtol=0, atol=ROUNDING)
        if position and NETWORKS[name].end is None:  # and it does depend on those before
            assert (np.ptp(own, axis=tuple(range(position))) > 1e-3).any()


@networks
def test_steps_from_memory_say_what_one_pass_says(x64, name):  # noqa: ARG001
    law, (terms, log_prob, _) = made(name)
    np.testing.assert_allclose(terms.sum(-1), log_prob, atol=ROUNDING)
    found = stepped(law_of_row(law, 0), jnp.asarray(STRINGS))
    counts = ~after_the_end(STRINGS, NETWORKS[name].end)
    np.testing.assert_allclose(np.asarray(found)[counts], terms[:, 0][counts], atol=ROUNDING)


def after_the_end(strings, end):
    stop = strings == end
    return np.cumsum(stop, -1) - stop > 0


def law_of_row(law, row):
    return type(law)(law.module, law.params, law.context[row], law.warp)


@networks
def test_draws_follow_log_prob(x64, name):  # noqa: ARG001
    _, (_, log_prob, draws) = made(name)
    for row in range(2):
        assert p_value(np.exp(log_prob[:, row]), draws[:, row]) > 1e-6 / 2 / len(NETWORKS)


def p_value(law, draws):
    """Pearson's, with cells that expect fewer than ten pooled; what is impossible must not be drawn."""
    counts = np.bincount(np.ravel_multi_index(draws.T, (VOCABULARY,) * LENGTH), minlength=625)
    assert counts[law == 0].sum() == 0
    due = len(draws) * law
    rare = due < 10
    counts, due = (np.append(x[~rare], x[rare].sum()) for x in (counts, due))
    if due[-1] < 10:  # a pool too small to judge goes with its neighbour
        counts, due = (np.append(x[:-2], x[-2:].sum()) for x in (counts, due))
    if len(due) == 1:
        return 1.0
    return scipy.stats.chi2(len(due) - 1).sf(((counts - due) ** 2 / due).sum())


@pytest.mark.parametrize("name", ["lstm under gru", pytest.param("learned", marks=pytest.mark.slow)])
def test_what_follows_the_end_is_padding(x64, name):  # noqa: ARG001
    """Known by hand: the terms up to the first end count, all after it is the end with certainty."""
    end = NETWORKS[name].end
    _, (terms, log_prob, draws) = made(name)
    terms, log_prob = terms[:, 0], log_prob[:, 0]  # those of the first latent
    stop, over = end == STRINGS, after_the_end(STRINGS, end)  # [string, position]
    wrong = (over & ~stop).any(1)
    assert np.isneginf(log_prob[wrong]).all()
    assert np.isfinite(log_prob[~wrong]).all()
    assert (terms[over & stop] == 0).all()
    assert (terms[~over] < 0).all()
    assert (draws[after_the_end(draws, end)] == end).all()


def test_truncated_laws_judge_what_they_draw(x64):  # noqa: ARG001
    """The law of each token, from the plain terms, truncated by loops in NumPy."""
    settings = {"temperature": 2.0, "top_k": 4, "top_p": 0.7}
    plain, (terms, plain_log_prob, _) = made("rotary")
    law = plain.warped(truncation(**settings))
    said, log_prob, draws = (np.asarray(found) for found in known(law, jax.random.key(3)))
    table = terms.reshape(*[VOCABULARY] * LENGTH, 2, LENGTH)
    for row in range(2):
        truth = np.ones([VOCABULARY] * LENGTH)
        for position in range(LENGTH):
            for prefix in itertools.product(range(VOCABULARY), repeat=position):
                logits = table[prefix][(slice(None), *[0] * (LENGTH - position - 1), row, position)]
                kept = numpy_truncation(logits, **settings)
                truth[prefix] *= kept.reshape(-1, *[1] * (LENGTH - position - 1))
        np.testing.assert_allclose(np.exp(log_prob[:, row]), truth.ravel(), atol=ROUNDING)
        assert p_value(truth.ravel(), draws[:, row]) > 1e-6 / 2
    assert np.isneginf(said).any()
    assert np.array_equal(known(law.warped(None), jax.random.key(3))[1], plain_log_prob)


def numpy_truncation(logits, temperature=1.0, top_k=VOCABULARY, top_p=1.0):
    order = sorted(range(VOCABULARY), key=lambda token: -logits[token])[:top_k]
    probs = np.exp(logits[order] / temperature)
    probs /= probs.sum()
    size = next((n for n in range(1, len(order)) if probs[:n].sum() >= top_p), len(order))
    kept = np.zeros(VOCABULARY)
    kept[order[:size]] = probs[:size] / probs[:size].sum()
    return kept


def numpy_transformer(params, z, before, num_heads):
    """Logits ``[position, vocabulary]`` by the papers; pairs turn as complex numbers."""
    p = jax.tree.map(np.asarray, params)
    x = p["reading"]["tokens"]["embedding"][before] + z @ p["reading"]["latent"]["kernel"]
    x = x + p["reading"]["latent"]["bias"]
    length, width = x.shape
    half = width // num_heads // 2
    turn = np.exp(1j * np.arange(length)[:, None, None] * 10_000.0 ** (-np.arange(half) / half))

    def norm(x, own):
        return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6) * own[
            "scale"
        ] + own["bias"]

    for block in (p[f"blocks_{i}"] for i in range(2)):
        normal = norm(x, block["attention_norm"])
        q, k, v = (
            np.einsum("tw,whd->thd", normal, block[n]["kernel"]) + block[n]["bias"]
            for n in ("query", "key", "value")
        )
        q, k = ((a[..., :half] + 1j * a[..., half:]) * turn for a in (q, k))
        scores = np.einsum("thd,shd->hts", q, k.conj()).real / np.sqrt(2 * half)
        weights = scipy.special.softmax(np.where(np.tri(length, dtype=bool), scores, -np.inf), axis=-1)
        seen = np.einsum("hts,shd->thd", weights, v)
        x = x + np.einsum("thd,hdw->tw", seen, block["attention"]["kernel"]) + block["attention"]["bias"]
        hidden = norm(x, block["mlp_norm"]) @ block["hidden"]["kernel"] + block["hidden"]["bias"]
        gelu = hidden * (1 + np.tanh(np.sqrt(2 / np.pi) * (hidden + 0.044715 * hidden**3))) / 2
        x = x + gelu @ block["mlp"]["kernel"] + block["mlp"]["bias"]
    return norm(x, p["last_norm"]) @ p["logits"]["kernel"] + p["logits"]["bias"]


def test_the_transformer_is_the_one_written_in_numpy(x64):  # noqa: ARG001
    law, (terms, _, _) = made("rotary")
    for index in (0, 87, 411, 624):
        string = STRINGS[index]
        before = [VOCABULARY, *string[:-1]]
        for row in range(2):
            logits = numpy_transformer(law.params, np.asarray(law.context[row]), before, HEADS["num_heads"])
            truth = scipy.special.log_softmax(logits, axis=-1)[np.arange(LENGTH), string]
            np.testing.assert_allclose(terms[index, row], truth, atol=ROUNDING)


def test_tokens_outside_the_vocabulary_are_impossible(x64):  # noqa: ARG001
    law, _ = made("rotary")
    terms = jax.jit(lambda law: law.token_log_prob(jnp.array([0, VOCABULARY, -1, 0])))(law)
    assert np.isneginf(terms).tolist() == [[False, True, True, False]] * 2


def test_rotary_attention_sees_differences_of_positions(x64):  # noqa: ARG001
    query, key = (jax.random.normal(jax.random.key(seed), (1, 3, 2, 8)) for seed in range(2))

    @jax.jit
    def products(shift):
        turned = [RotaryPositions().turn(x, jnp.arange(3) + shift) for x in (query, key)]
        return jnp.einsum("rthd,rshd->rhts", *turned)

    here = jnp.einsum("rthd,rshd->rhts", query, key)
    np.testing.assert_allclose(products(0), products(1000), atol=1000 * ROUNDING)
    np.testing.assert_allclose(
        *(jnp.diagonal(x, axis1=2, axis2=3) for x in (products(0), here)), atol=ROUNDING
    )
    assert np.abs(products(0) - here).max() > 0.1
