"""Test the tuning and the errors of wrapped NumPyro kernels."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro.infer import NUTS

from jgen.interop import from_numpyro
from jgen.interop.from_numpyro import with_tuning
from jgen.samplers.state import Tuning
from jgen.sampling.adaptation.low_rank import LowRankFactor


def density(x):
    return -0.5 * jnp.sum(x**2)


def test_tuning_sets_all_square_roots_of_a_low_rank_matrix(x64, rng):
    vectors = np.linalg.qr(rng.normal(size=(5, 2)))[0]
    left, right, stretch = rng.uniform(0.5, 2.0, 5), rng.uniform(0.5, 2.0, 5), np.array([3.0, 0.2])
    matrix = left[:, None] * (np.eye(5) + vectors @ np.diag(stretch - 1) @ vectors.T) * right
    factor = LowRankFactor(*map(jnp.asarray, (left, right, vectors, stretch)))
    kernel = NUTS(potential_fn=lambda x: -density(x), dense_mass=True)
    state = kernel.init(jax.random.key(0), 0, jnp.zeros(5), (), {})
    adapted = with_tuning(state, Tuning(jnp.asarray(0.3), factor)).adapt_state
    np.testing.assert_allclose(adapted.inverse_mass_matrix, matrix @ matrix.T, rtol=1e-12)
    root = np.asarray(adapted.mass_matrix_sqrt)
    np.testing.assert_allclose(root @ root.T, np.linalg.inv(matrix @ matrix.T), rtol=1e-9)
    np.testing.assert_allclose(adapted.mass_matrix_sqrt_inv @ root, np.eye(5), atol=1e-12)
    assert adapted.step_size == 0.3
    del x64


def test_a_built_kernel_is_rejected():
    with pytest.raises(TypeError, match="builds the kernel itself"):
        from_numpyro(NUTS(potential_fn=density), density)
