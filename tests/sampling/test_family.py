"""Test all samplers: equal draws in any run, constant info, means and log Z within their errors."""

import json
import subprocess
import sys
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial
from numpyro.infer import NUTS
from scipy import stats

from jgen._internal.particles import merge_particles
from jgen.diagnostics.summary import log_evidence
from jgen.samplers import block, burn_in, cycle, enumerate_states, gibbs, mala, select, thin
from jgen.sampling.adaptation import window
from jgen.sampling.chains import start, step_chains
from jgen.sampling.driver import resume, sample
from jgen.testing.sampler_checks.target_draws import exact_draws, flat_values, positions
from jgen.types import DrawKind
from tests.conftest import ROOT
from tests.helpers.aimed_samplers import AIMED, SAMPLERS, TARGET, same
from tests.helpers.gaps import largest_difference
from tests.helpers.marking import first_of_each
from tests.helpers.members import SAMPLERS as MODULES, TARGETS, first_claimed, kind_of, recipe_of, target_of
from tests.helpers.random_keys import fresh_key

KEY = jax.random.key(20)
NAN, INF = float("nan"), float("inf")


def test_differences_include_nan_and_infinity():
    """A NaN in one run only is an infinite difference."""
    gaps = {
        ((1.0, NAN, INF, -INF), (1.0, NAN, INF, -INF)): 0.0,
        ((1.0, 2.5), (1.0, 2.0)): 0.5,
        ((1.0, NAN), (3.0, 2.0)): INF,
        ((1.0, 2.0), (3.0, NAN)): INF,
        ((1.0, INF), (3.0, -INF)): INF,
        ((True, False), (True, True)): 1.0,
    }
    for pair, gap in gaps.items():
        assert largest_difference(*({"a": np.array(values), "b": np.zeros((2, 0))} for values in pair)) == gap


ROUNDING = ("adaptive_importance", "elliptical_slice", "sghmc", "sgld", "slice_sampler")
"""Samplers whose steps sum or rotate in an order that a program of another size may change."""


@pytest.mark.slow
@pytest.mark.parametrize("name", first_of_each(sorted(MODULES, key=lambda name: name != "nuts")))
def test_chains_are_the_same_alone_among_others_and_on_devices(name):
    """Bit for bit where it is the same program, and every draw from an elementwise density. Elsewhere XLA may
    sum in another order, which a few steps in float64 leave far below 1e-5."""
    command = [sys.executable, "-m", "tests.helpers.chains_in_company", name]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    found_by_kind = json.loads(done.stdout)
    assert found_by_kind
    for kind, found in found_by_kind.items():
        assert found["in chunks"] == found["resumed"] == [0, 0], found_by_kind
        for in_draws, in_all in found.values():
            assert in_all <= 1e-5, found_by_kind
            assert in_draws == 0 or kind == "any" or name in ROUNDING, found_by_kind


def check_resumed(sampler, **options):
    """Check that 7 draws are 3 and 4 more, where 5 fill a chunk: cut and joined in the middle of chunks."""
    state, _ = start(KEY, sampler, num_chains=5, **options)
    whole = resume(state, sampler, num_draws=7, chunk_size=5)
    some = resume(state, sampler, num_draws=3, chunk_size=5)
    rest = resume(some.state, sampler, num_draws=4, chunk_size=5)
    assert same(whole.draws, jax.tree.map(lambda *a: np.concatenate(a, axis=1), some.draws, rest.draws))
    assert same(whole.state[1:], rest.state[1:])  # the keys are those of the start


@pytest.mark.parametrize("name", first_of_each(sorted(SAMPLERS, reverse=True), family=kind_of))
def test_resumed_runs_are_the_same(name):
    """Bit for bit, the last state too."""
    check_resumed(SAMPLERS[name], position=positions(AIMED[name], 5))


def test_resumed_runs_are_the_same_after_warm_up():
    options = {"num_warmup": 10, "adaptation": window(0.574), "position": positions(TARGET, 5)}
    check_resumed(SAMPLERS["mala"], **options)


def coin_density(position):
    """Density of a coin and of x from one of two normals."""
    return -0.5 * (position["x"] - 4.0 * position["coin"]) ** 2


def x_given(rest):
    return dist.Normal(4.0 * rest["coin"], 1.0)


@pytest.mark.weekly
def test_resumed_runs_of_transforms_are_the_same():
    """All of them at once."""
    flip = block(Partial(enumerate_states, candidates={"coin": jnp.arange(2)}), coin_density, "coin")
    sweep = cycle(flip, gibbs(x_given, "x"), block(mala, coin_density, "x"))
    position = {"coin": jnp.zeros(5, int), "x": jnp.zeros(5)}
    check_resumed(select(burn_in(thin(sweep, 2), 3), "x"), position=position)


@pytest.mark.weekly
def test_resumed_runs_of_wrapped_kernels_are_the_same():
    blackjax = pytest.importorskip("blackjax")
    from jgen.interop import from_blackjax, from_numpyro

    options = {"step_size": 0.1, "inverse_mass_matrix": TARGET.variance}
    check_resumed(from_blackjax(blackjax.nuts, TARGET.log_density, **options), position=positions(TARGET, 5))
    check_resumed(from_numpyro(NUTS, TARGET.log_density, **options), position=positions(TARGET, 5))


