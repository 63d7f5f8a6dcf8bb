"""Test where the trees of NUTS stop, against trees built in NumPy on a Gaussian of known trajectories.

Checks of invariance cannot see this: a tree that stops too early or too late, alike at both ends, is exact.
"""

import importlib
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.samplers import nuts
from jgen.targets import standard_gaussian
from tests.helpers.random_keys import fresh_key, fresh_rng

SHIPPED = importlib.import_module("jgen.samplers.mcmc.nuts")  # its function hides it in the package
DIM, STEP, MAX_DEPTH, NUM_CHAINS = 2, 0.3, 6, 20_000


def evaluations(module):
    """Return where a draw of two chains, of which one diverges at once, evaluates the density."""
    found = []

    def log_density(x):
        jax.debug.callback(lambda x: found.append(np.asarray(x)), x)
        return -(x**4) / 4

    def draw(key, step_size):
        sampler = module.nuts(log_density, step_size=step_size, max_depth=8)
        return sampler.step(key, sampler.init(key, jnp.float32(1.0)))[1].info

    keys = jax.random.split(jax.random.key(0), 2)
    info = jax.block_until_ready(jax.jit(jax.vmap(draw))(keys, jnp.array([0.001, 100.0])))
    jax.effects_barrier()
    assert info["diverging"].tolist() == [False, True]
    assert info["num_grads"][0] > 100
    return np.array(found)


def check_diverged_chain_stays(module):
    assert np.isfinite(evaluations(module)).all()


def selects_checkpoints(module):
    """Return whether a step of four chains copies the whole array of checkpoints to change one row."""
    sampler = module.nuts(standard_gaussian(DIM).log_density, max_depth=10)
    keys = jax.random.split(jax.random.key(0), 4)
    states = jax.vmap(sampler.init)(keys, jnp.zeros((4, DIM)))
    program = str(jax.make_jaxpr(jax.vmap(sampler.step))(keys, states))
    assert f"f32[4,10,2,{DIM}]" in program
    return f"f32[4,10,2,{DIM}] = select_n" in program


def check_checkpoints_are_written_in_place(module):
    """So they are as long as all chains of a batch write the same row."""
    assert not selects_checkpoints(module)


def turns(sums, momenta, rows, first, last):
    """The generalised criterion between two leaves of every chain, ``rows`` of them ``[chain]``."""
    n_first, n_last = momenta[rows, first], momenta[rows, last]
    inside = sums[rows, last + 1] - sums[rows, first] - (n_first + n_last) / 2
    return (np.sum(n_first * inside, -1) <= 0) | (np.sum(n_last * inside, -1) <= 0)


def numpy_trees(rng):
    """Depth and number of steps ``[chain]``: doublings to either side, every balanced subtree looked at.

    A leapfrog step on N(0, I) is a matrix, so all momenta a tree may meet are known beforehand.
    """
    size, rows = 2**MAX_DEPTH, np.arange(NUM_CHAINS)
    half_kick, drift = np.array([[1, 0], [-STEP / 2, 1]]), np.array([[1, STEP], [0, 1]])
    forth = half_kick @ drift @ half_kick
    powers = [np.linalg.matrix_power(forth, k) for k in range(1 - size, size)]
    phase = rng.normal(size=(2, NUM_CHAINS, DIM))  # position and momentum
    momenta = np.einsum("kj,jcd->ckd", np.stack(powers)[:, 1], phase)  # [chain, leaf, dim]
    sums = np.concatenate([np.zeros((NUM_CHAINS, 1, DIM)), momenta.cumsum(1)], 1)

    low = high = np.full(NUM_CHAINS, size - 1)  # the leaves at the ends of the tree
    depth, steps, is_growing = np.zeros(NUM_CHAINS, int), np.zeros(NUM_CHAINS, int), np.ones(NUM_CHAINS, bool)
    for level in range(MAX_DEPTH):
        width = 2**level
        up = rng.random(NUM_CHAINS) < 0.5
        near, way = np.where(up, high + 1, low - 1), np.where(up, 1, -1)
        broken_at = np.full(NUM_CHAINS, width + 1)  # steps into the new half
        for part in (2**k for k in range(1, level + 1)):
            for begin in range(0, width, part):
                a, b = near + way * begin, near + way * (begin + part - 1)
                turned = turns(sums, momenta, rows, np.minimum(a, b), np.maximum(a, b))
                broken_at = np.where(turned, np.minimum(broken_at, begin + part), broken_at)
        steps += np.where(is_growing, np.minimum(broken_at, width), 0)
        is_growing &= broken_at > width
        low = np.where(is_growing & ~up, low - width, low)
        high = np.where(is_growing & up, high + width, high)
        depth += is_growing
        is_growing &= ~turns(sums, momenta, rows, low, high)
    return depth, steps


def check_trees(module):
    """Both numbers have the same distribution: two samples, Dvoretzky-Kiefer-Wolfowitz at 1e-6 in all."""
    target = standard_gaussian(DIM)
    sampler = module.nuts(target.log_density, step_size=STEP, max_depth=MAX_DEPTH)
    position_key, keys = jax.random.split(fresh_key())
    position = jax.random.normal(position_key, (NUM_CHAINS, DIM))

    @jax.jit
    def grow(keys, position):
        def one(key, x):
            info = sampler.step(key, sampler.init(key, x))[1].info
            return info["tree_depth"], info["n_steps"]

        return jax.vmap(one)(keys, position)

    found = grow(jax.random.split(keys, NUM_CHAINS), position)
    threshold = math.sqrt(math.log(2 * 2 / 1e-6) / NUM_CHAINS)
    for ours, theirs in zip(map(np.asarray, found), numpy_trees(fresh_rng()), strict=True):
        cuts = np.arange(2**MAX_DEPTH)
        distance = np.abs((ours[:, None] <= cuts).mean(0) - (theirs[:, None] <= cuts).mean(0)).max()
        assert distance <= threshold, f"{distance:.3f} > {threshold:.3f}"


@pytest.mark.parametrize(
    "check", [check_trees, check_diverged_chain_stays, check_checkpoints_are_written_in_place]
)
def test_shipped_trees_pass(check):
    check(SHIPPED)


def test_a_tree_ends_at_its_depth():
    """Steps so short that nothing turns: every tree is full."""
    sampler = nuts(standard_gaussian(DIM).log_density, step_size=1e-4, max_depth=3)
    info = sampler.step(jax.random.key(8), sampler.init(jax.random.key(8), jnp.ones(DIM)))[1].info
    assert (int(info["tree_depth"]), int(info["num_grads"])) == (3, 7)
