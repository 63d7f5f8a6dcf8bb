"""Test all adaptations: off in sampling, counted cost, one update a step, errors."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial

import jgen.samplers
from jgen.samplers import AnnealingPath, cycle, ghmc, hmc, jittered_hmc, mala, metropolis, tempering
from jgen.samplers.mcmc.jittered_hmc import LastTrajectory, TrajectoryTuning
from jgen.sampling.adaptation import chees, fisher, ladder, low_rank, meads, per_member, step_size, window
from jgen.sampling.driver import resume, start
from jgen.targets import standard_gaussian
from jgen.testing import members
from jgen.testing.sampler_checks import transform_consistency
from jgen.testing.sampler_checks.evaluation_counter import COUNTER, with_counter
from jgen.testing.sampler_checks.target_draws import positions
from tests.helpers.adaptation_histories import draws, fed, feed
from tests.helpers.aimed_samplers import same
from tests.helpers.marking import first_of_each

KEY = jax.random.key(7)
TARGET = standard_gaussian(4)
RECIPES = {name: module.recipe(TARGET) for name, module in members(jgen.samplers, "recipe").items()}
SAMPLERS = {name: recipe.sampler for name, recipe in RECIPES.items() if recipe is not None}
NUM_CHAINS = 8


def rates(key, index, states, data):
    """Return draws of chains that do not move and share a varying acceptance rate."""
    del key, data
    return states, draws(states, jnp.full(len(states.position), 0.5 + 0.4 * jnp.sin(1.0 + index)))


def hoffman_and_gelman(num_warmup, target, first=1.0):
    """Compute their equations (6), with mu the first step size; sampling has the average ``[step]``."""
    path, errors, log_average = [], 0.0, np.log(first)
    for t in range(1, num_warmup + 1):
        errors += target - (0.5 + 0.4 * np.sin(t))
        log_step = np.log(first) - np.sqrt(t) / 0.05 * errors / (t + 10)
        log_average = t**-0.75 * log_step + (1 - t**-0.75) * log_average
        path.append(log_step)
    return np.exp([*path[:-1], log_average])


def check_updates(make, num_chains=32):
    """Check bug 5: identical chains, in any number, count as one."""
    tuning = TrajectoryTuning(jnp.ones(()), jnp.ones(3), jnp.ones(()))
    states = fed(num_chains, 3, tuning)
    origin = jnp.zeros((num_chains, 3))
    states = states._replace(last_trajectory=LastTrajectory(origin, origin, origin, jnp.ones(num_chains)))
    _, _, path = feed(make(0.65), states, rates, KEY, 60, ())
    # The rounding of 60 sums of less than 20 in float32, which sqrt(t) / 0.05 / (t + 10) <= 3.2 multiplies.
    rounding = 60 * 20 * float(np.finfo(np.float32).eps) * 3.2
    np.testing.assert_allclose(path[:60, 0], hoffman_and_gelman(60, 0.65), rtol=rounding)


MAKERS = {make.__name__: make for make in (step_size, window, fisher, low_rank, chees)}


@pytest.mark.parametrize("num_chains", first_of_each([32, 2]))
@pytest.mark.parametrize("name", first_of_each(MAKERS))
def test_step_sizes_are_updated_once_a_step(name, num_chains):
    check_updates(MAKERS[name], num_chains)


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
    "window": "hmc",
    "step_size": "metropolis",
    "dense window": "mala",
    "fisher": "hmc",
    "low_rank": "mala",
    "chees": "jittered_hmc",
    "meads": "ghmc",
}
PAIRS = [*NATURAL.items(), *((name, other) for name in ("window", "low_rank") for other in TUNABLE)]


def warmed_up(adaptation, sampler, **options):
    """Warm up through one window; skip where the sampler lacks what the adaptation needs."""
    position = positions(TARGET, NUM_CHAINS)
    options = {"num_warmup": 100, "adaptation": ADAPTATIONS[adaptation], "position": position} | options
    try:
        return start(KEY, SAMPLERS[sampler], num_chains=NUM_CHAINS, **options)[0]
    except TypeError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("pair", first_of_each(dict.fromkeys(PAIRS)), ids="-".join)
def test_adaptation_is_off_in_sampling(pair):
    """Bug 6: the tuning is shared by all chains, and bit for bit the same after sampling."""
    adaptation, sampler = pair
    before = warmed_up(adaptation, sampler)
    after = resume(before, SAMPLERS[sampler], num_draws=20)
    tuning = before.states.tuning
    assert same(tuning, after.state.states.tuning)
    assert same(tuning, jax.tree.map(lambda leaf: jnp.broadcast_to(leaf[:1], leaf.shape), tuning))
    assert np.isfinite(np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tuning)])).all()
    assert tuning.step_size[0] != SAMPLERS[sampler].init(KEY, TARGET.start).tuning.step_size


def check_fixed_tuning(module):
    """Check a changed driver, or a changed kernel, for adaptation in sampling."""
    before = warmed_up("step_size", "hmc", num_warmup=2)
    sampler = module.recipe(TARGET).sampler if hasattr(module, "recipe") else SAMPLERS["hmc"]
    after = getattr(module, "resume", resume)(before, sampler, num_draws=5)
    assert same(before.states.tuning, after.state.states.tuning)


def check_kernel(module):
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


@pytest.mark.parametrize("adaptation", first_of_each(COUNTED))
def test_the_cost_of_warmup_is_counted(adaptation):
    """All evaluations of a warm-up, with a window if there are any, and a gradient per chain at the start."""
    before = COUNTER.read()
    num_chains = 8 if adaptation == "meads" else 2
    _, cost = start(
        KEY,
        COUNTED[adaptation](with_counter(TARGET).log_density, step_size=0.5),
        num_chains=num_chains,
        position=positions(TARGET, num_chains),
        num_warmup=100 if adaptation in ("window", "fisher", "low_rank") else 10,
        adaptation=ADAPTATIONS[adaptation],
    )
    num_grads, num_log_densities = (new - old for new, old in zip(COUNTER.read(), before, strict=True))
    if adaptation == "ladder":
        assert (cost.num_grads, num_grads) == (0, 0)
        assert cost.num_log_densities == num_log_densities > 0
    else:
        assert cost.num_grads == num_grads - num_chains > 0
        assert cost.num_log_densities == num_log_densities == 0


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
    "no lengths": (go(hmc(LOG_DENSITY), chees()), "take jittered_hmc"),
    "one chain": (go(jittered_hmc(LOG_DENSITY), chees(), 1), "take 2 or more"),
    "no damping": (go(hmc(LOG_DENSITY), meads()), "take ghmc"),
    "uneven folds": (go(ghmc(LOG_DENSITY), meads(num_folds=3)), "got 8 chains"),
    "no gradients": (go(metropolis(LOG_DENSITY), fisher()), "has none"),
    "low rank without gradients": (go(metropolis(LOG_DENSITY), low_rank()), "has none"),
    "no cycle": (go(hmc(LOG_DENSITY), per_member(window(), window())), "pass its adaptation alone"),
    "too few": (go(cycle(hmc(LOG_DENSITY), hmc(LOG_DENSITY)), per_member(window())), "the cycle has 2"),
    "a cycle as one": (
        go(cycle(hmc(LOG_DENSITY), hmc(LOG_DENSITY)), window()),
        "jgen.sampling.adaptation.per_member",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_unsuitable_samplers_raise(name):
    call, message = BAD[name]
    with pytest.raises((ValueError, TypeError), match=message):
        call()
