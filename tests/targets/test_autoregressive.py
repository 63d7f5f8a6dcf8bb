"""Check the words of an autoregressive model by enumeration."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.targets import autoregressive
from tests.helpers.quadrature import TOLERANCE, check_by_listing, words

pytestmark = pytest.mark.usefixtures("x64")


@pytest.mark.weekly
@pytest.mark.parametrize(("symbols", "length", "temperature"), [(5, 4, 0.5), (3, 3, 2.0)])
def test_truths_by_enumeration(symbols, length, temperature):
    """Detect a bound that is not the best word's, and draws from another distribution."""
    check_by_listing(autoregressive(symbols, length, temperature), words(symbols, length))


def test_probabilities_sum_to_one():
    """Sum the probabilities of all words at temperature 1, for each length."""
    for length in (1, 4):
        target = autoregressive(length=length, temperature=1.0)
        log_p = jax.jit(jax.vmap(target.log_density))(jnp.asarray(words(5, length)))
        np.testing.assert_allclose(jnp.exp(log_p).sum(), 1.0, rtol=TOLERANCE)
        assert target.log_evidence == 0.0