def check_constant(sampler, target):
    """Check that a run stores what its steps return, constant entries too, before and after a warm-up."""
    state, _ = start(KEY, sampler, num_chains=3, position=positions(target, 3))
    run = resume(state, sampler, num_draws=4)
    step, entries = jax.jit(step_chains), []
    for index in range(4):
        state, draws = step(sampler, state)
        entries.append({name: draws.info[name] for name in draws.constant & draws.info.keys()})
        for stored, made in zip(jax.tree.leaves(run.draws), jax.tree.leaves(draws), strict=True):
            np.testing.assert_allclose(stored[:, index], made, rtol=1e-4, atol=1e-5)
    for later, name in product(entries[1:], entries[0]):
        np.testing.assert_array_equal(later[name], entries[0][name], f"{name} is declared constant")
    tuning = getattr(state.states, "tuning", None)
    if hasattr(tuning, "step_size"):  # as after a warm-up
        tuning = tuning._replace(step_size=0.9 * tuning.step_size)
        _, draws = step(sampler, state._replace(states=state.states._replace(tuning=tuning)))
        np.testing.assert_array_equal(draws.info["step_size"], tuning.step_size)


def by_kind():
    """Return a sampler of each kind of draws, slow where it is a chain or a population; the rest weekly."""
    for name in first_of_each(sorted(SAMPLERS, reverse=True), family=kind_of):
        is_slow = isinstance(name, str) and kind_of(name) in (DrawKind.MARKOV, DrawKind.ENSEMBLE)
        yield pytest.param(name, marks=pytest.mark.slow) if is_slow else name


@pytest.mark.parametrize("name", list(by_kind()))
def test_constant_info_does_not_change(name):
    check_constant(SAMPLERS[name], AIMED[name])


def check_constant_hmc(module):
    check_constant(module.hmc(TARGET.log_density, step_size=0.1, num_steps=2), TARGET)


def marks(sampler, target):
    """Return slow for the first target of samplers of independent draws, weekly for other pairs.

    One pair in 192 of the others is slow. Markov kernels have the checks of ``check_sampler``.
    """
    if target == first_claimed(sampler):
        exact = kind_of(sampler) in (DrawKind.INDEPENDENT, DrawKind.WEIGHTED)
        return pytest.mark.slow if exact else pytest.mark.weekly
    place = list(MODULES).index(sampler) + list(TARGETS).index(target)
    return pytest.mark.slow if place % 192 == 0 else pytest.mark.weekly


PAIRS = [
    pytest.param(sampler, target, id=f"{sampler}-{target}", marks=marks(sampler, target))
    for sampler in MODULES
    if kind_of(sampler) is not DrawKind.BIASED
    for target in TARGETS
]
FALSE_ALARM = 1e-6
"""False-alarm rate of a run of all pairs, divided equally among pairs, their coordinates and log Z."""
EPS = float(np.finfo(np.float32).eps)
NUM_CHAINS, NUM_DRAWS, NUM_WEIGHTED = 128, {DrawKind.MARKOV: 200, DrawKind.ENSEMBLE: 20}, 2000


@pytest.mark.parametrize(("sampler", "target"), PAIRS)
def test_means_and_log_evidence_are_right(sampler, target):
    """Chains start from exact draws where there are any, and are independent: the variance of their means
    is a valid standard error for any autocorrelation, with 127 degrees of freedom."""
    truth, recipe = target_of(target), recipe_of(sampler, target)
    if recipe is None or truth.mean is None:
        pytest.skip(f"{sampler} declines {target}, or its mean is not known")
    key, is_markov = fresh_key(), kind_of(sampler) is DrawKind.MARKOV
    options = {"num_chains": NUM_CHAINS, "num_draws": NUM_DRAWS.get(kind_of(sampler), NUM_WEIGHTED)}
    if is_markov:
        exact = truth.sample is not None
        options["position"] = exact_draws(key, truth, NUM_CHAINS) if exact else spread_starts(truth)
    if recipe.target_acceptance is not None:
        options |= {"num_warmup": 300, "adaptation": window(recipe.target_acceptance)}
    run = sample(jax.random.fold_in(key, 1), recipe.sampler, **options)
    draws = merge_particles(run.draws, 1)
    values = flat_values(draws).astype(np.float64)
    weights = np.ones(values.shape[:2])
    if draws.log_weight is not None:
        log_weight = draws.log_weight.astype(np.float64)
        weights = np.exp(log_weight - log_weight.max())
    mean = np.einsum("cd,cdi->i", weights, values) / weights.sum()
    deviations = np.einsum("cd,cdi->ci", weights, values - mean) / weights.mean() / values.shape[1]
    error = deviations.std(axis=0, ddof=1) / np.sqrt(NUM_CHAINS)
    # Where few draws have weight, a discrete coordinate may have no spread: use that of the truth.
    independent = np.asarray(truth.variance) * (weights**2).sum() / weights.sum() ** 2
    error = np.maximum(error, np.sqrt(independent)) if not is_markov else error
    rounding = 64 * EPS * (1.0 + np.abs(values).max(axis=(0, 1)))
    share = FALSE_ALARM / len(PAIRS) / (mean.size + 1)
    allowed = stats.t(NUM_CHAINS - 1).isf(share / 2) * error + rounding
    assert np.all(np.abs(mean - np.asarray(truth.mean)) <= allowed)
    if run.draws.kind in (DrawKind.WEIGHTED, DrawKind.ENSEMBLE) and truth.log_evidence is not None:
        found = log_evidence(run.draws)
        allowed = stats.t(found.dof).isf(share / 2) * float(found.standard_error)
        # Where all weights are equal there is no error but the rounding of log densities, of which some are
        # sums of as many terms as there are coordinates, and of the size of log Z.
        size = values.shape[-1] + abs(float(truth.log_evidence))
        assert abs(float(found.value) - float(truth.log_evidence)) <= allowed + 8 * EPS * size


def spread_starts(truth):
    """Draw starts around the target's own, where there are no exact draws."""
    flat, unravel = ravel_pytree(truth.start)
    noise = jax.random.normal(jax.random.key(0), (NUM_CHAINS, flat.size))
    return jax.vmap(lambda row: unravel(flat + 0.1 * row))(noise)
