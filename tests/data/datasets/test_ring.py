"""Check that the data follow their exact density."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import norm

from jgen.data import load
from jgen.data.datasets.ring import log_prob as ring_log_prob
from tests.helpers.false_alarms import FALSE_ALARM, z_of


@pytest.mark.usefixtures("x64")
def test_draws_follow_the_exact_density(prepared):
    for split in ("train", "validation", "test"):
        ring = load("ring", split, directory=prepared)
        x, label = ring["x"].astype(float), ring["label"]
        angle = 2 * np.pi * (1 + np.arange(8)) / 8
        means = 3 * np.stack([np.cos(angle), np.sin(angle)], 1)
        counts = np.bincount(label, minlength=8)
        assert np.abs(counts - len(x) / 8).max() < z_of(8) * np.sqrt(len(x) * 7 / 64)
        apart = (x - means[label]) / 0.3
        widest = np.sqrt(np.log(2 * 4 / FALSE_ALARM) / (2 * len(x)))
        ranks = (np.arange(len(x)) + 0.5) / len(x)
        for normal in (*apart.T, (apart @ [1, 1]) / np.sqrt(2), (apart @ [1, -1]) / np.sqrt(2)):
            assert np.abs(norm.cdf(np.sort(normal)) - ranks).max() < widest
        density = np.exp(-0.5 * ((x[:, None] - means) / 0.3) ** 2).prod(-1).mean(1) / (2 * np.pi * 0.09)
        found = jax.jit(ring_log_prob)(jnp.asarray(x[:512]))
        np.testing.assert_allclose(found, np.log(density[:512]), rtol=1e-10)
