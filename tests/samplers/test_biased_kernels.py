"""Unadjusted and stochastic samplers: their bias is exactly what they say it is."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from chance import fresh_key
from jax.tree_util import Partial
from planted import plant
from planted_biased_kernels import ENERGY_ERROR_BUGS, MINIBATCH_BUGS, SURVIVAL_BUGS, VARIANCE_BUGS

from jgen.laws import LawBroken, adjusted, bias, invariance, survival
from jgen.samplers import langevin, mala, mclmc, minibatch, sghmc, sgld, stochastic_base
from jgen.samplers.langevin import biased_variance as langevin_variance
from jgen.samplers.sghmc import biased_variance as sghmc_variance
from jgen.samplers.sgld import biased_variance as sgld_variance
from jgen.sampling import sample
from jgen.summary import summary
from jgen.targets import banana, standard_gaussian
from jgen.testing import check_sampler, count_compilations
from jgen.transforms import cycle, thin
from jgen.types import Law

KEY = jax.random.key(12)
Z = 6.0  # two-sided normal tail 2e-9


def gaussian(x):
    return -0.5 * jnp.sum(x**2)


def aim(module):
    return lambda target, scale: module.recipe(target, scale).sampler


def state(module):
    return lambda scale: module.recipe(standard_gaussian(2), scale).biased_variance


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow) for name in ENERGY_ERROR_BUGS])
def test_bugs_are_seen_in_the_energy_error(name, kills):
    with kills(name, match="does not leave"):
        invariance(adjusted(aim(plant(ENERGY_ERROR_BUGS[name]))), standard_gaussian(2), fresh_key())


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow) for name in VARIANCE_BUGS])
def test_bugs_are_seen_in_the_variance(name, kills):
    module = plant(VARIANCE_BUGS[name])
    with kills(f"{name}, by its variance", match="the variance on a standard Gaussian comes out"):
        bias(aim(module), banana(), fresh_key(), biased_variance=state(module), scales=(1.0,))


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow) for name in SURVIVAL_BUGS])
def test_a_nan_that_is_followed_is_seen(name, kills):
    with kills(name):
        survival(aim(plant(SURVIVAL_BUGS[name])), banana(), KEY)


def normal(variance, x):
    """N(3, variance)."""
    return -0.5 * jnp.sum((x - 3.0) ** 2) / variance


def tilted(log_density, deviation, key, x):
    """A log density whose gradient has Gaussian noise."""
    return log_density(x) + deviation * jnp.sum(jax.random.normal(key, jnp.shape(x)) * x)


def tilted_normal(variance, deviation):
    return Partial(tilted, Partial(normal, variance), deviation)


def end_variance(sampler, mean, num_steps):
    """Mean square about the mean at the ends of 4000 independent chains, and its standard error."""
    position = jnp.full(4000, mean)
    run = sample(fresh_key(), thin(sampler, num_steps), num_chains=4000, num_draws=1, position=position)
    squares = (run.draws.value[:, 0].astype(np.float64) - mean) ** 2
    return squares.mean(), squares.std() / np.sqrt(4000), run


KNOWN = {
    # Unadjusted Langevin with e = step_size^2 / 2 on N(m, s^2): s^2 / (1 - e / (2 s^2)).
    "langevin": (lambda: langevin(Partial(normal, 4.0), step_size=2.4), 4.0, 4 / (1 - 2.88 / 8)),
    "sgld": (lambda: sgld(tilted_normal(4.0, 0.7), step_size=1.6), 4.0, sgld_variance(1.6, 0.49, 4.0)),
    "sghmc": (
        lambda: sghmc(tilted_normal(4.0, 0.7), step_size=1.6, friction=0.8, gradient_variance=0.2),
        4.0,
        sghmc_variance(1.6, 0.8, 0.49, 0.2, 4.0),
    ),
    # Unadjusted leapfrogs on N(m, 1): 1 / (1 - e^2 / 4); so little friction adds half a percent.
    "leapfrog": (
        lambda: sghmc(tilted_normal(1.0, 0.0), step_size=1.0, friction=0.02),
        1.0,
        1 / (1 - 1 / 4),
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_on_a_gaussian_the_variance_is_the_known_one(name):
    make, variance, known = KNOWN[name]
    found, error, _ = end_variance(make(), 3.0, 400)
    assert abs(found - known) < Z * error
    assert known > variance + 1.5 * Z * error  # so that a kernel without bias would fail


def test_closed_forms_agree():
    """Without noise SGLD is Langevin; without friction SGHMC is the leapfrog, 1 / (1 - e^2 / 4)."""
    assert langevin_variance(0.8, 2.0) == sgld_variance(0.8, 0.0, 2.0) == pytest.approx(2 / (1 - 0.64 / 8))
    assert sghmc_variance(0.8, 1e-9) == pytest.approx(1 / (1 - 0.64 / 4))
    # With friction 1 a step is Langevin's with e = step_size^2, hence a step size sqrt(2) times as long.
    assert sghmc_variance(0.8, 1.0, 0.3) == pytest.approx(sgld_variance(0.8 * 2**0.5, 0.3))


@pytest.mark.slow
def test_in_many_dimensions_mclmc_has_a_known_bias():
    r"""At unit speed per dimension, r = |x| / sqrt(d) solves r tanh(e r / 2) = e / 2 as d grows.

    In equilibrium a drift of length e sqrt(d) leaves |x| as it was, so half-way x and u meet at
    2 x.u = -e per dimension, and the half turn before it, of rapidity e r / 2 from x.u = 0, makes
    x.u = -r tanh(e r / 2). What is left out is of order 1 / d; it is below 10 / d at d = 10, 100 and 300.
    """
    dim, num_chains, step_size = 2000, 200, 1.2
    sampler = thin(mclmc(gaussian, step_size=step_size), 60)
    start = jax.random.normal(fresh_key(), (num_chains, dim))
    draws = sample(fresh_key(), sampler, num_chains=num_chains, num_draws=1, position=start).draws
    found = (draws.value[:, 0].astype(np.float64) ** 2).mean(axis=1)  # [chain]
    radius = 1.0
    for _ in range(100):  # a contraction: r <- e / (2 tanh(e r / 2)) to the power 1/2 of r times it
        radius = np.sqrt(radius * 0.5 * step_size / np.tanh(0.5 * step_size * radius))
    assert radius * np.tanh(0.5 * step_size * radius) == pytest.approx(0.5 * step_size)
    assert radius**2 > 1.1  # so that an unbiased kernel would fail
    assert abs(found.mean() - radius**2) < Z * found.std() / np.sqrt(num_chains) + 10 / dim


def test_the_energy_error_is_what_mala_decides_by(x64):
    """One step from one place by the same noise: min(1, exp(-energy error)) is its acceptance rate."""
    target, position = banana(), jnp.array([3.0, 1.0])
    options = {"step_size": 0.3, "inverse_mass_matrix": target.variance}
    ours, theirs = langevin(target.log_density, **options), mala(target.log_density, **options)
    noise_key = jax.random.split(KEY)[0]
    error = ours.step(noise_key, ours.init(KEY, position))[1].info["energy_error"]
    rate = theirs.step(KEY, theirs.init(KEY, position))[1].info["acceptance_rate"]
    np.testing.assert_allclose(np.exp(np.minimum(-error, 0)), rate, rtol=1e-9)
    del x64


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
    found, truth = enumerated_batches(stochastic_base, x64)
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
    found, mean, deviation = batch_means(stochastic_base)
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


def test_biased_draws_are_called_so():
    position = jnp.zeros((4, 2))
    run = sample(KEY, langevin(gaussian), num_draws=20, num_chains=4, position=position)
    assert run.draws.law is Law.BIASED
    assert "biased draws" in str(summary(run.draws))
    mixed = sample(KEY, cycle(langevin(gaussian), mala(gaussian)), num_draws=1, position=position)
    assert mixed.draws.law is Law.BIASED
    with pytest.raises(ValueError, match="these draws are biased"):
        invariance(
            lambda t, s: langevin(t.log_density, step_size=s), standard_gaussian(2), KEY, scales=(1.0,)
        )


def test_a_biased_sampler_that_says_nothing_is_refused():
    def make(target, scale):
        return sgld(Partial(tilted, target.log_density, 0.0), step_size=scale)

    with pytest.raises(LawBroken, match="nothing says by how much"):
        check_sampler(make, standard_gaussian(1))
    with pytest.raises(ValueError, match="needs info"):
        invariance(adjusted(make), standard_gaussian(1), KEY)


@pytest.mark.slow
def test_a_bias_denied_is_seen():
    def make(target, scale):
        return langevin(target.log_density, step_size=scale)

    with pytest.raises(LawBroken, match=r"the kernel states 1\.0000"):
        bias(make, standard_gaussian(2), fresh_key(), biased_variance=lambda scale: 1.0)  # noqa: ARG005


def test_other_data_and_options_compile_nothing():
    def run(data, step_size):
        estimate = minibatch(flat, location, data, batch_size=4)
        return sample(KEY, sghmc(estimate, step_size=step_size), num_draws=2, position=jnp.zeros(4))

    run(DATA, 0.1)
    other = DATA + 1.0
    with count_compilations() as compiled:
        run(other, 0.2)
    assert compiled == []


@pytest.mark.parametrize("make", [langevin, mclmc, sgld, sghmc])
def test_float32_positions_meet_float64_data(make, x64):
    data = jnp.array([1.0, 2.0], jnp.float64)

    def log_density(*arguments):
        return -jnp.sum((arguments[-1] - data) ** 2)

    sampler = make(log_density)
    before = sampler.init(KEY, jnp.zeros(2, jnp.float32))
    after, draws = sampler.step(KEY, before)
    assert [leaf.dtype for leaf in jax.tree.leaves(after)] == [leaf.dtype for leaf in jax.tree.leaves(before)]
    assert (after.position.dtype, after.log_density.dtype) == (jnp.float32, jnp.float64)
    del x64, draws


BAD = {
    "no friction": (lambda: sghmc(tilted, friction=0.0), "friction is the share"),
    "too much friction": (lambda: sghmc(tilted, friction=1.5), "friction is the share"),
    "a negative variance": (lambda: sghmc(tilted, gradient_variance=-1.0), "must be at least 0"),
    "more heat than friction": (
        lambda: sghmc(tilted, step_size=1.0, friction=0.1, gradient_variance=1.0),
        "larger batches or more friction",
    ),
    "no time": (lambda: mclmc(gaussian, decoherence_time=0.0), "decoherence_time must be positive"),
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
    "a vector of estimates": (
        lambda: sgld(lambda key, x: x).init(KEY, jnp.zeros(2)),  # noqa: ARG005
        "must be a scalar",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told_so(name):
    call, message = BAD[name]
    with pytest.raises((ValueError, TypeError), match=message):
        call()
