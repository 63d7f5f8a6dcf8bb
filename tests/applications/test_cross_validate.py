"""Check held-out log-probabilities against fits without the row."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from jgen.applications import cross_validate

KEY = jax.random.key(1)


def gaussian_of(rows):
    return dist.Normal(rows.mean(), jnp.float32(2.0))


def test_fits_exclude_the_held_out_rows():
    rows = jnp.arange(12.0)
    found = cross_validate(KEY, rows, gaussian_of, num_folds=12)
    others = (rows.sum() - rows) / 11
    truth = jax.vmap(lambda row, mean: dist.Normal(mean, 2.0).log_prob(row))(rows, others)
    np.testing.assert_allclose(found, truth, rtol=1e-5)


def test_a_failed_fold_is_nan():
    fits = iter([None, dist.Normal(0.0, 1.0)])
    found = cross_validate(KEY, jnp.arange(4.0), lambda _: next(fits), num_folds=2)
    assert np.isnan(found).sum() == 2


@pytest.mark.parametrize("num_folds", [1, 5])
def test_invalid_numbers_of_folds_are_rejected(num_folds):
    with pytest.raises(ValueError, match="num_folds must be 2 or more"):
        cross_validate(KEY, jnp.arange(4.0), gaussian_of, num_folds=num_folds)
