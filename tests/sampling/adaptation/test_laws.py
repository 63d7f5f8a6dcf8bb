"""Laws of adaptation: one update a step, off in sampling, counted in the cost; each member by itself."""

import dataclasses
from importlib import import_module

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial

import jgen.samplers
from jgen._internal.binding import bind_static
from jgen.samplers import (
    AnnealingPath,
    block,
    cycle,
    discrete_gibbs,
    ghmc,
    hmc,
    jittered_hmc,
    mala,
    metropolis,
    tempering,
)
from jgen.samplers.mcmc.jittered_hmc import Flown, TrajectoryTuning
from jgen.sampling.adaptation import chees, fisher, ladder, low_rank, meads, per_member, step_size, window
from jgen.sampling.driver import resume, sample, start
from jgen.targets import standard_gaussian
from jgen.testing import members
from jgen.testing.sampler_checks import CheckFailed, transform_consistency
from jgen.testing.sampler_checks.evaluation_counter import TALLY, with_counter
from jgen.testing.sampler_checks.target_draws import positions
from tests.helpers.adaptation_histories import allowed_error, draws, fed, feed
from tests.helpers.mutant import plant
from tests.mutants.adaptation import MIXED, ONCE, RUNNING

KEY = jax.random.key(7)
TARGET = standard_gaussian(4)
SAMPLERS = {
    name: module.recipe(TARGET).sampler
    for name, module in members(jgen.samplers, "recipe").items()
    if module.recipe(TARGET) is not None
}
NUM_CHAINS = 8


def same(first, second):
    return all(
        np.array_equal(a, b, equal_nan=True)
        for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True)
    )


def rates(key, index, states, data):
    """All chains accept alike, now more, now less; nothing moves."""
    del key, data
    return states, draws(states, jnp.full(len(states.position), 0.5 + 0.4 * jnp.sin(1.0 + index)))


def hoffman_and_gelman(num_warmup, target, first=1.0):
    """Their equations (6), drawn to the first step size; sampling has the average ``[step]``."""
    path, errors, log_average = [], 0.0, np.log(first)
    for t in range(1, num_warmup + 1):
        errors += target - (0.5 + 0.4 * np.sin(t))
        log_step = np.log(first) - np.sqrt(t) / 0.05 * errors / (t + 10)
        log_average = t**-0.75 * log_step + (1 - t**-0.75) * log_average
        path.append(log_step)
    return np.exp([*path[:-1], log_average])


def steps_are_averaged_once_a_step(make, num_chains):
    """Bug 5: identical chains, however many, count as one."""
    tuning = TrajectoryTuning(jnp.ones(()), jnp.ones(3), jnp.ones(()))
    states = fed(num_chains, 3, tuning)
    nowhere = jnp.zeros((num_chains, 3))
    states = states._replace(flown=Flown(nowhere, nowhere, nowhere, jnp.ones(num_chains)))
    _, _, path = feed(make(0.65), states, rates, KEY, 60, ())
    # The rounding of 60 sums of less than 20 in float32, which sqrt(t) / 0.05 / (t + 10) <= 3.2 multiplies.
    rounding = 60 * 20 * float(np.finfo(np.float32).eps) * 3.2
    np.testing.assert_allclose(path[:60, 0], hoffman_and_gelman(60, 0.65), rtol=rounding)


@pytest.mark.parametrize("num_chains", [2, 32])
@pytest.mark.parametrize("make", [step_size, window, fisher, low_rank, chees])
def test_step_sizes_are_averaged_once_a_step(make, num_chains):
    steps_are_averaged_once_a_step(make, num_chains)


@pytest.mark.parametrize("name", ONCE)
def test_averaging_otherwise_is_caught(name, kills):
    bug = ONCE[name]
    module = plant(bug)
    make = getattr(module, (bug.user or bug.module).rpartition(".")[2])
    with kills(name, error=AssertionError):
        steps_are_averaged_once_a_step(make, 32)


