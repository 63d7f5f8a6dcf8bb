"""Bidirectional Monte Carlo: both directions have one ratio of densities, and the bounds straddle."""

import importlib
import math
from contextlib import nullcontext
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial
from scipy.stats import binom

from jgen.samplers import AnnealingPath, annealing_path, cycle, ghmc, metropolis, thin
from jgen.types import DrawKind, Draws, Sampler
from tests.helpers.random_keys import fresh_key

SHIPPED = importlib.import_module("jgen.evaluation.evidence.bidirectional")  # its function hides it
BETAS = jnp.array([0.0, 0.2, 1.0])
LOG_Z = 0.5 * math.log(2 * math.pi)
KERNEL = Partial(metropolis, step_size=1.5)
NUM_PASSES, REPETITIONS = 20_000, 200


def log_density(x):
    """N(3, 1) without its constant."""
    return -0.5 * (x - 3.0) ** 2


PATH = AnnealingPath(dist.Normal(0.0, 2.0), log_density)


def exact_draws():
    return 3.0 + jax.random.normal(fresh_key(), (NUM_PASSES,))


def log_weights(module, path=PATH, kernel=KERNEL, exact=None, num_steps=5):
    """Of passes to the target, and minus those of passes from it ``[pass]``."""
    exact = exact_draws() if exact is None else exact
    bound = annealing_path.check_path(path), annealing_path.bind_kernel(kernel), BETAS, jnp.int32(num_steps)
    return [np.asarray(one, np.float64) for one in module._passes(*bound, fresh_key(), exact)]


def check_passes(module, **options):
    r"""With l = log w, :math:`E_F[\sigma(l - \log Z)] = E_R[\sigma(\log Z - l)]` exactly (Crooks 1999), for
    any annealing by reversible kernels. Both are means of n numbers in [0, 1]: by Hoeffding's inequality
    they are within sqrt(log(2 / a) / n) of each other, but for a probability a = 1e-6."""
    assert_one_ratio(*log_weights(module, **options), LOG_Z)


def assert_one_ratio(forward, back, log_z):
    """Crooks's equality of two means."""
    apart = np.mean(1 / (1 + np.exp(log_z - forward))) - np.mean(1 / (1 + np.exp(back - log_z)))
    assert abs(apart) < math.sqrt(math.log(2e6) / NUM_PASSES), f"the two means are {apart:.3f} apart"


def test_passes_in_both_directions_have_one_ratio():
    check_passes(SHIPPED)


@pytest.mark.slow
@pytest.mark.parametrize("num_steps", [1, 4])
def test_a_momentum_that_is_redrawn_at_each_temperature_has_one_ratio_too(num_steps):
    """``ghmc`` draw by draw is not reversible; from a fresh momentum and slice any number of draws is."""
    check_passes(SHIPPED, kernel=Partial(ghmc, step_size=1.5, damping=0.2), num_steps=num_steps)


class PositionState(NamedTuple):
    position: jax.Array


def init_position(key, position):  # noqa: ARG001
    return PositionState(position)


def redraw(log_density, pair, key, state):
    """Draw one of a pair of states by its probability, if the chain is in either."""
    log_odds = log_density(pair[1]) - log_density(pair[0])
    chosen = pair[jax.random.bernoulli(key, jax.nn.sigmoid(log_odds)).astype(int)]
    position = jnp.where(jnp.any(state.position == pair), chosen, state.position)
    info = {"num_grads": jnp.int32(0), "num_log_densities": jnp.int32(2)}
    return PositionState(position), Draws(position, info, None, DrawKind.MARKOV)


def pairwise(pairs, log_density):
    """Redraw each pair in turn: reversible one by one."""
    steps = [Partial(redraw, log_density, jnp.array(pair)) for pair in pairs]
    return cycle(*(Sampler(Partial(init_position), step) for step in steps))


TABLE, BASE = jnp.array([-11.0, 3.5, -1.5]), np.array([0.78, 0.02, 0.2], np.float32)
THREE = AnnealingPath(dist.Categorical(BASE), Partial(jnp.take, TABLE))
THREE_LOG_Z = float(np.log(np.exp(np.float64(TABLE)).sum()))
ORDER = ((1, 2), (0, 1))


def three_draws(num_passes):
    return jax.random.categorical(fresh_key(), TABLE, shape=(num_passes,))


@pytest.mark.slow
def test_a_cycle_of_kernels_has_bounds_and_not_one_ratio():
    """The moves in one order break Crooks's equality: by a sum over all passes the two means are 0.124 apart,
    which pass Hoeffding's inequality with probability 1e-80. Jensen's inequalities hold (6 standard errors).
    There and back again, which is reversible, there is one ratio."""
    for pairs in (ORDER, (*ORDER, *ORDER[::-1])):
        kernel, exact = Partial(pairwise, pairs), three_draws(NUM_PASSES)
        forward, back = log_weights(SHIPPED, THREE, kernel, exact, num_steps=1)
        slack = 6 / math.sqrt(NUM_PASSES)
        assert forward.mean() - slack * forward.std() < THREE_LOG_Z < back.mean() + slack * back.std()
        with pytest.raises(AssertionError, match="apart") if pairs is ORDER else nullcontext():
            assert_one_ratio(forward, back, THREE_LOG_Z)
    bounds = SHIPPED.bidirectional(fresh_key(), THREE, kernel, BETAS, exact, reversible=False)
    assert bounds.log_evidence is None
    assert bounds.lower.value < bounds.upper.value


def thinned(log_density):
    return thin(pairwise(ORDER, log_density), 2)


@pytest.mark.parametrize("kernel", [Partial(pairwise, ORDER), thinned])
def test_a_cycle_is_refused_as_reversible(kernel):
    with pytest.raises(ValueError, match="pass reversible=False for the bounds alone"):
        SHIPPED.bidirectional(fresh_key(), THREE, kernel, BETAS, three_draws(8))


def test_bounds_straddle_the_truth_and_the_estimate_covers_it():
    """Of 200 repetitions of 100 passes, where 95 % straddle and 90 % cover, but for a probability of 1e-8."""
    groups = [each.reshape(REPETITIONS, -1) for each in log_weights(SHIPPED)]
    found = [SHIPPED.bounds_of(jnp.asarray(a), jnp.asarray(b)) for a, b in zip(*groups, strict=True)]
    straddling = sum(bool(one.lower.value <= LOG_Z <= one.upper.value) for one in found)
    covered = sum(bool(one.log_evidence.low <= LOG_Z <= one.log_evidence.high) for one in found)
    assert straddling >= binom.ppf(1e-8, REPETITIONS, 0.95)
    assert covered >= binom.ppf(1e-8, REPETITIONS, 0.9)


def test_where_the_base_is_the_target_both_bounds_are_exact():
    path = AnnealingPath(dist.Normal(3.0, 1.0), log_density)
    # It shares its program with others.
    bounds = SHIPPED.bidirectional(fresh_key(), path, KERNEL, BETAS, exact_draws(), num_steps=5)
    np.testing.assert_allclose([each.value for each in bounds], LOG_Z, rtol=1e-5)


def test_wrong_input_is_refused():
    for exact in (jnp.zeros(()), jnp.zeros((0,))):
        with pytest.raises(ValueError, match=r"give one draw as x\[None\]"):
            SHIPPED.bidirectional(fresh_key(), PATH, KERNEL, BETAS, exact)
