"""Test that each public call runs a user's functions as they are then: what they read may have changed."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import blackjax
import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import optax
import pytest
from jax.tree_util import Partial

import jgen
from jgen import decoders, distributions, features, interop, models, objectives, samplers, training
from jgen.evaluation import evidence, log_likelihood, timed_sample
from jgen.sampling import resume, sample, start
from jgen.testing import count_compilations
from jgen.types import Reducer
from tests.helpers.marking import first_of_each
from tests.helpers.model_parts import nothing

KEY = jax.random.key(5)
NORMAL = dist.Normal(jnp.zeros(2), 1.0).to_event(1)
ROWS = jnp.linspace(-1.0, 1.0, 24).reshape(12, 2)
POSITION = jnp.array([[0.1, 0.2], [0.3, -0.4]])
TREE = {"x": jnp.zeros(2), "y": jnp.zeros(2)}
ONES = jnp.ones(2)
BETAS = jnp.linspace(0.0, 1.0, 4)
SGD = optax.sgd(0.1)


class Box:
    """Value that functions read from outside."""

    value = jnp.float32(0.0)


class Case(NamedTuple):
    """A user's function of a value and its arguments, and a public call that is given it without the
    value."""

    function: Callable[..., Any]
    call: Callable[[Callable[..., Any]], Any]


def density(value, x):
    """Compute the log density of N(value, 1) ``[]``."""
    return -0.5 * sum(jnp.sum((leaf - value) ** 2) for leaf in jax.tree.leaves(x))


def square(value, params, batch, key):
    """Compute a loss whose minimum is the value, for batches of mean zero."""
    del key
    return jnp.mean((params[None] - value - batch) ** 2), {}


def shifted(value, params, z):
    """Return a decoder of N(z + value, 1)."""
    del params
    return dist.Normal(z + value, jnp.ones_like(z)).to_event(1)


def model(value):
    mean = numpyro.sample("mean", dist.Normal(0.0, 1.0))
    numpyro.sample("y", dist.Normal(mean, 1.0), obs=value)


DENSITY, SQUARE = Partial(density, jnp.float32(0.3)), Partial(square, jnp.float32(0.3))


def network(apply):
    return models.Network(nothing, apply)


NETWORK = network(Partial(shifted, jnp.float32(0.3)))
MODEL = models.vae(NETWORK, NETWORK, 2, (2,))
PARAMS = MODEL.init(KEY)
STATE = start(KEY, samplers.mala(DENSITY), num_chains=2, position=POSITION)[0]
NORMAL_DRAWS = sample(KEY, samplers.direct(NORMAL), num_draws=20).draws


def path(function):
    return samplers.AnnealingPath(NORMAL, function)


def draws(sampler, position=None, **options):
    return sample(KEY, sampler, num_draws=4, num_chains=2, position=position, **options)


def sampled(make, position=None, function=density):
    return Case(function, lambda now: draws(make(now), position).draws)


def loss(objective, params=ONES, batch=ROWS):
    return training.mean_loss(objective, params, batch, KEY, batch_size=4)


def bound_of(make, function=shifted, batch=ROWS):
    """Return the case of an objective of a model whose decoder is the user's function."""
    return Case(
        function, lambda decode: loss(make(models.vae(network(decode), NETWORK, 2, (2,))), PARAMS, batch)
    )


def encoded(make):
    """Return the case of an objective of a model whose encoder is the user's function."""
    return Case(shifted, lambda encode: loss(make(models.vae(NETWORK, network(encode), 2, (2,))), PARAMS))


def flips(value, params, z):
    """Return a decoder of coins."""
    del params
    return dist.Bernoulli(logits=z + value).to_event(1)


def points(value, params, z):
    """Return an encoder or a decoder of points."""
    del params
    return dist.Delta(z + value).to_event(1)


def score(value, params, x):
    """Return the score of a critic of rows."""
    del params
    return jnp.tanh(x * (1.0 + value)).sum(-1)


POINTS = network(Partial(points, jnp.float32(0.3)))


def critic_of(make, build):
    """Return the case of an objective of an adversarial model whose critic is the user's function."""

    def call(critic):
        adversarial = build(network(critic))
        return loss(make(adversarial), adversarial.init(KEY))

    return Case(score, call)


def trained(step, make_batch=training.full_batch):
    state = training.init_state(KEY, jnp.zeros(2), SGD)
    return training.train(state, step, ROWS, 3, chunk_size=2, make_batch=make_batch).state.params


def streamed(objective):
    state = training.init_state(KEY, jnp.zeros(2), SGD)
    step = training.make_train_step(objective, SGD)
    return training.train_stream(lambda first: iter([ROWS] * 3), state, step, 3).state.params  # noqa: ARG005