ADAPTATIONS = {
    "step_size": step_size(0.8),
    "window": window(0.8),
    "dense window": window(0.8, dense=True),
    "fisher": fisher(0.8),
    "low_rank": low_rank(0.8, rank=2, num_rows=8),
    "chees": chees(),
    "meads": meads(),
    "ladder": ladder(),
}
TUNABLE = [
    name
    for name, sampler in SAMPLERS.items()
    if hasattr(jax.eval_shape(sampler.init, KEY, TARGET.start), "tuning")
]
NATURAL = {
    "step_size": "metropolis",
    "window": "hmc",
    "dense window": "mala",
    "fisher": "hmc",
    "low_rank": "mala",
    "chees": "jittered_hmc",
    "meads": "ghmc",
}
QUICK = ("window", "chees", "meads")
PAIRS = [
    *(
        pytest.param(adaptation, sampler, marks=() if adaptation in QUICK else pytest.mark.weekly)
        for adaptation, sampler in NATURAL.items()
    ),
    *(
        pytest.param(adaptation, sampler, marks=pytest.mark.weekly)
        for adaptation in ("window", "low_rank")
        for sampler in TUNABLE
        if sampler != NATURAL[adaptation]
    ),
]


def warmed_up(adaptation, sampler, **options):
    """After a warm-up with one window in it; skipped where the sampler lacks what the adaptation learns."""
    try:
        return start(
            KEY,
            SAMPLERS[sampler],
            num_chains=NUM_CHAINS,
            position=positions(TARGET, NUM_CHAINS),
            num_warmup=100,
            adaptation=ADAPTATIONS[adaptation],
            **options,
        )[0]
    except TypeError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(("adaptation", "sampler"), PAIRS)
def test_adaptation_is_off_in_sampling(adaptation, sampler):
    """Bug 6: what was learned is shared by all chains, and is bit for bit the same after sampling."""
    before = warmed_up(adaptation, sampler)
    after = resume(before, SAMPLERS[sampler], num_draws=20)
    tuning = before.states.tuning
    assert same(tuning, after.state.states.tuning)
    assert same(tuning, jax.tree.map(lambda leaf: jnp.broadcast_to(leaf[:1], leaf.shape), tuning))
    assert np.isfinite(np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tuning)])).all()
    assert tuning.step_size[0] != SAMPLERS[sampler].init(KEY, TARGET.start).tuning.step_size


@pytest.mark.parametrize("name", RUNNING)
def test_adaptation_left_running_is_caught(name, kills):
    module = plant(RUNNING[name])
    before = warmed_up("step_size", "hmc")
    sampler = module.recipe(TARGET).sampler if hasattr(module, "recipe") else SAMPLERS["hmc"]
    after = getattr(module, "resume", resume)(before, sampler, num_draws=5)
    with kills(name, error=AssertionError):
        assert same(before.states.tuning, after.state.states.tuning)
    if hasattr(module, "recipe"):
        with pytest.raises(CheckFailed, match="adaptation goes on in sampling"):
            transform_consistency(lambda target, scale: module.recipe(target, scale).sampler, TARGET, KEY)


def tempered(log_density, step_size):
    path = AnnealingPath(dist.Normal(jnp.zeros(4), 2.0).to_event(1), log_density)
    return tempering(path, Partial(metropolis, step_size=step_size), jnp.linspace(0.0, 1.0, 3))


COUNTED = {
    "window": hmc,
    "chees": jittered_hmc,
    "meads": ghmc,
    "fisher": hmc,
    "low_rank": mala,
    "ladder": tempered,
}


@pytest.mark.parametrize(
    "adaptation",
    [pytest.param(name, marks=() if name in ("window", "chees") else pytest.mark.slow) for name in COUNTED],
)
def test_the_cost_of_warmup_is_counted(adaptation):
    """All evaluations of a warm-up, and no more: learning spends none. Each chain spends a gradient to start,
    if it keeps one; where windows are learned from there is one in it."""
    before = TALLY.read()
    num_chains = 8 if adaptation == "meads" else 2
    _, cost = start(
        KEY,
        COUNTED[adaptation](with_counter(TARGET).log_density, step_size=0.5),
        num_chains=num_chains,
        position=positions(TARGET, num_chains),
        num_warmup=100 if adaptation in ("window", "fisher", "low_rank") else 10,
        adaptation=ADAPTATIONS[adaptation],
    )
    num_grads, num_log_densities = (now - then for now, then in zip(TALLY.read(), before, strict=True))
    if adaptation == "ladder":
        assert (cost.num_grads, num_grads) == (0, 0)
        assert cost.num_log_densities == num_log_densities > 0
    else:
        assert cost.num_grads == num_grads - num_chains > 0
        assert cost.num_log_densities == num_log_densities == 0


def log_density(position):
    """A coin says which of two normals x is from."""
    return -0.5 * jnp.sum((position["x"] - 4.0 * position["coin"]) ** 2)


