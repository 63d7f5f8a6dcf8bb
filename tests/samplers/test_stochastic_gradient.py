"""Test log densities estimated from batches of data."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.samplers import minibatch, sghmc, sgld, stochastic_gradient
from jgen.sampling.driver import sample
from jgen.testing import count_compilations
from tests.helpers.end_variance import DATA, Z, estimate
from tests.helpers.marking import first_of_each
from tests.helpers.random_keys import fresh_key

KEY = jax.random.key(12)


def log_prior(x):
    return -0.5 * jnp.sum((x / 2.0) ** 2)


def log_likelihood(x, datum):
    return jax.nn.log_sigmoid(datum["y"] * (x @ datum["x"]))


def mean_over_batches(module):
    """Return value and gradient, averaged over all batches of two of four data, and those of all data."""
    data = {
        "x": jnp.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.0], [-1.0, 1.0]]),
        "y": jnp.array([1.0, -1, -1, 1]),
    }
    batches = jnp.array(list(itertools.product(range(4), repeat=2)))

    def whole(x):
        return log_prior(x) + jax.vmap(log_likelihood, (None, 0))(x, data).sum()

    def estimated(x):
        def estimate(indices):
            return module.batch_estimate(log_prior, log_likelihood, data, indices, x)

        return jax.vmap(estimate)(batches).mean()

    def both(x):
        return jax.value_and_grad(estimated)(x), jax.value_and_grad(whole)(x)

    return jax.jit(both)(jnp.array([0.3, -0.7]))


def check_mean(module):
    """Check that the value and the gradient are unbiased, by listing all batches."""
    with jax.enable_x64(True):
        for found, truth in zip(*mean_over_batches(module), strict=True):
            np.testing.assert_allclose(found, truth, rtol=1e-13)


def datum_itself(x, datum):
    return datum + 0.0 * x


def nothing(x):
    return 0.0 * x


def check_indices(module):
    """Check mean and variance of means over batches of three of the data 0 .. 4; false alarm 4e-9.

    The tails of the variance are below a Gaussian's.
    """
    estimate = module.minibatch(nothing, datum_itself, jnp.arange(5.0), batch_size=3)
    keys = jax.random.split(fresh_key(), 10_000)
    found = np.asarray(jax.jit(jax.vmap(estimate, (0, None)))(keys, 0.0), np.float64) / 5
    mean, deviation = 2.0, np.sqrt(2.0 / 3)
    assert abs(found.mean() - mean) < Z * deviation / np.sqrt(found.size)
    assert abs((found - mean).var() / deviation**2 - 1) < Z * np.sqrt(2 / found.size)


@pytest.mark.parametrize("check", [check_mean, check_indices])
def test_estimates_are_unbiased(check):
    check(stochastic_gradient)


def quartic(x, y):
    return -((x - y) ** 4)


def broken(x, y):
    return jnp.where(y > 3.9, jnp.nan, -0.5 * (x - y) ** 2)


@pytest.mark.parametrize("make", first_of_each([sghmc, sgld]))
@pytest.mark.parametrize("likelihood", first_of_each([quartic, broken]))
def test_an_infinite_gradient_is_flagged_and_not_followed(make, likelihood):
    """Steps too long for a quartic throw the chain out further each time, until the gradient overflows."""
    sampler = make(minibatch(log_prior, likelihood, DATA, batch_size=4), step_size=0.9)

    @jax.jit
    def run(keys):
        def chain(keys):
            return jax.lax.scan(lambda state, key: sampler.step(key, state), sampler.init(keys[0], 0.0), keys)

        return jax.vmap(chain)(keys), jax.vmap(sampler.init, (0, None))(keys[:, 0], 0.0).log_density

    (end, draws), first = run(jax.random.split(KEY, (64, 30)))
    starts = jnp.isfinite(first)  # the driver refuses the others
    end, draws = jax.tree.map(lambda leaf: leaf[starts], (end, draws))
    assert all(np.isfinite(leaf).all() for leaf in (draws.value, end.gradient, end.log_density))
    assert draws.info["diverging"].any(axis=1).all()


def test_other_data_and_options_compile_nothing():
    def run(data, step_size):
        return sample(KEY, sghmc(estimate(data), step_size=step_size), num_draws=2, position=jnp.zeros(4))

    run(DATA, 0.1)
    other = DATA + 1.0
    with count_compilations() as compiled:
        run(other, 0.2)
    assert compiled == []
