"""Test quantiles of a sketch against the stored draws and their distribution."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial

from jgen.sampling.reducers import quantiles
from tests.helpers.marking import first_of_each
from tests.helpers.random_keys import fresh_key
from tests.helpers.reducer_folds import markov, run, weighted

PROBS = (0.001, 0.05, 0.3, 0.5, 0.9, 0.999)
FALSE_ALARM = 1e-7
SMALL, SEVERAL_LEVELS, NUM_GRID = 32, 13_000, 2000


def deviations(num_queries):
    """Return t with num_queries 2 exp(-t^2 / 2) below the false-alarm rate."""
    return math.sqrt(2 * math.log(2 * num_queries / FALSE_ALARM))


def ranks(found, stored):
    """Compute the fractions of the stored draws ``[draw, dim]`` at or below ``found [prob, dim]``."""
    return np.stack([(stored <= each).mean(0) for each in found])


@pytest.mark.parametrize(("num_draws", "num_chains"), [(7, 3), (16, 4), (1, 64)])
def test_few_draws_have_exact_quantiles(num_draws, num_chains):
    """Up to one batch nothing is dropped: the smallest draw with a fraction p at or below it."""
    check_exact(quantiles, jax.random.normal(fresh_key(), (num_draws, num_chains, 2)))


def check_exact(make, value):
    result = run(make(PROBS, size=64), markov(value))
    assert result.rank_error == 0
    stored = np.sort(np.asarray(value).reshape(-1, 2), axis=0)
    place = np.ceil(np.float32(PROBS) * np.float32(len(stored))).astype(int) - 1
    np.testing.assert_array_equal(result.value, stored[place])


def check_errors(reducer, value, cdf):
    """Check by Hoeffding against the stored draws, by Dvoretzky, Kiefer and Wolfowitz against their CDF."""
    num_draws, num_chains, dim = value.shape
    result = run(reducer, markov(value))
    size = num_draws * num_chains
    stored, found = np.asarray(value).reshape(-1, dim), np.asarray(result.value)
    sketched = deviations(found.size) * float(result.rank_error) + 1 / size
    wanted = np.array(PROBS)[:, None]
    assert (np.abs(ranks(found, stored) - wanted) <= sketched).all()
    sampled = math.sqrt(math.log(2 * dim / FALSE_ALARM) / 2 / size)
    assert (np.abs(cdf(found) - wanted) <= sketched + sampled).all()
    return float(result.rank_error)


@pytest.mark.parametrize("shape", first_of_each([(4001, 33), (30_000, 4), (300, 1000)]))
def test_long_runs_have_the_stated_error(shape):
    """Check Cauchy draws, whose range is not known in advance: fewer chains than rows, and more."""
    value = jax.random.cauchy(fresh_key(), (*shape, 3))
    error = check_errors(quantiles(PROBS, size=256), value, lambda x: 0.5 + np.arctan(x) / np.pi)
    assert 0 < error < 0.75 / 256


def check_repeats(make, num_chains, in_order, num_repeats=256):
    """Check the fraction of draws below fixed points, over many keys of the coins.

    Each is wrong by no more than the bound of one, and their mean by no more than that of a mean: ranks are
    unbiased. In rising order each level holds another part of the draws; in none, all batches are alike.
    """
    grid = (np.arange(NUM_GRID) + 0.5) / NUM_GRID
    reducer = make(grid, size=SMALL)
    value = jax.random.uniform(fresh_key(), (SEVERAL_LEVELS,))
    points = np.sort(value)[(np.array(PROBS) * SEVERAL_LEVELS).astype(int)]
    truth = (np.asarray(value)[:, None] <= points).mean(0)  # [point]
    value = (jnp.sort(value) if in_order else value).reshape(-1, num_chains)

    def once(key):
        result = run(reducer._replace(update=Partial(reducer.update.func, key)), markov(value))
        return (result.value[:, None] <= points[None]).mean(0), result.rank_error

    found, stated = jax.jit(jax.vmap(once))(jax.random.split(fresh_key(), num_repeats))
    errors, stated = np.asarray(found) - truth, float(stated[0])
    assert (np.abs(errors) <= deviations(errors.size) * stated + 1 / NUM_GRID).all()
    bound = deviations(len(PROBS)) * stated / math.sqrt(num_repeats)
    assert (np.abs(errors.mean(0)) <= bound + 1 / NUM_GRID).all()


@pytest.mark.parametrize(
    ("num_chains", "in_order"), [(200, False), pytest.param(1, True, marks=pytest.mark.slow)]
)
def test_ranks_are_unbiased(num_chains, in_order):
    check_repeats(quantiles, num_chains, in_order)


def check_sketch(module):
    """Check few draws exactly, and repeated sketches of many draws."""
    check_exact(module.quantiles, jax.random.normal(fresh_key(), (7, 3, 2)))
    check_repeats(module.quantiles, 200, in_order=False)
    check_repeats(module.quantiles, 1, in_order=True)


def test_any_value_and_nan():
    """A pytree of any event shapes, integers, and a NaN in one coordinate of one chain."""
    value = {"a": np.arange(300).reshape(100, 3), "b": np.arange(1200.0).reshape(100, 3, 2, 2)}
    value["b"][40, 1, 0, 1] = np.nan
    result = run(quantiles((0.5, 0.25), size=512), markov(value))
    np.testing.assert_array_equal(result.value["a"], [149, 74])
    np.testing.assert_array_equal(np.isnan(result.value["b"]), [[[False, True], [False, False]]] * 2)


def test_invalid_options_raise():
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        quantiles((0.0, 0.5))
    with pytest.raises(ValueError, match="even, got 5"):
        quantiles(size=5)
    with pytest.raises(ValueError, match="weighted"):
        run(quantiles(), weighted(jnp.zeros((4, 2)), jnp.zeros((4, 2))))