def stepped(objective):
    return trained(training.make_train_step(objective, SGD))


def scaled(scale):
    return Partial(square, scale)


def minus_square(x, row):
    return -jnp.sum((x - row) ** 2)


def total(shapes):
    del shapes
    return jnp.zeros(())


def summed(update):
    fold = Reducer(Partial(total), Partial(update), Partial(jnp.abs))
    return draws(samplers.mala(DENSITY), POSITION, reducers={"sum": fold}, store=False).reduced


CASES = {
    name: sampled(getattr(samplers, name), POSITION)
    for name in [
        "adjusted_mclmc",
        "barker",
        "ghmc",
        "hmc",
        "jittered_hmc",
        "langevin",
        "mala",
        "mclmc",
        "metropolis",
        "nuts",
        "slice_sampler",
    ]
} | {
    "importance": sampled(lambda f: samplers.importance(f, NORMAL)),
    "rejection": sampled(lambda f: samplers.rejection(f, NORMAL, 5.0)),
    "accept_reject": sampled(lambda f: samplers.accept_reject(f, NORMAL, 5.0)),
    "independent_metropolis": sampled(lambda f: samplers.independent_metropolis(f, NORMAL)),
    "elliptical_slice": sampled(lambda f: samplers.elliptical_slice(f, NORMAL), POSITION),
    "multiple_importance": sampled(lambda f: samplers.multiple_importance(f, [NORMAL, NORMAL])),
    "adaptive_importance": sampled(lambda f: samplers.adaptive_importance(f, NORMAL, num_particles=8)),
    "adaptive_rejection": sampled(lambda f: samplers.adaptive_rejection(f, [-2.0, 3.0])),
    "discrete_gibbs": sampled(lambda f: samplers.discrete_gibbs(f, num_values=3), jnp.zeros((2, 20), int)),
    "enumerate_states": sampled(
        lambda f: samplers.enumerate_states(f, jnp.linspace(-9.0, 9.0, 99)), jnp.zeros(2)
    ),
    "AnnealingPath": sampled(lambda f: samplers.annealed(path(f), samplers.metropolis, BETAS)),
    "annealed": Case(
        lambda value, f: samplers.metropolis(f, step_size=1.0 + value),
        lambda kernel: draws(samplers.annealed(path(DENSITY), kernel, BETAS)).draws,
    ),
    "smc": sampled(lambda f: samplers.smc(path(f), samplers.metropolis, num_particles=8, betas=BETAS)),
    "tempering": sampled(lambda f: samplers.tempering(path(f), samplers.metropolis, BETAS)),
    "block": Case(
        lambda value, f: samplers.mala(f, step_size=1.0 + value),
        lambda make: draws(samplers.block(make, DENSITY, "x"), TREE).draws,
    ),
    "cycle": sampled(
        lambda f: samplers.cycle(*(samplers.block(samplers.mala, f, name) for name in "xy")), TREE
    ),
    "gibbs": sampled(
        lambda f: samplers.gibbs(f, "x"), TREE, lambda value, rest: dist.Normal(rest["y"] + value, 1.0)
    ),
    "ancestral": sampled(
        lambda f: samplers.ancestral({"a": f}), function=lambda value: dist.Normal(value, 1.0)
    ),
    "select": sampled(lambda f: samplers.select(samplers.mala(f), "x"), TREE),
    "thin": sampled(lambda f: samplers.thin(samplers.mala(f), 2), POSITION),
    "burn_in": sampled(lambda f: samplers.burn_in(samplers.mala(f), 2), POSITION),
    "sgld": sampled(samplers.sgld, POSITION, lambda value, key, x: density(value, x)),  # noqa: ARG005
    "sghmc": sampled(samplers.sghmc, POSITION, lambda value, key, x: density(value, x)),  # noqa: ARG005
    "minibatch": sampled(
        lambda f: samplers.sgld(samplers.minibatch(DENSITY, f, ROWS, batch_size=3)),
        POSITION,
        lambda value, x, row: minus_square(x, row - value),
    ),
    "from_blackjax": sampled(lambda f: interop.from_blackjax(blackjax.mala, f, step_size=0.3), POSITION),
    "from_numpyro": sampled(lambda f: interop.from_numpyro(numpyro.infer.BarkerMH, f), POSITION),
    "from_model": Case(
        model, lambda f: draws(samplers.mala(interop.from_model(f).log_density), {"mean": jnp.zeros(2)}).draws
    ),
    "start": Case(density, lambda f: start(KEY, samplers.mala(f), position=POSITION, num_chains=2)[0].states),
    "sample": Case(lambda value, state, draws: state + (draws.value - value).mean(), summed),
    "resume": Case(density, lambda f: resume(STATE, samplers.mala(f), num_draws=3).draws),
    "timed_sample": Case(
        density,
        lambda f: timed_sample(KEY, samplers.mala(f), num_draws=4, num_chains=2, position=POSITION)[0].draws,
    ),
    "estimate_log_bound": Case(density, lambda f: samplers.estimate_log_bound(KEY, f, NORMAL)),
    "bridge": Case(density, lambda f: evidence.bridge(KEY, NORMAL_DRAWS, f).value),
    "bidirectional": Case(
        density,
        lambda f: evidence.bidirectional(KEY, path(f), samplers.metropolis, BETAS, ROWS).lower.value,
    ),
    "make_train_step": Case(square, stepped),
    "train": Case(
        lambda value, data, key, step: data + value,  # noqa: ARG005
        lambda f: trained(training.make_train_step(SQUARE, SGD), f),
    ),
    "train_stream": Case(square, streamed),
    "mean_loss": Case(square, loss),
    "mixed_precision": Case(square, lambda f: loss(training.mixed_precision(f))),
    "init_restarts": Case(
        lambda value, key: jax.random.normal(key) + value,
        lambda f: training.init_restarts(KEY, f, SGD, 3).params,
    ),
    "scheduled": Case(
        lambda value, step: step * 0.1 + value,
        lambda f: stepped(objectives.scheduled(Partial(scaled), scale=f)),
    ),
    "weighted": Case(square, lambda f: loss(objectives.weighted(a=(2.0, f), b=(1.0, SQUARE)))),
    "maximum_likelihood": Case(
        lambda value, params: dist.Normal(params + value, 1.0).to_event(1),
        lambda f: loss(objectives.maximum_likelihood(f)),
    ),
    "exact_likelihood": Case(
        lambda value, params, x: -((x - params[None] - value) ** 2).sum(-1),
        lambda f: loss(objectives.exact_likelihood(f)),
    ),
    "conditional_likelihood": Case(
        shifted, lambda f: loss(objectives.conditional_likelihood(f), batch=(ROWS, 2 * ROWS))
    ),
    "kl": Case(
        lambda value, posterior, prior, z, log_posterior: value + z**2,  # noqa: ARG005
        lambda f: loss(objectives.kl(MODEL, by=f), PARAMS),
    ),
    "mmd": Case(
        lambda value, squared: jnp.exp(-squared * (1.0 + value)),
        lambda f: loss(objectives.mmd(MODEL, kernel=f), PARAMS),
    ),
    "from_network": Case(
        lambda value, params, x: jnp.tanh(x @ params * (1.0 + value)),
        lambda f: features.from_network("f", f, np.ones((2, 3), np.float32))(np.ones((5, 2), np.float32)),
    ),
    "perceptual": Case(
        lambda value, x: jnp.tanh(x * (1.0 + value)), lambda f: loss(objectives.perceptual(MODEL, f), PARAMS)
    ),
    "elbo": bound_of(objectives.elbo),
    "mse": bound_of(objectives.mse),
    "bce": bound_of(objectives.bce, flips, jnp.abs(ROWS)),
    "reconstruction": bound_of(objectives.reconstruction),
    "dreg": bound_of(lambda model: objectives.dreg(model, num_particles=2)),
    "renyi": bound_of(lambda model: objectives.renyi(model, num_particles=2)),
    "sliced_wasserstein": encoded(objectives.sliced_wasserstein),
    "latent_l2": encoded(objectives.latent_l2),
    "contractive": Case(
        lambda value, params, x: dist.Delta(jnp.tanh(x * (1.0 + value))).to_event(1),  # noqa: ARG005
        lambda encode: loss(
            objectives.contractive(models.autoencoder(NETWORK, network(encode), 2, (2,))), PARAMS
        ),
    ),
    "gan": critic_of(objectives.gan, lambda critic: models.gan(POINTS, critic, 2, (2,))),
    "wasserstein_gan": critic_of(
        objectives.wasserstein_gan, lambda critic: models.gan(POINTS, critic, 2, (2,))
    ),
    "adversarial_autoencoder": critic_of(
        objectives.adversarial_autoencoder,
        lambda critic: models.adversarial_autoencoder(NETWORK, POINTS, critic, 2, (2,)),
    ),
    "autoencoder": Case(
        points,
        lambda decode: loss(
            objectives.mse(models.autoencoder(network(decode), POINTS, 2, (2,))),
            models.autoencoder(POINTS, POINTS, 2, (2,)).init(KEY),
        ),
    ),
    "MLP": Case(
        lambda value, x: jnp.tanh(x * (1.0 + value)),
        lambda f: loss(
            objectives.elbo(models.vae(decoders.MLP((2,), hidden=(3,), activation=f), NETWORK, 2, (2,))),
            jax.tree.map(
                lambda leaf: leaf + 0.1,  # the last layer starts at zero
                models.vae(decoders.MLP((2,), hidden=(3,)), NETWORK, 2, (2,)).init(KEY),
            ),
            (ROWS > 0).astype(float),
        ),
    ),
    "Prior": Case(
        lambda value, params, decode: dist.Normal(value * jnp.ones(2), 1.0).to_event(1),  # noqa: ARG005
        lambda f: loss(
            objectives.elbo(models.vae(NETWORK, NETWORK, 2, (2,), prior=models.Prior(nothing, f))), PARAMS
        ),
    ),
    "decoder_gradient": bound_of(
        objectives.decoder_gradient,
        lambda value, params, z: dist.Normal(jnp.tanh(z * (1.0 + value)), 1.0).to_event(1),  # noqa: ARG005
    ),
    "iwae": bound_of(lambda model: objectives.iwae(model, num_particles=2)),
    "vae": bound_of(objectives.elbo),
    "Network": bound_of(objectives.elbo),
    "log_prob_bound": Case(
        shifted,
        lambda decode: models.log_prob_bound(
            models.vae(models.Network(nothing, decode), NETWORK, 2, (2,)), PARAMS, ROWS, KEY, num_particles=4
        ),
    ),
    "log_likelihood": Case(
        shifted,
        lambda decode: (
            log_likelihood(
                *(KEY, models.vae(models.Network(nothing, decode), NETWORK, 2, (2,)), PARAMS, ROWS, ["iwae"]),
                num_particles=4,
            ).iwae.values
        ),
    ),
    "autoregressive": Case(
        lambda value, tokens, position: jnp.arange(3.0) * value + 0 * tokens.sum() + 0 * position,
        lambda f: draws(samplers.direct(distributions.autoregressive(Partial(f), 4))).draws,
    ),
}
"""Public functions that take a user's function, by name; those of samplers are run by ``sample``."""
OTHERS = {
    "called on the host each time, never compiled": "BayesianMixture PPCA check_objective check_sampler "
    "check_target cross_validate fit fit_linear_vae fit_mixture main pair_plot panels compare_samplers Entry "
    "Extractor MetricRecipe c2st c2st_metric keep_rows train_on_synthetic train_on_synthetic_metric",
    "networks whose activation is a field, as that of MLP": "ConvCritic ConvEncoder ConvNet Delta Graph "
    "MLPCritic MLPEncoder Occupancy",
    "bind a function, and do not call it": "as_partial bind_static",
    "their network is a model's, as that of vae": "autoregressive_model DigitModel",
    "their function is that of train": "data_parallel",
}
"""Public functions that take a function and need no case, by reason."""
TAKES_FUNCTIONS = re.compile(r"\b(Callable|LatentModel|AdversarialModel|Sampler|Network|Reducer)\b")


