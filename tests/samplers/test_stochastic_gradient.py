"""Densities seen through a batch of their data: right on average, and their noise is the known one."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.samplers import minibatch, sghmc, sgld, stochastic_gradient
from jgen.samplers.unadjusted.sghmc import biased_variance as sghmc_variance
from jgen.samplers.unadjusted.sgld import biased_variance as sgld_variance
from jgen.sampling.driver import sample
from jgen.testing import count_compilations
from tests.helpers.end_variance import Z, end_variance
from tests.helpers.random_keys import fresh_key
from tests.mutants.kernels import plant
from tests.mutants.unadjusted import MINIBATCH_BUGS

KEY = jax.random.key(12)


def log_prior(x):
    return -0.5 * jnp.sum((x / 2.0) ** 2)


def log_likelihood(x, datum):
    return jax.nn.log_sigmoid(datum["y"] * (x @ datum["x"]))


def enumerated_batches(base, x64):
    """Value and gradient, averaged over all batches of two of four data, and those of all data."""
    del x64
    data = {
        "x": jnp.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.0], [-1.0, 1.0]]),
        "y": jnp.array([1.0, -1, -1, 1]),
    }
    position = jnp.array([0.3, -0.7])

    def whole(x):
        return log_prior(x) + sum(
            log_likelihood(x, jax.tree.map(lambda leaf, i=i: leaf[i], data)) for i in range(4)
        )

    batches = jnp.array(list(itertools.product(range(4), repeat=2)))
    values, gradients = jax.vmap(
        lambda indices: jax.value_and_grad(
            lambda x: base.batch_estimate(log_prior, log_likelihood, data, indices, x)
        )(position)
    )(batches)
    return (values.mean(), gradients.mean(0)), jax.value_and_grad(whole)(position)


def test_the_mean_over_all_batches_is_the_whole(x64):
    found, truth = enumerated_batches(stochastic_gradient, x64)
    np.testing.assert_allclose(found[0], truth[0], rtol=1e-13)
    np.testing.assert_allclose(found[1], truth[1], rtol=1e-13)


@pytest.mark.parametrize("name", ["likelihood not scaled by N / B", "prior scaled too"])
def test_a_biased_minibatch_is_seen(name, x64, kills):
    found, truth = enumerated_batches(plant(MINIBATCH_BUGS[name]), x64)
    for part in (0, 1):
        with kills(f"minibatch, {name}", error=AssertionError):
            np.testing.assert_allclose(found[part], truth[part], rtol=1e-13)


def datum_itself(x, datum):
    return datum + 0.0 * x


def nothing(x):
    return 0.0 * x


def batch_means(base):
    """Means over batches of three of the data 0 .. 4, and their known mean and deviation."""
    estimate = base.minibatch(nothing, datum_itself, jnp.arange(5.0), batch_size=3)
    keys = jax.random.split(fresh_key(), 10_000)
    return np.asarray(jax.vmap(lambda key: estimate(key, 0.0))(keys), np.float64) / 5, 2.0, np.sqrt(2.0 / 3)


def test_every_datum_is_drawn_as_often(kills):
    found, mean, deviation = batch_means(stochastic_gradient)
    assert abs(found.mean() - mean) < Z * deviation / np.sqrt(found.size)
    assert abs((found - mean).var() / deviation**2 - 1) < Z * np.sqrt(
        2 / found.size
    )  # tails below Gaussian's
    name = "a batch of the first data only"
    wrong = batch_means(plant(MINIBATCH_BUGS[name]))[0]
    with kills(f"minibatch, {name}", error=AssertionError):
        assert abs(wrong.mean() - mean) < Z * deviation / np.sqrt(wrong.size)


DATA = jnp.linspace(-1.0, 4.0, 20) ** 2 / 4


def location(x, y):
    return -0.5 * (x - y) ** 2 / 9.0


def flat(x):
    return -0.5 * x**2 / 25.0


@pytest.mark.parametrize("name", ["sgld", pytest.param("sghmc", marks=pytest.mark.slow)])
def test_on_real_batches_the_variance_is_the_known_one(name):
    """A Gaussian's mean from 20 data, 4 at a time: the noise of its gradient is N^2 / B Var(y) / 81."""
    estimate = minibatch(flat, location, DATA, batch_size=4)
    posterior = 1 / (1 / 25 + 20 / 9)
    mean = posterior * float(DATA.sum()) / 9
    noise = 20**2 / 4 * float(jnp.var(DATA)) / 81
    if name == "sgld":
        sampler, known = sgld(estimate, step_size=0.6), sgld_variance(0.6, noise, posterior)
    else:
        sampler = sghmc(estimate, step_size=0.4, friction=0.3, gradient_variance=0.5 * noise)
        known = sghmc_variance(0.4, 0.3, noise, 0.5 * noise, posterior)
    found, error, run = end_variance(sampler, mean, 200)
    assert abs(found - known) < Z * error
    assert known > posterior + 1.5 * Z * error  # so that the bias is seen
    assert run.cost.num_grads == 4000 * 200  # one a batch


def quartic(x, y):
    return -((x - y) ** 4)


def broken(x, y):
    return jnp.where(y > 3.9, jnp.nan, -0.5 * (x - y) ** 2)


@pytest.mark.parametrize("make", [sghmc, pytest.param(sgld, marks=pytest.mark.slow)])
@pytest.mark.parametrize("likelihood", [quartic, broken])
def test_a_gradient_that_bursts_is_flagged_and_never_spreads(make, likelihood):
    """Steps too long for a quartic throw the chain out further each time, until the gradient overflows."""
    sampler = make(minibatch(flat, likelihood, DATA, batch_size=4), step_size=0.9)
    start = jax.vmap(sampler.init, (0, None))(jax.random.split(KEY, 64), 0.0)
    start = jax.tree.map(
        lambda leaf: leaf[jnp.isfinite(start.log_density)], start
    )  # as the driver refuses them
    end, draws = jax.lax.scan(
        lambda state, key: jax.vmap(sampler.step)(jax.random.split(key, len(state.log_density)), state),
        start,
        jax.random.split(KEY, 30),
    )
    assert all(np.isfinite(leaf).all() for leaf in (draws.value, end.gradient, end.log_density))
    assert draws.info["diverging"].any(axis=0).all()  # [chain]


def test_other_data_and_options_compile_nothing():
    def run(data, step_size):
        estimate = minibatch(flat, location, data, batch_size=4)
        return sample(KEY, sghmc(estimate, step_size=step_size), num_draws=2, position=jnp.zeros(4))

    run(DATA, 0.1)
    other = DATA + 1.0
    with count_compilations() as compiled:
        run(other, 0.2)
    assert compiled == []


BAD = {
    "no batch": (lambda: minibatch(flat, location, DATA, batch_size=0), "between 1 and the 20 data"),
    "too large a batch": (
        lambda: minibatch(flat, location, DATA, batch_size=21),
        "between 1 and the 20 data",
    ),
    "ragged data": (
        lambda: minibatch(flat, location, (DATA, DATA[1:]), batch_size=2),
        "must share their first axis",
    ),
    "one number as data": (
        lambda: minibatch(flat, location, 3.0, batch_size=1),
        "must share their first axis",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told_so(name):
    call, message = BAD[name]
    with pytest.raises(ValueError, match=message):
        call()
