"""Check the probabilities that truncation keeps."""

import jax.numpy as jnp
import numpy as np
import pytest

import jgen.distributions as d
from tests.helpers.marking import first_of_each
from tests.helpers.truncated_tokens import SETTINGS, truncated_probabilities


@pytest.mark.parametrize("name", first_of_each(SETTINGS))
@pytest.mark.usefixtures("x64")
def test_probabilities_of_truncation(name):
    """Check distinct and equal logits, and batches of them."""
    logits = np.array([[0.3, -1.2, 2.1, 0.4, 0.0], [1.0, 0.0, 1.0, 0.0, 1.0]])
    truth = [truncated_probabilities(row, **SETTINGS[name]) for row in logits]
    found = jnp.exp(d.truncation(**SETTINGS[name])(jnp.asarray(logits)))
    np.testing.assert_allclose(found, truth, atol=1e-12)
