"""Annealing and SMC: exact properties, and bugs they must not have."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial
from scipy import stats

import jgen.samplers
from jgen._internal.binding import bind_static
from jgen.diagnostics.weights import kish_ess, multinomial, resampling, stratified
from jgen.samplers import AnnealingPath, annealed, metropolis, smc, tempering, tempering_schedule
from jgen.samplers.annealing_path import local_kernel
from jgen.samplers.tempering_schedule import dense_metric, diagonal_metric
from jgen.targets import double_well, hidden_markov, rastrigin
from jgen.testing import members
from jgen.testing.sampler_checks import importance_weights
from jgen.types import DrawKind
from tests.helpers.marking import in_ci, one_of_each
from tests.helpers.mutant import plant
from tests.helpers.random_keys import fresh_key
from tests.mutants.populations import FLIPPED, OFF_BY_ONE, WEIGHTING_BUGS

# Weights in 64ths, so that eight evenly spaced uniforms see every way to lay eight points.
WEIGHTS = np.array([0, 1, 7, 8, 9, 15, 24, 0]) / 64


# The law makes 40,000 draws of each.
@pytest.mark.parametrize("name", one_of_each(WEIGHTING_BUGS))
def test_planted_weights_are_caught(name, kills):
    module = plant(WEIGHTING_BUGS[name])
    with kills(name):
        for target in (double_well(), rastrigin()):
            importance_weights(
                lambda target, scale: module.recipe(target, scale).sampler,
                target,
                fresh_key(),
            )


def check_copies(module):
    """Over all uniforms each draw has 8 w copies on average, and at each one floor or ceil of that."""
    copies = [
        np.bincount(module.ancestors(jnp.log(WEIGHTS), jnp.float32(u)), minlength=8)
        for u in (np.arange(8) + 0.5) / 8
    ]
    assert np.all(np.abs(np.array(copies) - 8 * WEIGHTS) < 1)
    np.testing.assert_array_equal(np.mean(copies, axis=0), 8 * WEIGHTS)


def test_systematic_copies_are_exact_over_the_uniform(kills):
    check_copies(resampling)
    with kills("11 systematic resampling, off by one", error=AssertionError):
        check_copies(plant(OFF_BY_ONE))


# In stratum i of eight, how much of it each of eight draws covers: what it is to be copied from there.
EDGES = np.append(0, 8 * WEIGHTS.cumsum())
STRATIFIED = np.array(
    [np.clip(np.minimum(EDGES[1:], i + 1) - np.maximum(EDGES[:-1], i), 0, 1) for i in range(8)]
)
CHANCES = {"stratified": STRATIFIED, "multinomial": np.tile(WEIGHTS, (8, 1))}  # [point, draw]


def check_chances(module, name):
    """The point i falls on draw j with a known chance, in each of 4000 runs independently: a binomial, whose
    tails are exact. So is the number of runs that leave j out, as the points are independent too."""
    chance, num_runs = CHANCES[name], 4000
    np.testing.assert_allclose(chance.sum(axis=0), 8 * WEIGHTS, rtol=1e-12)  # 8 w copies on average
    keys = jax.random.split(fresh_key(), num_runs)
    copies = jax.vmap(getattr(module, name), (0, None))(keys, jnp.log(WEIGHTS))  # [run, point]
    hits = np.asarray(copies)[:, :, None] == np.arange(8)  # [run, point, draw]
    found = np.concatenate([hits.sum(axis=0), (~hits.any(axis=1)).sum(axis=0, keepdims=True)])
    expected = np.concatenate([chance, np.prod(1 - chance, axis=0, keepdims=True)])
    # Roundings of a running sum move an edge by 4 EPS or less, of strata of an eighth, and there are eight.
    slack = 4 * 8 * 8 * float(np.finfo(np.float32).eps)
    too_many = stats.binom.sf(found - 1, num_runs, np.minimum(expected + slack, 1))
    too_few = stats.binom.cdf(found, num_runs, np.maximum(expected - slack, 0))
    assert np.minimum(too_many, too_few).min() > 1e-6 / (2 * found.size)


@pytest.mark.parametrize("name", CHANCES)
def test_copies_have_their_chances(name, kills):
    check_chances(resampling, name)
    with kills(f"11 {name} resampling, off by one", error=AssertionError):
        check_chances(plant(OFF_BY_ONE), name)


def eight_particles(target, scale, **options):
    """As the recipe has it, in some other way; an adaptive path where no ladder is given."""
    kernel = local_kernel(target, scale)
    return smc(AnnealingPath(target.proposal, target.log_density), kernel, num_particles=8, **options)


LADDER = jnp.linspace(0.0, 1.0, 5)
WAYS = {
    "a fixed ladder": {"betas": LADDER},
    "stratified": {"betas": LADDER, "resample": stratified, "resample_below": 1.0},
    "multinomial": {"betas": LADDER, "resample": multinomial, "resample_below": 1.0},
    "a diagonal metric": {"metric": diagonal_metric},
    "a dense metric, on a ladder": {"metric": dense_metric, "betas": LADDER},
}


@pytest.mark.parametrize(
    "way",
    [in_ci(way, "fixed" in way) for way in WAYS],
)
def test_eight_particles_have_an_unbiased_z(way):
    """E[Z-hat] / Z = 1, and all weighted means are right: 5,000 populations, whatever chooses and copies."""
    importance_weights(partial(eight_particles, **WAYS[way]), double_well(), fresh_key())


@pytest.mark.slow
def test_a_population_copied_off_by_one_is_caught(kills):
    """No copies of who comes first, one too many of who comes last, at every temperature."""
    options = {"betas": LADDER, "resample": plant(OFF_BY_ONE).systematic, "resample_below": 1.0}
    with kills("11 SMC, resampling off by one"):
        importance_weights(partial(eight_particles, **options), double_well(), fresh_key())


SAMPLERS = members(jgen.samplers, "recipe")
TARGETS = (replace(double_well(), traits=frozenset()), hidden_markov())  # exact, however badly it mixes


def first_claimed(name):
    """The first of the targets that a sampler claims, None if it claims none; and the law of its draws."""
    for target in TARGETS:
        recipe = SAMPLERS[name].recipe(target)
        if recipe is not None:
            init, step = recipe.sampler
            shape = jax.eval_shape(lambda key: step(key, init(key, target.start)), jax.random.key(0))  # noqa: B023
            return target, shape[1].kind
    return None, None


def kernel_of(target, log_density, *, name):
    """The sampler of a name, aimed at a density in the place of the target's."""
    return SAMPLERS[name].recipe(replace(target, log_density=log_density)).sampler


