"""The gate: every sampler keeps every law, and every planted bug is caught."""

import dataclasses
from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from jax.tree_util import Partial

import jgen.samplers
import jgen.targets
from jgen.samplers import direct
from jgen.samplers.accept import accept
from jgen.targets import (
    asia,
    banana,
    beta,
    double_well,
    eight_schools,
    hidden_markov,
    skew_normal,
    standard_gaussian,
    three_modes,
)
from jgen.testing import check_sampler, members
from jgen.testing.check_sampler import FALSE_ALARM
from jgen.testing.sampler_checks import CheckFailed, importance_weights, invariance
from jgen.types import DrawKind, Draws, Sampler
from tests.helpers.marking import in_ci, one_of_each, some_in_ci
from tests.helpers.random_keys import fresh_key
from tests.mutants.kernels import KERNEL_BUGS, WEIGHT_BUGS, plant

pytestmark = pytest.mark.usefixtures("optimised")
SAMPLERS = members(jgen.samplers, "recipe")
COUNTS = {"num_grads": jnp.int32(0), "num_log_densities": jnp.int32(0)}
TARGETS = {make.__name__: make for make in (banana, asia, hidden_markov, beta, three_modes)}


def aim(module: Any):
    return lambda target, scale: module.recipe(target, scale).sampler


def stated(module: Any):
    """What a biased sampler says of its variance on a standard Gaussian; None if it says nothing."""
    target = standard_gaussian(2)
    if getattr(module.recipe(target), "biased_variance", None) is None:
        return None
    return lambda scale: module.recipe(target, scale).biased_variance


def everywhere(target):
    """Started from exact draws, invariance needs no crossing between modes."""
    return dataclasses.replace(target, traits=frozenset())


SLOW = {
    *("accept_reject", "adaptive_rejection", "adjusted_mclmc", "ancestral", "annealed", "discrete_gibbs"),
    *(
        "elliptical_slice",
        "mclmc",
        "multiple_importance",
        "nuts",
        "sgld",
        "slice_sampler",
        "smc",
        "tempering",
    ),
}
"""More than five seconds of CPU; most have kin in the default suite."""
WEEKLY = {
    *("adaptive_importance", "accept_reject, proposal density forgotten"),
    *("barker", "ghmc", "jittered_hmc", "langevin", "sghmc"),
}
"""More than half a minute, or of near kin to one of the others."""
KERNELS = ("hmc", "mala", "metropolis", "nuts")
QUICK_BUGS = ("1 MALA, ratio reversed", "2 HMC, no accept step", "8 Metropolis, a key used twice")


def marked(names: Iterable[str]) -> list:
    return [in_ci(name, name in SLOW) if name in SLOW | WEEKLY else name for name in names]


@pytest.mark.parametrize("name", marked(SAMPLERS))
def test_every_sampler_keeps_every_law(name):
    claimed = [make for make in TARGETS.values() if SAMPLERS[name].recipe(make()) is not None]
    assert claimed, f"{name} claims none of {list(TARGETS)}"
    reversible = SAMPLERS[name].recipe(claimed[0]()).reversible
    check_sampler(
        aim(SAMPLERS[name]), claimed[0](), reversible=reversible, biased_variance=stated(SAMPLERS[name])
    )


def test_all_gates_together_cry_wolf_in_less_than_one_run_in_ten_thousand(request):
    """Counted is every test of this run that calls ``check_sampler``, on shipped samplers, transforms and
    wrapped kernels alike: 1e-6 each, a bound for exact kernels, by the central limit theorem for others. Not
    counted are tests of a single law or fact, each of which has 1e-6 of its own, or less."""
    functions = [item.function for item in request.session.items if hasattr(item, "function")]
    gates = sum("check_sampler" in function.__code__.co_names for function in functions)
    assert max(gates, len(SAMPLERS)) * FALSE_ALARM < 1e-4


# NUTS is checked on fewer, shorter runs: its lanes wait for each other.
def effort(name: str) -> dict[str, int]:
    return {"num_steps": 3} if "nuts" in name.lower() else {"num_steps": 10}


HARD = {f"{make.__name__}-{name}": (make, name) for make in (double_well, eight_schools) for name in KERNELS}


@pytest.mark.parametrize("case", some_in_ci(HARD, 3, quick=["double_well-mala"]))
def test_kernels_leave_hard_targets_invariant(case):
    make_target, name = HARD[case]
    invariance(aim(SAMPLERS[name]), everywhere(make_target()), fresh_key(), **effort(name))


@pytest.mark.parametrize("name", one_of_each(KERNEL_BUGS, QUICK_BUGS))
def test_planted_kernel_bugs_are_caught(name, kills):
    make = aim(plant(KERNEL_BUGS[name]))
    with kills(name):
        for target in (double_well(), standard_gaussian(2), skew_normal()):  # what one misses another sees
            invariance(make, everywhere(target), fresh_key(), **effort(name))


@pytest.mark.parametrize("name", marked(WEIGHT_BUGS))
def test_planted_weight_bugs_are_caught(name, kills):
    with kills(name):
        importance_weights(aim(plant(WEIGHT_BUGS[name])), banana(), fresh_key())


def stretch_step(log_density, step_size, jacobian, key, position):
    """A multiplicative random walk on (0, 1): x' = x e^(noise), whose ratio needs the Jacobian x'/x."""
    noise_key, accept_key = jax.random.split(key)
    proposal = position * jnp.exp(step_size * jax.random.normal(noise_key))
    log_ratio = log_density(proposal) - log_density(position) + jacobian * jnp.log(proposal / position)
    position, rate, _ = accept(accept_key, log_ratio, proposal, position)
    return position, Draws(position, {"acceptance_rate": rate}, None, DrawKind.MARKOV)


def stretch_init(key, position):
    del key
    return position


def stretch(jacobian):
    """The walk with its Jacobian (1.0), or without (bug 9)."""
    return lambda target, scale: Sampler(
        Partial(stretch_init), Partial(stretch_step, target.log_density, scale, jnp.float32(jacobian))
    )


def test_a_dropped_jacobian_is_caught(kills):
    invariance(stretch(1.0), beta(), fresh_key())
    with kills("9 multiplicative walk, no Jacobian", match="does not leave beta invariant"):
        invariance(stretch(0.0), beta(), fresh_key())


def test_the_gate_refuses_to_judge_without_power():
    with pytest.raises(ValueError, match="take more chains"):
        invariance(aim(SAMPLERS["mala"]), standard_gaussian(2), fresh_key(), num_chains=2500)


def markov_step(key, state):
    return state, Draws(jax.random.normal(key, (2,)), COUNTS, None, DrawKind.MARKOV)


def mislabelled(target, scale):
    del scale
    return direct(target)._replace(step=Partial(markov_step))


def test_the_gate_needs_what_it_compares_with():
    no_draws = dataclasses.replace(standard_gaussian(2), sample=None)
    with pytest.raises(ValueError, match="no exact sampler"):
        invariance(aim(SAMPLERS["mala"]), no_draws, fresh_key())
    with pytest.raises(ValueError, match="law of Markov kernels"):
        invariance(aim(SAMPLERS["importance"]), banana(), fresh_key())
    with pytest.raises(ValueError, match="law of weighted draws"):
        importance_weights(mislabelled, banana(), fresh_key())


def test_check_sampler_names_the_law_and_the_key():
    broken = aim(plant(KERNEL_BUGS["2 Metropolis, no accept step"]))
    with pytest.raises(CheckFailed, match=r"invariance: .*jax.random.key\(\d+\)"):
        check_sampler(broken, standard_gaussian(2))
