"""Check the hidden Markov model by enumerating its paths."""

import jax.numpy as jnp
import pytest

from jgen.targets import hidden_markov
from tests.helpers.quadrature import check_by_listing, words

pytestmark = pytest.mark.usefixtures("x64")


def test_truths_of_three_states_by_enumeration():
    """Detect a recursion off by one, and code that holds for two states only."""
    transition = jnp.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.0, 0.4, 0.6]])
    initial, means = jnp.array([0.5, 0.25, 0.25]), jnp.array([-1.0, 0.0, 2.0])
    target = hidden_markov(jnp.array([0.1, 2.0, -0.7]), initial, transition, means, 0.7)
    check_by_listing(target, words(3, 3))


@pytest.mark.weekly
def test_truths_by_enumeration():
    """Detect a bound that is not the best path's, and draws from another distribution."""
    check_by_listing(hidden_markov(), words(2, 12))