@pytest.mark.parametrize(
    "name",
    [in_ci(name, name in ("barker", "ghmc")) for name in SAMPLERS],
)
def test_annealing_is_exact_through_any_kernel(name):
    """Every member that makes Markov draws, also those whose momenta last from draw to draw."""
    target, law = first_claimed(name)
    if law is not DrawKind.MARKOV:
        pytest.skip(f"{name} is no Markov kernel")

    def make(target, scale):
        del scale
        kernel = Partial(bind_static(kernel_of, name=name), target)
        return annealed(AnnealingPath(target.proposal, target.log_density), kernel, LADDER[::2])

    importance_weights(make, target, fresh_key())


def check_next(module):
    ratio = 3.0 * jax.random.normal(jax.random.key(0), (1000,))
    beta = module.adaptive_schedule(jnp.float32(0.8), jnp.int32(0), jnp.float32(0.0), jnp.zeros(1000), ratio)
    np.testing.assert_allclose(kish_ess(beta * ratio) / 1000, 0.8, rtol=1e-3)


def test_the_next_temperature_has_the_ess_asked_for(kills):
    check_next(tempering_schedule)
    with kills("4 SMC, the ESS criterion turned round", error=AssertionError):
        check_next(plant(FLIPPED))


PATH = AnnealingPath(dist.Normal(0.0, 1.0), lambda x: -0.5 * x**2)
LADDERS = {
    "an empty ladder": ([], r"rise from 0 to 1.*got shape \(0,\)"),
    "one temperature": ([1.0], r"rise from 0 to 1.*got shape \(1,\)"),
    "a reversed ladder": ([1.0, 0.5, 0.0], r"betas\[1\] = 0.5 does not lie above betas\[0\] = 1.0"),
    "a temperature twice": ([0.0, 0.5, 0.5, 1.0], r"betas\[2\] = 0.5 does not lie above betas\[1\] = 0.5"),
    "not a number": ([0.0, float("nan"), 1.0], "does not lie above"),
    "short of the target": ([0.0, 0.5], "rise from 0 to 1"),
    "not from the base": ([0.1, 1.0], "rise from 0 to 1"),
}


@pytest.mark.parametrize("name", LADDERS)
def test_ladders_that_lead_nowhere_are_refused(name):
    betas, message = LADDERS[name]
    for make in (annealed, tempering, partial(smc, num_particles=8)):
        with pytest.raises(ValueError, match=message):
            make(PATH, metropolis, betas=betas)


SIZES = {
    "no particles": ({"num_particles": 0}, "num_particles must be at least 1"),
    "half a particle": ({"num_particles": 2.5}, "it must be an integer; got 2.5"),
    "no pilots to choose": ({"num_particles": 8, "num_pilots": 0}, "take num_pilots >= 1"),
    "no temperatures": ({"num_particles": 8, "max_temperatures": 0}, "max_temperatures must be at least 1"),
    "no steps": ({"num_particles": 8, "num_steps": 0}, "num_steps must be at least 1"),
    "more than all": ({"num_particles": 8, "ess_fraction": 1.5}, "ess_fraction is a fraction"),
}


@pytest.mark.parametrize("name", SIZES)
def test_populations_of_no_size_are_refused(name):
    options, message = SIZES[name]
    with pytest.raises((ValueError, TypeError), match=message):
        smc(PATH, metropolis, **options)
