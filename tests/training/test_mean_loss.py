"""Check the mean loss against the mean over rows."""

import jax
import numpy as np
import pytest

from jgen.training import mean_loss
from tests.helpers.distance_runs import DATA, DISTANCE, KEY, RAMP, START, distance


def noisy(params, batch, key):
    error = params[None] - batch + jax.random.normal(key, batch.shape)
    return (error**2).sum(-1).mean(), {}


@pytest.mark.parametrize("batch_size", [5, pytest.param(12, marks=pytest.mark.weekly), 100])
def test_the_loss_of_a_split_is_the_mean_over_its_rows(batch_size):
    whole = mean_loss(DISTANCE, START, DATA, KEY, batch_size=batch_size)
    np.testing.assert_allclose(whole, distance(1.0, START, DATA, KEY)[0], rtol=1e-6)
    parts = [DATA[i : i + batch_size] for i in range(0, 12, batch_size)]
    losses = [noisy(START, part, jax.random.fold_in(KEY, i))[0] for i, part in enumerate(parts)]
    weighed = sum(len(part) * loss for part, loss in zip(parts, losses, strict=True)) / 12
    np.testing.assert_allclose(mean_loss(noisy, START, DATA, KEY, batch_size=batch_size), weighed, rtol=1e-6)


def test_a_scheduled_objective_is_evaluated_at_its_end():
    np.testing.assert_allclose(mean_loss(RAMP, START, DATA, KEY), distance(1.0, START, DATA, KEY)[0], 1e-6)
