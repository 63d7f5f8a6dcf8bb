"""Bidirectional Monte Carlo: passes in both directions are weighed by one ratio, and the bounds straddle."""

import importlib
import math
import secrets

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial
from planted_evidence import PASS_BUGS
from planting import plant
from scipy.stats import binom

from jgen.samplers import Path, metropolis

SHIPPED = importlib.import_module("jgen.evidence.bidirectional")  # its function hides it in the package
BETAS = jnp.array([0.0, 0.2, 1.0])
LOG_Z = 0.5 * math.log(2 * math.pi)
KERNEL = Partial(metropolis, step_size=1.5)
NUM_PASSES, REPETITIONS = 20_000, 200


def log_density(x):
    """N(3, 1) without its constant."""
    return -0.5 * (x - 3.0) ** 2


PATH = Path(dist.Normal(0.0, 2.0), log_density)


def fresh_key():
    return jax.random.key(secrets.randbits(31))


def log_weights(module, num_passes):
    """Of passes to the target, and minus those of passes from it ``[pass]``."""
    exact = 3.0 + jax.random.normal(fresh_key(), (num_passes,))
    path, kernel = module.checked_path(PATH), module.bound_kernel(KERNEL)
    passes = module._passes(path, kernel, BETAS, jnp.int32(5), fresh_key(), exact)
    return [np.asarray(one, np.float64) for one in passes]


def check_passes(module):
    r"""With l = log w, :math:`E_F[\sigma(l - \log Z)] = E_R[\sigma(\log Z - l)]` exactly (Crooks 1999), for
    any annealing by reversible kernels. Both are means of n numbers in [0, 1]: by Hoeffding's inequality
    they are within sqrt(log(2 / a) / n) of each other, but for a chance a = 1e-6."""
    forward, back = log_weights(module, NUM_PASSES)
    apart = np.mean(1 / (1 + np.exp(LOG_Z - forward))) - np.mean(1 / (1 + np.exp(back - LOG_Z)))
    assert abs(apart) < math.sqrt(math.log(2e6) / NUM_PASSES), f"the two means are {apart:.3f} apart"


def test_passes_in_both_directions_have_one_ratio():
    check_passes(SHIPPED)


@pytest.mark.parametrize("name", PASS_BUGS)
def test_planted_passes_are_caught(name, kills):
    with kills(name, error=AssertionError):
        check_passes(plant(PASS_BUGS[name]))


def test_bounds_straddle_the_truth_and_the_estimate_covers_it():
    """Of 200 repetitions of 100 passes, where 95 % straddle and 90 % cover, but for a chance of 1e-8."""
    groups = [each.reshape(REPETITIONS, -1) for each in log_weights(SHIPPED, NUM_PASSES)]
    found = [SHIPPED.bounds_of(jnp.asarray(a), jnp.asarray(b)) for a, b in zip(*groups, strict=True)]
    straddling = sum(bool(one.lower.value <= LOG_Z <= one.upper.value) for one in found)
    covered = sum(bool(one.log_evidence.low <= LOG_Z <= one.log_evidence.high) for one in found)
    assert straddling >= binom.ppf(1e-8, REPETITIONS, 0.95)
    assert covered >= binom.ppf(1e-8, REPETITIONS, 0.9)


def test_where_the_base_is_the_target_both_bounds_are_exact():
    path = Path(dist.Normal(3.0, 1.0), log_density)
    exact = 3.0 + jax.random.normal(fresh_key(), (8,))
    bounds = SHIPPED.bidirectional(fresh_key(), path, KERNEL, BETAS, exact)
    np.testing.assert_allclose([each.value for each in bounds], LOG_Z, rtol=1e-5)


def test_bad_input_is_told_so():
    for exact in (jnp.zeros(()), jnp.zeros((0,))):
        with pytest.raises(ValueError, match=r"give one draw as x\[None\]"):
            SHIPPED.bidirectional(fresh_key(), PATH, KERNEL, BETAS, exact)
    with pytest.raises(ValueError, match="does not lie above"):
        SHIPPED.bidirectional(fresh_key(), PATH, KERNEL, BETAS[::-1], jnp.zeros(3))
