"""Check that a linear VAE reaches the optimum of probabilistic PCA from below."""

import jax
import numpy as np
import pytest

from jgen.applications import fit_linear_vae
from jgen.data import load
from jgen.models import linear_log_prob


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_a_small_model_reaches_its_optimum_from_below():
    rows = np.random.default_rng(0).normal(size=(300, 4)) * [1.0, 0.7, 0.3, 0.3] + 0.5
    found = fit_linear_vae(jax.random.key(0), rows, 2, num_steps=800)
    assert -1e-5 < found.gap < 0.05  # a few nats in float32 are right to 1e-6
    np.testing.assert_allclose(linear_log_prob(found.params, rows).mean(), found.log_likelihood, rtol=1e-5)
    # At the end the bound is the log-likelihood, up to the noise of one draw a row.
    last = found.bound[-100:]
    assert abs(last.mean() - found.log_likelihood) < 0.05
    assert last.mean() < found.optimum + 5 * last.std() / np.sqrt(100)


@pytest.mark.slow
def test_a_model_of_the_digits_reaches_its_optimum(tmp_path):
    """KNOWN_ANSWERS has 21.018 of 21.035 nats: grey values v dequantised to (v + u) / 17, 10 latents.

    Of these 1,257 rows the optimum is 20.94, with a standard deviation of 0.03 over the noise u (12 noises).
    """
    grey = load("digits", "train", directory=tmp_path)["x"].reshape(-1, 64)
    rows = (grey + np.random.default_rng(0).random(grey.shape)) / 17
    found = fit_linear_vae(jax.random.key(0), rows, 10)
    assert abs(found.optimum - 20.94) < 5 * 0.03
    assert 0 < found.gap < 0.05
    last = found.bound[-200:]
    assert last.mean() < found.log_likelihood + 5 * last.std() / np.sqrt(200)
    assert found.log_likelihood - last.mean() < 0.05
