"""Test the exact likelihood and its refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.objectives import exact_likelihood
from tests.helpers.linear_gaussian import data, exact_params, log_prob


def test_the_loss_is_the_negative_mean_log_probability():
    params, x, key = exact_params(), data(), jax.random.key(0)
    loss, aux = exact_likelihood(log_prob)(params, x, key)
    np.testing.assert_allclose(aux["log_prob"], log_prob(params, x), rtol=1e-6)
    np.testing.assert_allclose(loss, -np.mean(aux["log_prob"]), rtol=1e-6)


def test_functions_that_do_not_fit_are_refused():
    with pytest.raises(TypeError, match="must be a function"):
        exact_likelihood(3)
    with pytest.raises(ValueError, match="one number for each of 4"):
        exact_likelihood(lambda params, x: x @ params)(jnp.ones((6, 3)), data(), jax.random.key(0))
