"""Check the total variation distance."""

import numpy as np
import pytest

from jgen.distributions import bernoulli, categorical, total_variation

pytestmark = pytest.mark.usefixtures("x64")


@pytest.mark.parametrize("kind", ["probs", "logits"])
def test_discrete(kind):
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.6, 0.3])
    tokens = [categorical(**{kind: x if kind == "probs" else np.log(x) + 2}) for x in (p, q)]
    np.testing.assert_allclose(total_variation(*tokens).value, 0.4, atol=1e-10)
    bits = [bernoulli(probs=x[0]) for x in (p, q)]
    np.testing.assert_allclose(total_variation(*bits).value, 0.4, atol=1e-10)