def functions_taken(function):
    """Return whether the annotations of a public function name functions, or what holds functions."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    return any(TAKES_FUNCTIONS.search(str(parameter.annotation)) for parameter in parameters)


def test_each_public_function_that_takes_functions_has_a_case():
    packages = [info.name for info in pkgutil.walk_packages(jgen.__path__, "jgen.") if info.ispkg]
    public = {
        name: getattr(module, name)
        for module in map(importlib.import_module, packages)
        if not module.__name__.startswith(("jgen.testing.", "jgen._internal"))  # checks, run by check_*
        for name in getattr(module, "__all__", ())
    }
    others = " ".join(OTHERS.values()).split()
    assert sorted({*CASES, *others} - set(public)) == []
    found = {name for name, function in public.items() if callable(function) and functions_taken(function)}
    assert sorted(found - {*CASES, *others}) == []


def now(function):
    """Return the function of the value that it reads from outside."""

    def reading(*arguments):
        return function(Box.value, *arguments)

    _, *others = inspect.signature(function).parameters.values()
    reading.__signature__ = inspect.Signature(others)
    return reading


def numbers(tree):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(tree) if not isinstance(leaf, str)]


def check(call, function, reading, value):
    """Check a call with the value read against that with the value given as data; return its result."""
    Box.value = jnp.float32(value)
    found, expected = numbers(call(reading)), numbers(call(Partial(function, Box.value)))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-3, atol=1e-5)
    return found


@pytest.mark.parametrize(
    "name", first_of_each(list(CASES), family=lambda name: CASES[name].function.__name__, rest="weekly")
)
def test_a_call_uses_the_values_of_now(name):
    function, call = CASES[name]
    reading = now(function)
    first, second = (check(call, function, reading, value) for value in (0.25, 1.5))
    assert any(not np.array_equal(one, other) for one, other in zip(first, second, strict=True))
    Box.value = jnp.float32(0.75)
    with count_compilations() as compiled:
        call(reading)
    assert compiled == []
