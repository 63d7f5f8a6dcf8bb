"""Check the variance of independent chains where they end, for kernels whose bias is known."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen.samplers import minibatch, thin
from jgen.sampling.driver import sample
from tests.helpers.random_keys import fresh_key

Z = 6.0  # two-sided normal tail 2e-9
MEAN = 3.0
DATA = jnp.linspace(-1.0, 4.0, 20) ** 2 / 4


class Posterior(NamedTuple):
    """Posterior of a Gaussian's mean from 20 data, and the noise of its gradient on batches of four."""

    variance: float = 1 / (1 / 25 + 20 / 9)
    mean: float = float(DATA.sum()) / 9 / (1 / 25 + 20 / 9)
    noise: float = 20**2 / 4 * float(jnp.var(DATA)) / 81


POSTERIOR = Posterior()


def normal(variance, x):
    """Return the log density of N(MEAN, variance)."""
    return -0.5 * jnp.sum((x - MEAN) ** 2) / variance


def noisy_normal(variance, deviation):
    """Return the same with Gaussian noise in its gradient."""

    def estimate(variance, deviation, key, x):
        return normal(variance, x) + deviation * jnp.sum(jax.random.normal(key, jnp.shape(x)) * x)

    return Partial(estimate, variance, deviation)


def log_prior(x):
    return -0.5 * x**2 / 25.0


def log_likelihood(x, y):
    return -0.5 * (x - y) ** 2 / 9.0


def estimate(data=DATA):
    return minibatch(log_prior, log_likelihood, data, batch_size=4)


def check_variance(sampler, exact, known, mean=MEAN, num_steps=400):
    """Check that 4000 independent chains end with the known variance, which differs from the exact one."""
    position = jnp.full(4000, mean)
    run = sample(fresh_key(), thin(sampler, num_steps), num_chains=4000, num_draws=1, position=position)
    squares = (run.draws.value[:, 0].astype(np.float64) - mean) ** 2
    found, error = squares.mean(), squares.std() / np.sqrt(4000)
    assert abs(found - known) < Z * error
    assert known > exact + 1.5 * Z * error  # so that a kernel without bias would fail
    return run


def check_posterior(sampler, known):
    run = check_variance(sampler, POSTERIOR.variance, known, POSTERIOR.mean, num_steps=200)
    assert run.cost.num_grads == 4000 * 200  # one a batch
