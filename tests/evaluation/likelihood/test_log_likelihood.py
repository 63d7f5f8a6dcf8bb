"""Check bounds on log p(x) against closed forms: linear decoders, mixtures, strings, and their sizes."""

import itertools
import math

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import optax
import pytest
from jax.tree_util import Partial

from jgen.data import load
from jgen.decoders import RNN
from jgen.evaluation import compare, log_likelihood, mean_result
from jgen.evaluation.likelihood import decoder_model, importance
from jgen.evaluation.likelihood.bounds import above_exact
from jgen.evaluation.likelihood.exact import exact_log_prob
from jgen.models import (
    Network,
    autoencoder,
    autoregressive_model,
    bits_per_dimension,
    gan,
    gaussian_mixture,
    linear_log_prob,
    linear_vae,
    ppca,
)
from jgen.objectives import dreg, elbo, iwae, renyi
from tests.helpers.false_alarms import z_of
from tests.helpers.linear_gaussian import BLIND, LINEAR, data, exact_params, inexact_params, posterior_gap
from tests.helpers.model_parts import nothing
from tests.helpers.random_keys import fresh_key

SMALL = {"num_particles": 8, "num_chains": 2, "num_temperatures": 4, "num_leapfrogs": 2, "num_simulated": 4}
Z = z_of(20)


def exact_of(params, x):
    with jax.enable_x64(True):
        return np.asarray(linear_log_prob(jax.tree.map(jnp.asarray, params), jnp.asarray(x)))


def simulated(params, size, seed=3):
    """Draw examples of the model in NumPy."""
    rng, part = np.random.default_rng(seed), params["decoder"]
    z = rng.normal(size=(size, part["weight"].shape[1]))
    return (
        z @ part["weight"].T
        + part["bias"]
        + np.exp(part["log_scale"]) * rng.normal(size=(size, len(part["bias"])))
    )


def below(bound, exact):
    """Return the mean of bound minus exact, and its standard error."""
    away = bound - exact
    return away.mean(), away.std(ddof=1) / math.sqrt(len(away))


def check_importance(module):
    r"""Under an inexact encoder E[w] = p(x) and :math:`E[\log w] = \log p(x) - KL(q, p)`, both exactly.

    The mean of w / p(x) - 1 and of log w - log p(x) + KL are normal within 5 sd over 4,000 examples, and the
    bound of 8 particles lies above that of one, and 5 errors at most above log p(x).
    """
    params, x = inexact_params(), np.repeat(data(4), 1000, axis=0)
    with jax.enable_x64(True):
        given = decoder_model.decoder_model(LINEAR, params, None, "float64")
        index = jnp.arange(len(x))
        found = module.weight_statistics(
            given, jnp.asarray(x), index, fresh_key(), num_particles=8, chunk_size=3
        )
        found = jax.device_get(found)
    exact, gap = exact_of(params, x), posterior_gap(params, x)
    for values in (found.mean - exact + gap, np.exp(found.log_mean - exact) - 1):
        assert abs(values.mean()) < Z * values.std() / math.sqrt(len(x)), "a bound has the wrong expectation"
    excess, error = below(found.log_mean, exact)
    assert excess < Z * error, "a bound lies above the exact log p(x)"
    assert (found.log_mean - found.mean >= 0).all()


def test_expected_bounds_are_exact():
    check_importance(importance)


def check_batches(module):
    """A value depends on its example, its number and the key alone."""
    params, x = inexact_params(), data(5)

    def values(**options):
        with jax.enable_x64(True):
            given = decoder_model.decoder_model(LINEAR, params, None, "float64")
            run = lambda x, index: module.weight_statistics(  # noqa: E731
                given, x, index, jax.random.key(1), num_particles=6, chunk_size=options.get("chunk_size", 6)
            )
            return decoder_model.over_batches(run, jnp.asarray(x), options.get("batch_size", 5), 0).log_mean

    whole = values()
    for options in ({"batch_size": 2}, {"batch_size": 3, "chunk_size": 4}):
        np.testing.assert_allclose(values(**options), whole, rtol=1e-9, err_msg="it changes with the batch")


