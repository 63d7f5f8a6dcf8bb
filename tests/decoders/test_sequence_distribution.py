"""Test the distribution of token strings by enumeration of 625 strings."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.core import jaxprs_in_params

from jgen.distributions import truncation
from jgen.models.flax_functions import apply_of, init_of
from tests.helpers import sequence_networks
from tests.helpers.chi_square import chi_square_p_value
from tests.helpers.marking import first_of_each
from tests.helpers.sequence_networks import LATENT, LENGTH, NETWORKS, ROUNDING, STRINGS, VOCABULARY, evaluated


@jax.jit
def stepped(strings, rows):
    """Compute the terms of log p of ``rows [row, length]`` by the steps of a draw."""

    def step(carry, token):
        memory, before = carry
        memory, logits = strings._apply("step", z, memory, before)
        log_probs = strings._log_probs(logits)
        return (memory, token), jnp.take_along_axis(log_probs, token[:, None], axis=1)[:, 0]

    z = strings._rows((rows.shape[0],))
    opening = jnp.full(rows.shape[:1], VOCABULARY)
    return jax.lax.scan(step, (strings._apply("start", z), opening), rows.T)[1].T


@sequence_networks.networks
def test_probabilities_of_all_strings_sum_to_one(x64, name):  # noqa: ARG001
    strings, (_, log_prob, _) = evaluated(name)
    assert (strings.batch_shape, strings.event_shape, log_prob.shape) == ((2,), (LENGTH,), (625, 2))
    np.testing.assert_allclose(np.exp(log_prob).sum(0), 1.0, atol=625 * np.finfo(np.float64).eps)
    one, other = np.exp(log_prob).T
    assert np.abs(one - 1 / 625).sum() > 0.2  # far from uniform, so that the other tests have power
    assert np.abs(one - other).sum() > 0.1  # and the latent matters


@sequence_networks.networks
def test_terms_do_not_depend_on_later_tokens(x64, name):  # noqa: ARG001
    """The term of position t is the same for all strings that agree up to t."""
    _, (terms, _, _) = evaluated(name)
    table = np.exp(terms).reshape(*[VOCABULARY] * LENGTH, 2, LENGTH)
    for position in range(LENGTH):
        later = tuple(range(position + 1, LENGTH))
        term = table[..., position]
        np.testing.assert_allclose(term.max(later), term.min(later), rtol=0, atol=ROUNDING)
        if position and NETWORKS[name].end is None:  # and they depend on earlier ones
            assert (np.ptp(term, axis=tuple(range(position))) > 1e-3).any()


@sequence_networks.networks
def test_steps_from_memory_equal_one_pass(x64, name):  # noqa: ARG001
    strings, (terms, log_prob, _) = evaluated(name)
    np.testing.assert_allclose(terms.sum(-1), log_prob, atol=ROUNDING)
    found = stepped(at_row(strings, 0), jnp.asarray(STRINGS))
    counts = ~after_the_end(STRINGS, NETWORKS[name].end)
    np.testing.assert_allclose(np.asarray(found)[counts], terms[:, 0][counts], atol=ROUNDING)


def after_the_end(strings, end):
    stop = strings == end
    return np.cumsum(stop, -1) - stop > 0


def at_row(strings, row):
    return type(strings)(strings.module, strings.params, strings.context[row], strings.warp)


@sequence_networks.networks
def test_draws_follow_log_prob(x64, name):  # noqa: ARG001
    """Chi-square tests at 1e-6 in all."""
    _, (_, log_prob, draws) = evaluated(name)
    for row in range(2):
        p_value = chi_square_p_value(counts_of(draws[:, row]), np.exp(log_prob[:, row]))
        assert p_value > 1e-6 / 2 / len(NETWORKS)


def counts_of(draws):
    return np.bincount(np.ravel_multi_index(draws.T, (VOCABULARY,) * LENGTH), minlength=625)


@pytest.mark.parametrize("name", ["lstm under gru", pytest.param("learned", marks=pytest.mark.weekly)])
def test_tokens_after_the_end_are_padding(x64, name):  # noqa: ARG001
    """Terms up to the first end count; after it the end token has probability 1."""
    end = NETWORKS[name].end
    _, (terms, log_prob, draws) = evaluated(name)
    terms, log_prob = terms[:, 0], log_prob[:, 0]  # those of the first latent
    stop, over = end == STRINGS, after_the_end(STRINGS, end)  # [string, position]
    wrong = (over & ~stop).any(1)
    assert np.array_equal(np.isneginf(log_prob), wrong)
    assert (terms[over & stop] == 0).all()
    assert (terms[~over] < 0).all()
    assert (draws[after_the_end(draws, end)] == end).all()


def test_truncation_applies_to_draws_and_log_prob(x64):  # noqa: ARG001
    """Against the terms without truncation, truncated by loops in NumPy."""
    settings = {"temperature": 2.0, "top_k": 4, "top_p": 0.7}
    plain, (terms, plain_log_prob, _) = evaluated("no cells")
    strings = plain.warped(truncation(**settings))
    evaluate, key = sequence_networks.evaluate, jax.random.key(3)
    terms_found, log_prob, draws = map(np.asarray, evaluate(strings, key))
    table = terms.reshape(*[VOCABULARY] * LENGTH, 2, LENGTH)
    for row in range(2):
        truth = np.ones([VOCABULARY] * LENGTH)
        for position in range(LENGTH):
            rest = LENGTH - position - 1
            for prefix in itertools.product(range(VOCABULARY), repeat=position):
                logits = table[prefix][(slice(None), *[0] * rest, row, position)]
                truth[prefix] *= numpy_truncation(logits, **settings).reshape(-1, *[1] * rest)
        np.testing.assert_allclose(np.exp(log_prob[:, row]), truth.ravel(), atol=ROUNDING)
        assert chi_square_p_value(counts_of(draws[:, row]), truth.ravel()) > 1e-6 / 2
    assert np.isneginf(terms_found).any()
    assert np.array_equal(evaluate(strings.warped(None), key)[1], plain_log_prob)


def numpy_truncation(logits, temperature=1.0, top_k=VOCABULARY, top_p=1.0):
    order = sorted(range(VOCABULARY), key=lambda token: -logits[token])[:top_k]
    probs = np.exp(logits[order] / temperature)
    probs /= probs.sum()
    size = next((n for n in range(1, len(order)) if probs[:n].sum() >= top_p), len(order))
    truncated = np.zeros(VOCABULARY)
    truncated[order[:size]] = probs[:size] / probs[:size].sum()
    return truncated


def test_tokens_outside_the_vocabulary_are_impossible(x64):  # noqa: ARG001
    strings, _ = evaluated("no cells")
    terms = jax.jit(lambda strings: strings.token_log_prob(jnp.array([0, VOCABULARY, -1, 0])))(strings)
    assert np.isneginf(terms).tolist() == [[False, True, True, False]] * 2


def multiplications(jaxpr):
    """Count the multiplications in matrix products of a traced function, with loops."""
    total = 0
    for equation in jaxpr.eqns:
        if equation.primitive.name == "dot_general":
            (contracted, _), _ = equation.params["dimension_numbers"]
            inner = [equation.invars[0].aval.shape[axis] for axis in contracted]
            total += int(np.prod(inner)) * int(np.prod(equation.outvars[0].aval.shape))
        times = equation.params["length"] if equation.primitive.name == "scan" else 1
        total += times * sum(map(multiplications, jaxprs_in_params(equation.params)))
    return total


@pytest.mark.parametrize("name", ["lstm under gru", "rotary"])
def test_a_draw_costs_as_many_multiplications_as_a_pass(name):
    """Each step costs one position; reading the prefix again at each step would cost ``length`` passes."""
    network, z, key = NETWORKS[name].clone(length=9), jnp.zeros((3, 0)), jax.random.key(0)
    strings = jax.eval_shape(apply_of(network), jax.eval_shape(init_of(network, z), key), z)
    draw = jax.make_jaxpr(lambda strings: strings.sample(key))(strings)
    one_pass = jax.make_jaxpr(lambda strings: strings.log_prob(jnp.zeros((3, 9), int)))(strings)
    assert multiplications(draw.jaxpr) == multiplications(one_pass.jaxpr) > 0


@pytest.mark.parametrize(("batch", "latent"), [((), 0), ((2, 3), LATENT)])
@pytest.mark.parametrize("name", first_of_each(NETWORKS))
def test_shapes_with_and_without_a_latent(name, batch, latent):
    key = jax.random.key(0)
    strings, _ = jax.eval_shape(NETWORKS[name].init_with_output, key, jnp.zeros((*batch, latent)))

    def trace(strings):
        draws = strings.sample(key, (7,))
        return draws, strings.log_prob(draws), strings.token_log_prob(draws), strings.sample(key)

    draws, log_prob, terms, one = jax.eval_shape(trace, strings)
    assert (strings.batch_shape, strings.event_shape) == (batch, (LENGTH,))
    assert draws.shape == terms.shape == (7, *batch, LENGTH)
    assert (log_prob.shape, one.shape) == ((7, *batch), (*batch, LENGTH))
    assert jnp.issubdtype(draws.dtype, jnp.integer)


def test_strings_of_another_length_are_refused():
    init = NETWORKS["gru"].init_with_output
    strings, _ = jax.eval_shape(init, jax.random.key(0), jnp.zeros((2, LATENT)))
    with pytest.raises(ValueError, match=r"strings of 4 tokens, got shape \(2, 5\)"):
        strings.log_prob(jnp.zeros((2, 5), int))


@pytest.mark.parametrize("wrong", [{"length": 0}, {"vocabulary": 0}, {"end": VOCABULARY}])
def test_impossible_sizes_are_refused(wrong):
    with pytest.raises(ValueError, match="{}={}".format(*next(iter(wrong.items())))):
        jax.eval_shape(NETWORKS["gru"].clone(**wrong).init, jax.random.key(0), jnp.zeros((2, 1)))
