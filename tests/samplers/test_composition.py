"""Blocks, Gibbs draws and discrete kernels: exact answers, every law, and the bugs they must catch."""

from itertools import product
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial

from jgen._internal.binding import bind_static
from jgen.diagnostics.summary import summary
from jgen.samplers import (
    ancestral,
    block,
    burn_in,
    cycle,
    discrete_gibbs,
    enumerate_states,
    gibbs,
    mala,
    thin,
)
from jgen.sampling.driver import sample
from jgen.targets import asia
from jgen.testing import check_sampler, count_compilations
from jgen.testing.sampler_checks import invariance
from jgen.testing.sampler_checks.target_draws import exact_draws
from tests.helpers.composed_samplers import (
    RHO,
    conjugate_sweep,
    given,
    ising,
    ising_density,
    ising_sweep,
    mixture,
    mixture_sweep,
    pair,
    pair_density,
    pair_sweep,
    with_bug,
)
from tests.helpers.marking import one_of_each
from tests.helpers.random_keys import fresh_key
from tests.mutants.composition import GIBBS_BUGS, ISING_BUGS, MIXTURE_BUGS

KEY = jax.random.key(5)
QUICK = ("cycle, a conditional of the old value, after the move", "discrete Gibbs, a scan that skips a site")


@pytest.mark.slow
def test_a_composed_sampler_keeps_every_law():
    """Continuous and discrete blocks of one position: a gradient, a sweep and a list, one after the other."""
    check_sampler(mixture_sweep(with_bug()), mixture(), reversible=False)


@pytest.mark.parametrize(
    ("make", "target"),
    [
        pytest.param(pair_sweep(with_bug()), pair(), id="pair"),
        pytest.param(ising_sweep(with_bug()), ising(), id="ising"),
        pytest.param(conjugate_sweep, mixture(), id="conjugate", marks=pytest.mark.slow),
    ],
)
def test_gibbs_leaves_its_target_invariant(make, target):
    invariance(make, target, fresh_key(), scales=(1.0,))


PLANTED = (
    {name: (bug, pair_sweep, pair) for name, bug in GIBBS_BUGS.items()}
    | {name: (bug, ising_sweep, ising) for name, bug in ISING_BUGS.items()}
    | {name: (bug, mixture_sweep, mixture) for name, bug in MIXTURE_BUGS.items()}
)


@pytest.mark.parametrize("name", one_of_each(PLANTED, QUICK))
def test_planted_bugs_are_caught(name, kills):
    bug, sweep, target = PLANTED[name]
    with kills(name):
        invariance(sweep(with_bug(bug)), target(), fresh_key(), scales=(1.5,), num_steps=10)


def test_a_sweep_forgets_as_fast_as_theory_says():
    """Of x and then y, x is an AR(1) of coefficient rho^2 exactly; a correlation of n pairs has the standard
    error (1 - r^2) / sqrt n, and 6 of them are passed with probability 2e-9."""
    sweep, n = cycle(gibbs(given, "x"), gibbs(given, "y")), 40_000
    before = exact_draws(fresh_key(), pair(), n)
    run = sample(fresh_key(), sweep, num_draws=1, num_chains=n, position=before)
    r = np.corrcoef(before["y"], run.draws.value["y"][:, 0])[0, 1]
    assert abs(r - RHO**2) < 6 * (1 - RHO**4) / np.sqrt(n)


def test_a_site_tied_to_others_is_flagged_in_every_draw():
    """Whether either disease is there follows from the two, so that site alone can never move."""
    target = asia()
    sampler = discrete_gibbs(target.log_density, num_values=2)
    run = sample(KEY, sampler, num_draws=20, num_chains=50, position=exact_draws(KEY, target, 50))
    assert run.draws.info["stuck"].all()
    assert run.draws.info["num_stuck_sites"].min() >= 1
    assert summary(run.draws).totals["num_stuck"] == 1000
    either = run.draws.value["either"]
    assert np.array_equal(either, np.broadcast_to(either[:, :1], either.shape))


@pytest.mark.slow
def test_tied_sites_move_together_by_enumeration():
    """The block of the three: 8 candidates, half of them impossible."""
    target = asia()
    names = ("tub", "lung", "either")
    candidates = dict(zip(names, jnp.array(list(product((0, 1), repeat=3))).T, strict=True))
    others = ("asia", "bronc", "dysp", "smoke", "xray")

    def make(target, scale):
        del scale
        return cycle(
            block(Partial(enumerate_states, candidates=candidates), target.log_density, *names),
            block(Partial(bind_static(discrete_gibbs, num_values=2)), target.log_density, *others),
        )

    invariance(make, target, fresh_key(), scales=(1.0,))
    run = sample(KEY, make(target, 1.0), num_draws=20, num_chains=50, position=exact_draws(KEY, target, 50))
    assert not run.draws.info["stuck"].any()
    assert not run.draws.info["unlisted"].any()


