"""Truths of discrete targets found again by listing every state, or by a recursion where lists were first."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.targets import asia, autoregressive, boltzmann_machine, hidden_markov, ising
from jgen.targets.asia import CONDITIONALS, NETWORK
from tests.helpers.quadrature import TOLERANCE, check_by_listing, words

pytestmark = pytest.mark.usefixtures("x64")


def three_states():
    """Catches code that holds for two states only."""
    transition = jnp.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.0, 0.4, 0.6]])
    return hidden_markov(
        jnp.array([0.1, 2.0, -0.7]),
        jnp.array([0.5, 0.25, 0.25]),
        transition,
        jnp.array([-1.0, 0.0, 2.0]),
        0.7,
    )


def layers(state):
    return {"hidden": state[:3], "visible": state[3:]}


LISTED = {
    "hidden_markov": (hidden_markov, words(2, 12), None),
    "hidden_markov of three states": (three_states, words(3, 3), None),
    "autoregressive": (autoregressive, words(5, 4), None),
    "hot words": (lambda: autoregressive(3, 3, 2.0), words(3, 3), None),
    "ising": (ising, words(2, 9), None),
    "boltzmann_machine": (boltzmann_machine, words(2, 7), layers),
}


@pytest.mark.parametrize("name", LISTED)
def test_listing(name):
    """Catches a recursion off by one, a bound that is not the best word's, draws from another law."""
    make, states, position = LISTED[name]
    check_by_listing(make(), states, position)


@pytest.mark.parametrize("observed", [{}, {"xray": 1, "dysp": 1}, {"either": 0, "smoke": 1}])
def test_asia_by_listing(observed):
    """Catches a table read the wrong way round, and draws that miss the evidence."""
    target = asia(observed)
    free = sorted(target.start)
    check_by_listing(target, words(2, len(free)), lambda state: dict(zip(free, state, strict=True)))


def test_asia_known_answers():
    truths = {name: truth for name, (_, truth) in asia().expectations.items()}
    known = {"either": 0.064828, "xray": 0.11029004, "dysp": 0.43597060}
    np.testing.assert_allclose([truths[name] for name in known], list(known.values()), atol=5e-9)
    np.testing.assert_allclose(asia({"xray": 1, "dysp": 1}).expectations["lung"][1], 0.62125280, atol=5e-9)


def test_asia_conditionals_are_the_network():
    """Catches conditionals whose parents, named by their parameters, are not the table's."""
    values = {name: jnp.asarray(int(name != "asia" and name != "tub")) for name in NETWORK}
    total = 0.0
    for name, conditional in CONDITIONALS.items():
        parents = tuple(inspect.signature(conditional).parameters)
        assert parents == NETWORK[name][0]
        total += conditional(*(values[parent] for parent in parents)).log_prob(values[name])
    np.testing.assert_allclose(total, asia().log_density(values), rtol=TOLERANCE)


@pytest.mark.parametrize(("side", "coupling", "field"), [(3, 0.3, 0.1), (4, 0.44, 0.0), (3, -0.2, 0.7)])
def test_ising_by_its_transfer_matrix(side, coupling, field):
    """Rows of spins as states of a chain: Z is a trace, and d log Z / dJ the mean of the bonds."""

    def log_z(coupling):
        rows = 2 * words(2, side) - 1  # [row, site]
        inside = coupling * (rows * np.roll(rows, 1, 1)).sum(1) + field * rows.sum(1)
        transfer = np.exp(coupling * rows @ rows.T + (inside[:, None] + inside) / 2)
        return np.log(np.trace(np.linalg.matrix_power(transfer, side)))

    target = ising(side, coupling, field)
    np.testing.assert_allclose(target.log_evidence, log_z(coupling), rtol=TOLERANCE)
    slope = (log_z(coupling + 1e-4) - log_z(coupling - 1e-4)) / 2e-4
    np.testing.assert_allclose(target.expectations["bonds"][1], slope, atol=1e-5)  # h^2, times 18 bonds cubed


def test_boltzmann_machine_without_its_hidden_layer():
    """The hidden bits summed out by hand: a softplus each."""
    target = boltzmann_machine()
    weight, bias, offset = (np.asarray(each) for each in target.log_density.args)
    visible = words(2, 4)
    free = visible @ bias + np.logaddexp(0, visible @ weight + offset).sum(1)
    np.testing.assert_allclose(target.log_evidence, np.log(np.exp(free).sum()), rtol=TOLERANCE)
    np.testing.assert_allclose(target.mean[3:], np.exp(free - target.log_evidence) @ visible, rtol=TOLERANCE)


def test_autoregressive_words_are_a_law():
    """At temperature 1 the probabilities of all words sum to 1, at each length."""
    for length in (1, 2, 4):
        target = autoregressive(length=length, temperature=1.0)
        log_p = jax.jit(jax.vmap(target.log_density))(jnp.asarray(words(5, length)))
        np.testing.assert_allclose(jnp.exp(log_p).sum(), 1.0, rtol=TOLERANCE)
        assert target.log_evidence == 0.0
