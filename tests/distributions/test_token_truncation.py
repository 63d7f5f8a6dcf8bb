"""Check the truncated distribution of the next token against NumPy."""

import jax.numpy as jnp
import numpy as np
import pytest

from jgen.distributions import truncation
from tests.helpers.marking import first_of_each
from tests.helpers.truncated_tokens import SETTINGS, truncated_probabilities

pytestmark = pytest.mark.usefixtures("x64")


@pytest.mark.parametrize("name", first_of_each(SETTINGS))
def test_probabilities(name):
    """Check distinct and equal logits, and batches of them."""
    logits = np.array([[0.3, -1.2, 2.1, 0.4, 0.0], [1.0, 0.0, 1.0, 0.0, 1.0]])
    truth = [truncated_probabilities(row, **SETTINGS[name]) for row in logits]
    np.testing.assert_allclose(jnp.exp(truncation(**SETTINGS[name])(jnp.asarray(logits))), truth, atol=1e-12)