def test_a_disconnected_block_is_flagged():
    """A label that the rest determines: whatever its value, no other has any probability."""

    def tied(position):
        return jnp.where(position["z"] == position["sign"], 0.0, -jnp.inf)

    start = {"z": jnp.zeros(3, int), "sign": jnp.zeros(3, int)}
    members = [
        block(Partial(enumerate_states, candidates={name: jnp.arange(2)}), tied, name)
        for name in ("z", "sign")
    ]
    run = sample(KEY, cycle(*members), num_draws=10, num_chains=3, position=start)
    assert run.draws.info["stuck"].all()


def test_a_list_that_lacks_the_present_value_is_flagged():
    sampler = enumerate_states(lambda x: -x, candidates=jnp.array([1.0, 2.0]))
    run = sample(KEY, sampler, num_draws=3, num_chains=2, position=jnp.array([0.0, 1.0]))
    assert run.draws.info["unlisted"][:, 0].tolist() == [True, False]
    assert not run.draws.info["unlisted"][:, 1:].any()
    assert (run.draws.value > 0).all()


def test_no_probability_anywhere_keeps_the_position():
    sampler = enumerate_states(lambda x: jnp.nan * x, candidates=jnp.array([1.0, 2.0]))
    run = sample(KEY, sampler, num_draws=3, num_chains=1, position=jnp.ones(1))
    assert (run.draws.value == 1.0).all()
    assert run.draws.info["invalid"].all()
    assert run.draws.info["stuck"].all()


def test_a_draw_that_is_not_finite_is_not_taken():
    sampler = cycle(gibbs(lambda rest: dist.Normal(jnp.nan * rest["y"], 1.0), "x"), gibbs(given, "y"))
    run = sample(KEY, sampler, num_draws=3, num_chains=2, position={"x": jnp.ones(2), "y": jnp.ones(2)})
    assert (run.draws.value["x"] == 1.0).all()
    assert run.draws.info["invalid"].all()


def test_rebuilt_compositions_compile_nothing():
    def run(step_size):
        sampler = mixture_sweep(with_bug())(mixture(), step_size)
        sample(KEY, sampler, num_chains=2, num_draws=2, position=exact_draws(KEY, mixture(), 2))

    run(0.5)
    with count_compilations() as compiled:
        run(0.7)
    assert compiled == []


def noise():
    return dist.Normal()


def start(sampler, position):
    return sampler.init(KEY, position)


DENSITY = mixture().log_density
SCALARS = {"x": jnp.zeros(()), "y": jnp.zeros(())}
BAD = {
    "no names": (lambda: block(mala, DENSITY), "takes the names"),
    "a name twice": (lambda: block(mala, DENSITY, "mu", "mu"), "each once"),
    "a name that is not there": (
        lambda: start(block(mala, DENSITY, "nu"), mixture().start),
        "has no nu; it has",
    ),
    "no dict": (lambda: start(block(mala, pair_density, "x"), jnp.zeros(2)), "must be a dict"),
    "no dict to draw in": (
        lambda: gibbs(given, "x").step(KEY, SimpleNamespace(position=1.0)),
        "must be a dict",
    ),
    "one value": (lambda: discrete_gibbs(ising_density, num_values=1), "num_values >= 2"),
    "floats as sites": (lambda: start(discrete_gibbs(jnp.sum, num_values=2), jnp.zeros(3)), "moves integers"),
    "no candidates": (lambda: enumerate_states(jnp.sum, jnp.zeros((0, 2))), "one list of candidates"),
    "ragged candidates": (
        lambda: enumerate_states(jnp.sum, (jnp.zeros(2), jnp.zeros(3))),
        "one list of candidates",
    ),
    "candidates of another shape": (
        lambda: start(enumerate_states(jnp.sum, jnp.zeros(2)), jnp.zeros(2)),
        "looks like",
    ),
    "a batch of conditionals": (
        lambda: cycle_once(gibbs(lambda _: dist.Normal(jnp.zeros(2), 1.0), "x")),
        r"\.to_event\(\)",
    ),
    "burn-in in a cycle": (
        lambda: cycle(burn_in(mala(pair_density), 10), mala(pair_density)),
        r"burn_in\(cycle\(",
    ),
    "burn-in under a thinning": (
        lambda: cycle(mala(pair_density), thin(burn_in(mala(pair_density), 10), 2)),
        r"burn_in\(cycle\(",
    ),
    "burn-in in a block": (
        lambda: start(block(lambda density: burn_in(mala(density), 10), pair_density, "x"), SCALARS),
        r"burn_in\(cycle\(",
    ),
    "a direct sampler in a cycle": (
        lambda: cycle_once(block(lambda _: ancestral({"x": noise}), pair_density, "x")),
        "cycle composes Markov kernels",
    ),
}


def cycle_once(member):
    sampler = cycle(gibbs(given, "y"), member)
    return sampler.step(KEY, start(sampler, SCALARS))


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told_so(name):
    call, message = BAD[name]
    with pytest.raises((ValueError, TypeError), match=message):
        call()