def test_values_do_not_change_with_the_batch():
    check_batches(importance)


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_no_method_changes_with_the_batch_or_with_other_methods():
    params, x = inexact_params(), data(5)
    whole = log_likelihood(jax.random.key(0), LINEAR, params, x, **SMALL)
    parts = log_likelihood(jax.random.key(0), LINEAR, params, x, **SMALL, batch_size=3, chunk_size=5)
    for name in ("elbo", "iwae", "ais", "exact"):
        one, two = getattr(whole, name), getattr(parts, name)
        np.testing.assert_allclose(one.values, two.values, rtol=1e-9)
        np.testing.assert_allclose(one.errors, two.errors, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(whole.bdmc.upper_values, parts.bdmc.upper_values, rtol=1e-9)
    alone = log_likelihood(jax.random.key(0), LINEAR, params, x[3:], ["ais"], **SMALL, first_index=3)
    np.testing.assert_allclose(alone.ais.values, whole.ais.values[3:], rtol=1e-9)
    assert alone.iwae is None


@pytest.mark.slow
def test_linear_decoder_of_64_numbers_is_enclosed_and_the_gap_is_small():
    """The bounds of KNOWN_ANSWERS: the encoder factorises, the posterior does not; T = 100."""
    rng = np.random.default_rng(0)
    weight, scale = 0.3 * rng.normal(size=(64, 10)), 0.5
    precision = np.eye(10) + weight.T @ weight / scale**2
    to_mean = np.linalg.solve(precision, weight.T) / scale**2
    encoder = {"weight": to_mean, "bias": np.zeros(10), "log_scale": -np.log(np.diag(precision)) / 2}
    decoder = {"weight": weight, "bias": np.zeros(64), "log_scale": np.log(scale)}
    params, model = {"prior": {}, "decoder": decoder, "encoder": encoder}, linear_vae(64, 10)
    x = simulated(params, 512)
    options = {"num_temperatures": 100, "num_leapfrogs": 5, "num_chains": 2, "num_simulated": 512}
    found = log_likelihood(fresh_key(), model, params, x, num_particles=64, batch_size=512, **options)
    exact = found.exact.values
    np.testing.assert_allclose(exact, exact_of(params, x), rtol=1e-12)
    for bound in (found.elbo, found.iwae, found.ais):
        excess, error = below(bound.values, exact)
        assert excess < Z * error
    kl = (np.log(np.diag(precision)).sum() - np.linalg.slogdet(precision)[1]) / 2  # of q from the posterior
    excess, error = below(found.elbo.values, exact)
    assert abs(excess + kl) < Z * error
    truth = exact_of(params, found.bdmc.x)
    low, low_error = below(found.bdmc.lower_values, truth)
    high, high_error = below(found.bdmc.upper_values, truth)
    assert low < Z * low_error
    assert high > -Z * high_error
    assert found.bdmc.gap.value < 0.02 + Z * float(found.bdmc.gap.standard_error)
    assert float(found.bdmc.gap.standard_error) < 0.01
    assert abs(below(found.ais.values, exact)[0]) < 0.02 + Z * below(found.ais.values, exact)[1]
    assert 0.5 < found.ais.acceptance_rate.mean() < 1
    assert found.ais.mean.flags == ()
    assert (found.ais.num_grads == 2 * 100 * 6).all()
    assert found.ais.mean.protocol["start"] == "encoder"
    assert found.ais.mean.protocol["dtype"] == "float64"


def test_iwae_rises_with_the_number_of_particles():
    r"""By paired differences of 4,000 examples with the same key, so the same first draws.

    With var(w) = 1.2 the bounds lie about var / 2K below log p(x): a rise of .1 from K = 4 to 16.
    """
    params, key = inexact_params(), fresh_key()
    x = simulated(params, 4000)
    bounds = [
        log_likelihood(key, LINEAR, params, x, ["iwae"], num_particles=k, batch_size=4000).iwae
        for k in (1, 4, 16)
    ]
    for few, many in itertools.pairwise(bounds):
        rise, error = below(many.values, few.values)
        assert rise > Z * error
    excess, error = below(bounds[-1].values, exact_of(params, x))
    assert -0.1 - Z * error < excess < Z * error
    with pytest.raises(ValueError, match="num_particles is"):
        compare(bounds[0].mean, bounds[1].mean)


def test_under_the_exact_posterior_every_draw_is_log_p():
    found = log_likelihood(fresh_key(), LINEAR, exact_params(), data(6), ["elbo", "iwae"], num_particles=3)
    for bound in (found.elbo, found.iwae):
        np.testing.assert_allclose(bound.values, found.exact.values, rtol=1e-10)
        np.testing.assert_allclose(bound.errors, 0, atol=1e-9)
    assert found.iwae.mean.flags == ()
    assert found.latents.num_active == 2


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_a_generator_is_annealed_from_the_prior_with_its_noise():
    """x = W z with noise .7 is the linear decoder of that scale: its log p(x) is known."""
    params = exact_params(scale=0.7)

    def generate(params, z):
        mean = z @ params["weight"].T
        return dist.Delta(mean + jnp.broadcast_to(params["bias"], mean.shape), event_dim=1)

    def start(key):
        del key
        return params["decoder"]

    def critic(params, x):
        del params
        return x.sum(-1)

    model = gan(Network(start, generate), Network(nothing, critic), 2, (6,))
    weights = model.init(jax.random.key(0))
    x = simulated(params, 200)
    with pytest.raises(ValueError, match="give observation_noise"):
        log_likelihood(fresh_key(), model, weights, x)
    found = log_likelihood(
        *(fresh_key(), model, weights, x, ["ais", "bdmc"]),
        observation_noise=0.7,
        num_temperatures=60,
        num_leapfrogs=3,
    )
    excess, error = below(found.ais.values, exact_of(params, x))
    assert abs(excess) < 0.05 + Z * error
    assert (found.ais.mean.protocol["start"], found.ais.mean.protocol["observation_noise"]) == ("prior", 0.7)
    assert (found.exact, found.latents) == (None, None)
    with pytest.raises(ValueError, match="noise of its own"):
        log_likelihood(fresh_key(), LINEAR, params, x, observation_noise=0.7)


@pytest.mark.slow
@pytest.mark.usefixtures("broadcasting")
def test_models_without_a_latent_are_exact(rng):
    rows = rng.normal(size=(40, 2))
    mixture = gaussian_mixture(jnp.asarray(rows, jnp.float32), 2)
    params = mixture.init(jax.random.key(0))
    found = log_likelihood(fresh_key(), mixture, params, rows).exact
    with jax.enable_x64(True):
        wide = jax.tree.map(lambda leaf: jnp.asarray(leaf, float), (mixture, params))
        truth = np.asarray(wide[0].distribution(wide[1]).log_prob(jnp.asarray(rows)))
    np.testing.assert_allclose(found.values, truth, rtol=1e-9)
    same = log_likelihood(fresh_key(), dist.Normal(jnp.zeros(2), 1.0).to_event(1), None, rows, bin_width=0.1)
    log_prob = -(rows**2).sum(1) / 2 - math.log(2 * math.pi)
    np.testing.assert_allclose(same.exact.values, log_prob, rtol=1e-12)
    bits = bits_per_dimension(log_prob, 2, step=0.1).mean()
    assert same.exact.bits.value == pytest.approx(float(bits), rel=1e-5)
    assert same.exact.bits.protocol["dequantisation"] == "uniform noise of width 0.1"
    assert (same.ais, same.flags) == (None, ())
    strings = autoregressive_model(RNN(length=4, vocabulary=3, width=3, cells=(nn.GRUCell(3),)))
    params, words = strings.init(jax.random.key(0)), rng.integers(0, 3, (5, 4))
    found = log_likelihood(fresh_key(), strings, params, words).exact
    np.testing.assert_allclose(
        found.values, strings.distribution(params).log_prob(jnp.asarray(words)), rtol=1e-4
    )
    assert found.bits.value == pytest.approx(-found.values.mean() / (4 * math.log(2)), rel=1e-5)
    assert found.mean.protocol["dequantisation"] == "none, the values are discrete"


@pytest.mark.slow
def test_digits_by_ppca_use_their_latents_as_known():
    """KNOWN_ANSWERS: 12.777865 nats on jgen's 1,257 training rows in grey values; and the moments of z."""
    rows = np.asarray(load("digits")["x"], np.float64).reshape(1257, 64)
    rows = rows * (16 / rows.max())  # grey values from 0 to 16, however they are stored
    with jax.enable_x64(True):
        fit = ppca(rows, 10)
    eigenvalues = np.linalg.eigvalsh(np.cov(rows.T, bias=True))[::-1]
    noise = eigenvalues[10:].mean()
    found = log_likelihood(fresh_key(), fit.model, fit.params, rows, ["elbo"], num_particles=1)
    latents = found.latents
    np.testing.assert_allclose(float(latents.kl.value), 12.777865, atol=1e-6)
    np.testing.assert_allclose(latents.kl_by_latent, np.log(eigenvalues[:10] / noise) / 2, rtol=1e-8)
    np.testing.assert_allclose(latents.aggregate_covariance, np.eye(10), atol=1e-8)
    np.testing.assert_allclose(latents.aggregate_mean, 0, atol=1e-8)
    np.testing.assert_allclose(latents.variance, 1 - noise / eigenvalues[:10], rtol=1e-8)
    assert float(found.exact.mean.value) == pytest.approx(float(fit.log_likelihood), rel=1e-9)
    np.testing.assert_allclose(found.elbo.values, found.exact.values, rtol=1e-8)


OBJECTIVES = {
    "elbo": elbo(LINEAR),
    "elbo, beta 4": elbo(LINEAR, beta=4.0),
    "iwae": iwae(LINEAR, 8),
    "dreg": dreg(LINEAR, 8),
    "renyi, 0.5": renyi(LINEAR, 8, alpha=0.5),
    "renyi, -1": renyi(LINEAR, 8, alpha=-1.0),
}


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
@pytest.mark.parametrize("name", OBJECTIVES)
def test_no_objective_reports_a_bound_above_the_exact_value(name):
    """Trained for 300 steps by each objective: what it reports, and what is evaluated, by paired errors."""
    objective, rows = OBJECTIVES[name], jnp.asarray(simulated(exact_params(), 2000), jnp.float32)
    optimizer = optax.adam(1e-2)

    @jax.jit
    def train(params, key):
        def step(carry, key):
            params, state = carry
            gradient = jax.grad(objective, has_aux=True)(params, rows[:500], key)[0]
            updates, state = optimizer.update(gradient, state)
            return (optax.apply_updates(params, updates), state), None

        return jax.lax.scan(step, (params, optimizer.init(params)), jax.random.split(key, 300))[0][0]

    params = train(LINEAR.init(fresh_key()), fresh_key())
    exact = exact_of(params, rows)
    reported = np.asarray(objective(params, rows, fresh_key())[1]["bound"], np.float64)
    found = log_likelihood(fresh_key(), LINEAR, params, rows, ["elbo", "iwae"], num_particles=32)
    for bound in (reported, found.elbo.values, found.iwae.values):
        excess, error = below(bound, exact)
        assert excess < Z * error + 1e-5 * abs(exact).max()  # the objective computes in float32
    assert not any("above the exact" in flag for flag in found.iwae.mean.flags)


def wide_prior(params):
    """Return a prior whose innermost distribution is standard normal, and which is not."""
    del params
    normal = dist.Normal(jnp.zeros(2), 1.0).to_event(1)
    return dist.TransformedDistribution(normal, dist.transforms.AffineTransform(0.0, 2.0))


def test_only_a_standard_prior_makes_a_linear_decoder_exact():
    prior = [constant(scale) for scale in (1.0, 2.0)]
    models = [LINEAR._replace(prior=Partial(one)) for one in (*prior, wide_prior)]
    assert [exact_log_prob(model, exact_params()) is not None for model in models] == [True, False, False]


def constant(scale):
    return lambda params: dist.Normal(jnp.zeros(2), scale).to_event(1)  # noqa: ARG005


def test_a_bound_above_the_exact_value_is_flagged():
    bound = call(methods=["elbo"], num_particles=2).elbo
    fault = above_exact(bound, bound.values - np.array([1.0, 1.1, 0.9, 1.0])).mean.flags
    assert "above the exact log p(x)" in fault[0]
    assert above_exact(bound, bound.values).mean.flags == bound.mean.flags


def test_bad_weights_are_flagged():
    """q ignores x: the weights of examples far from it have one draw that outweighs all others."""
    x = 5 * data(6)
    found = log_likelihood(fresh_key(), BLIND, exact_params(), x, ["iwae"], num_particles=200)
    assert any("Pareto k" in flag for flag in found.iwae.mean.flags)
    assert (found.iwae.pareto_k > 0.7).any()
    assert found.iwae.errors.shape == found.iwae.ess.shape == (6,)


def point(params, x):
    del params
    return dist.Delta(x, event_dim=1)


def unit(params, z):
    del params
    return dist.Normal(z, jnp.ones_like(z)).to_event(1)


@pytest.mark.usefixtures("unoptimised")
def test_a_point_encoder_starts_from_the_prior_and_says_so():
    model = autoencoder(Network(nothing, unit), Network(nothing, point), 2, (2,))
    found = log_likelihood(fresh_key(), model, model.init(fresh_key()), np.zeros((3, 2)), ["elbo"])
    assert found.elbo.mean.protocol["start"] == "prior"
    assert "draws start from the prior" in found.flags[0]
    assert found.latents is None


GRID = {"x": np.arange(12.0).reshape(6, 2) / 4, "bin_width": 0.25}


def test_values_that_were_not_dequantised_are_flagged():
    normal = dist.Normal(jnp.zeros(2), 1.0).to_event(1)
    found = log_likelihood(fresh_key(), normal, None, **GRID)
    assert "not dequantised" in found.flags[0]


def call(**options):
    given = {"model": LINEAR, "params": exact_params(), "x": data(4), **options}
    return log_likelihood(jax.random.key(0), given.pop("model"), given.pop("params"), given.pop("x"), **given)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"methods": ["mcmc"]}, "methods are elbo, iwae, ais, bdmc; got mcmc"),
        ({"dtype": "float16"}, "float32 or float64"),
        ({"num_particles": 0}, "num_particles must be at least 1"),
        ({"x": np.zeros((0, 6))}, "one or more; got none"),
        ({"x": np.full((2, 6), np.nan)}, "2 of 2 examples have a NaN"),
        ({"x": np.zeros((2, 5))}, r"must be \[batch, "),
        ({"betas": [0.0, 0.5]}, "rise from 0 to 1"),
        ({"step_size": -1.0, "methods": ["ais"]}, "step_size must be positive"),
        ({"observation_noise": 0.0}, "observation_noise must be positive"),
    ],
)
def test_bad_input_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        call(**options)


def test_something_else_is_refused():
    with pytest.raises(TypeError, match="takes a LatentModel"):
        call(model=Partial(max))


def test_a_mean_of_one_example_has_no_interval():
    found = call(x=data(1), methods=["elbo"], num_particles=2)
    assert found.elbo.mean.flags == mean_result(np.ones(1), "", {}).flags
