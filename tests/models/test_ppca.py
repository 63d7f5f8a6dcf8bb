"""Check that probabilistic PCA is the maximum of the likelihood."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.models import linear_log_prob, linear_vae, pca, ppca
from tests.helpers.marking import first_of_each


@pytest.mark.parametrize("latent_dim", first_of_each([10, 1, 40]))
def test_the_optimum_from_eigenvalues_is_the_mean_log_prob(x64, digits, latent_dim):  # noqa: ARG001
    fit = ppca(digits, latent_dim)
    mean = linear_log_prob(fit.params, jnp.asarray(digits)).mean()
    np.testing.assert_allclose(mean, fit.log_likelihood, rtol=1e-10)


def test_no_nearby_parameters_are_more_likely(x64, digits):  # noqa: ARG001
    fit, rows = ppca(digits, 10), jnp.asarray(digits)

    @jax.jit
    @jax.value_and_grad
    def log_likelihood(decoder):
        return linear_log_prob({"decoder": decoder}, rows).mean()

    decoder = fit.params["decoder"]
    _, slope = log_likelihood(decoder)
    assert max(jnp.abs(leaf).max() for leaf in jax.tree.leaves(slope)) < 1e-9
    rng = np.random.default_rng(0)
    for _ in range(5):
        moved = jax.tree.map(lambda leaf: np.asarray(leaf) + 0.01 * rng.normal(size=leaf.shape), decoder)
        assert log_likelihood(moved)[0] < fit.log_likelihood


def test_columns_lie_along_the_principal_directions(x64, digits):  # noqa: ARG001
    fit, directions = ppca(digits, 6), pca(digits, 6)
    noise = np.exp(2 * fit.params["decoder"]["log_scale"])
    weight = directions.components.T * np.sqrt(directions.variances - noise)[None]
    np.testing.assert_allclose(fit.params["decoder"]["weight"], weight, atol=1e-9)
    np.testing.assert_allclose(noise, directions.rest / 58, rtol=1e-9)


@pytest.mark.weekly
def test_the_known_optimum_of_the_digits(digits):
    """KNOWN_ANSWERS: 21.035 nats for some four fifths of the digits, dequantised, on [0, 1]; 10 latents.

    Which rows and which noise is not recorded. Over random four fifths and noises the optimum has a standard
    deviation of about 0.07 (measured below), so it must lie within 4 of them of their mean.
    """
    rng = np.random.default_rng(0)
    noisy = [16 * rng.permutation(digits)[:1437] + rng.random((1437, 64)) for _ in range(12)]
    found = [float(ppca(rows / 17, 10).log_likelihood) for rows in noisy]
    assert abs(np.mean(found) - 21.035) < 4 * np.std(found, ddof=1)
    assert np.std(found) < 0.2


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ppca(np.eye(4), 3), "between 1 and 2, below the rank 3"),
        (lambda: ppca(np.eye(4), 0), "between 1 and 2"),
        (lambda: linear_vae(0, 2), "at least 1"),
        (lambda: linear_vae(2, 0), "at least 1"),
    ],
)
def test_invalid_sizes_are_rejected(call, words):
    with pytest.raises(ValueError, match=words):
        call()
