"""Check the Asia network by enumeration, published numbers and its conditionals."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.targets.asia import CONDITIONALS, NETWORK, asia
from tests.helpers.marking import first_of_each
from tests.helpers.quadrature import TOLERANCE, check_by_listing, words

pytestmark = pytest.mark.usefixtures("x64")


OBSERVED = {"nothing": {}, "two symptoms": {"xray": 1, "dysp": 1}, "no disease": {"either": 0, "smoke": 1}}


@pytest.mark.parametrize("name", first_of_each(OBSERVED))
def test_truths_by_enumeration(name):
    """Detect a table read the wrong way round, and draws that miss the evidence."""
    target = asia(OBSERVED[name])
    free = sorted(target.start)
    check_by_listing(target, words(2, len(free)), lambda state: dict(zip(free, state, strict=True)))


def test_published_probabilities():
    truths = {name: truth for name, (_, truth) in asia().expectations.items()}
    known = {"either": 0.064828, "xray": 0.11029004, "dysp": 0.43597060}
    np.testing.assert_allclose([truths[name] for name in known], list(known.values()), atol=5e-9)
    np.testing.assert_allclose(asia({"xray": 1, "dysp": 1}).expectations["lung"][1], 0.62125280, atol=5e-9)


def test_conditionals_are_the_network():
    """Detect conditionals whose parents, named by their parameters, are not the table's."""
    values = {name: jnp.asarray(int(name != "asia" and name != "tub")) for name in NETWORK}
    for name, conditional in CONDITIONALS.items():
        assert tuple(inspect.signature(conditional).parameters) == NETWORK[name][0]

    @jax.jit
    def evaluate(values):
        terms = [
            conditional(*(values[parent] for parent in NETWORK[name][0])).log_prob(values[name])
            for name, conditional in CONDITIONALS.items()
        ]
        return sum(terms), asia().log_density(values)

    np.testing.assert_allclose(*evaluate(values), rtol=TOLERANCE)