@pytest.mark.weekly
def test_each_member_of_a_cycle_learns_by_itself():
    """A block in the cycle, and two in a cycle inside it: each has its own aim and sees its own variables."""
    flip = block(Partial(bind_static(discrete_gibbs, num_values=2)), log_density, "coin")
    slide, walk = (block(Partial(make, step_size=0.1), log_density, "x") for make in (mala, metropolis))
    run = sample(
        KEY,
        cycle(flip, cycle(slide, walk)),
        num_draws=300,
        num_chains=32,
        position={"coin": jnp.zeros(32, int), "x": jnp.zeros((32, 3))},
        num_warmup=400,
        adaptation=per_member(None, per_member(window(0.574), step_size(0.3))),
    )
    _, (slid, walked) = run.state.states
    assert slid.kernel.tuning.inverse_mass_factor.shape == (32, 3)
    info = run.draws.info
    for name, target, steps, gamma, state in (
        ("acceptance_rate_1_0", 0.574, 50, 0.2, slid),  # averaging began anew at the end of the last window
        ("acceptance_rate_1_1", 0.3, 400, 0.05, walked),
    ):
        distance = abs(np.log(state.kernel.tuning.step_size[0] / 0.1))
        assert abs(info[name].mean() - target) < allowed_error(info[name], steps, distance, gamma)
    assert np.array_equal(info["acceptance_rate"], info["acceptance_rate_1_1"])


def apart(module):
    """Two members that accept 0.9 and 0.1, both told to accept 0.5: one step grows, one shrinks."""
    states = (fed(4, 2), fed(4, 2))
    info = {"acceptance_rate": 0.1, "acceptance_rate_0": 0.9, "acceptance_rate_1": 0.1}
    told = dataclasses.replace(
        draws(states[0], 0.0), info={name: jnp.full(4, rate) for name, rate in info.items()}
    )
    adaptation = module.per_member(step_size(0.5), step_size(0.5))
    memory, states = adaptation.init(states)
    _, (first, second) = adaptation.update(memory, states, told, jnp.int32(0), jnp.int32(9))
    assert first.tuning.step_size[0] > 1.0 > second.tuning.step_size[0]


def test_members_hear_their_own_acceptance():
    apart(import_module("jgen.sampling.adaptation.per_member"))


@pytest.mark.parametrize("name", MIXED)
def test_members_that_hear_each_other_are_caught(name, kills):
    module = plant(MIXED[name])
    with kills(name, error=AssertionError):
        apart(module)


def go(sampler, adaptation, num_chains=8):
    return lambda: start(
        KEY,
        sampler,
        num_chains=num_chains,
        num_warmup=1,
        adaptation=adaptation,
        position=positions(TARGET, num_chains),
    )


LOG_DENSITY = TARGET.log_density
BAD = {
    "lengths that are not there": (go(hmc(LOG_DENSITY), chees()), "take jittered_hmc"),
    "chains to compare": (go(jittered_hmc(LOG_DENSITY), chees(), 1), "take 2 or more"),
    "damping that is not there": (go(hmc(LOG_DENSITY), meads()), "take ghmc"),
    "uneven folds": (go(ghmc(LOG_DENSITY), meads(num_folds=3)), "got 8 chains"),
    "one fold": (lambda: meads(num_folds=1), "2 or more, got 1"),
    "gradients that are not there": (go(metropolis(LOG_DENSITY), fisher()), "keeps none"),
    "low rank without gradients": (go(metropolis(LOG_DENSITY), low_rank()), "keeps none"),
    "no rank": (lambda: low_rank(rank=0), "rank must be at least 1"),
    "few rows": (lambda: low_rank(rank=10, num_rows=19), "twice the rank"),
    "no learning": (lambda: chees(learning_rate=0.0), "learning_rate must be positive"),
    "no cycle": (go(hmc(LOG_DENSITY), per_member(window(), window())), "pass its adaptation alone"),
    "too few": (go(cycle(hmc(LOG_DENSITY), hmc(LOG_DENSITY)), per_member(window())), "the cycle has 2"),
    "a cycle as one": (
        go(cycle(hmc(LOG_DENSITY), hmc(LOG_DENSITY)), window()),
        "jgen.sampling.adaptation.per_member",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told_so(name):
    call, message = BAD[name]
    with pytest.raises((ValueError, TypeError), match=message):
        call()
