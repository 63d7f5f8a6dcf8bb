"""Test all reducers in runs: as of stored draws, resumed and restored bit for bit, in fixed memory."""

from dataclasses import replace
from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro.distributions import Normal

from jgen.samplers import direct, hmc, importance
from jgen.sampling import driver
from jgen.sampling.driver import resume, sample
from jgen.sampling.reducers import (
    batch_means,
    bfmi,
    covariance,
    log_evidence,
    moments,
    nested_rhat,
    quantiles,
)
from jgen.targets import banana
from jgen.testing import count_compilations
from jgen.training import checkpoints
from jgen.types import DrawKind, Draws
from tests.helpers.aimed_samplers import same
from tests.helpers.marking import first_of_each
from tests.helpers.reducer_folds import run as fold_all, stored as draws_of_many

KEY = jax.random.key(4)
TARGET = banana()
CHAINS = 6
MARKOV = {
    "moments": moments(),
    "covariance": covariance(),
    "quantiles": quantiles(size=32),
    "batch means": batch_means(8),
    "nested R-hat": nested_rhat(3),
    "E-BFMI": bfmi(),
}
WEIGHTED = {"moments": moments(), "covariance": covariance(), "log Z": log_evidence()}


def kernel():
    return hmc(TARGET.log_density, step_size=0.15, num_steps=5, inverse_mass_matrix=TARGET.variance)


def run(num_draws, **options):
    options = {"reducers": MARKOV, "store": False, "chunk_size": 16} | options
    position = jnp.tile(TARGET.start, (CHAINS, 1))
    return sample(KEY, kernel(), num_chains=CHAINS, position=position, num_draws=num_draws, **options)


def weighted(num_draws, **options):
    options = {"reducers": WEIGHTED, "store": False, "chunk_size": 16} | options
    sampler = importance(TARGET.log_density, TARGET.proposal)
    return sample(KEY, sampler, num_chains=CHAINS, num_draws=num_draws, **options)


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_reduced_values_are_those_of_stored_draws():
    """Folding changes nothing but the state; each reducer is compared with NumPy by its own test."""
    stored = run(101, store=True)
    assert same(stored.reduced, run(101).reduced)
    draws = jax.tree.map(lambda leaf: jnp.asarray(leaf).swapaxes(0, 1), stored.draws)  # [draw, chain, ...]
    for name, reducer in MARKOV.items():
        chex.assert_trees_all_close(stored.reduced[name], fold_all(reducer, draws), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("go", "reducers"), [(run, MARKOV), (weighted, WEIGHTED)], ids=["chains", "weights"])
def test_twice_n_is_n_resumed(go, reducers):
    """Wherever it is cut: within a chunk of the whole run, within a batch of a sketch."""
    whole, half = go(86), go(43)
    sampler = kernel() if go is run else importance(TARGET.log_density, TARGET.proposal)
    options = {"reducers": reducers, "store": False, "chunk_size": 16}
    rest = resume(half.state, sampler, num_draws=43, reducer_states=half.reducer_states, **options)
    assert same(whole.reduced, rest.reduced)
    assert same(whole.reducer_states, rest.reducer_states)
    restarted = resume(half.state, sampler, num_draws=43, **options)
    assert not same(whole.reduced, restarted.reduced)


def test_a_checkpoint_continues_to_fold(tmp_path):
    """Saved by the run itself, through Orbax, and restored into the shapes of another run."""

    def keep(so_far):
        states = so_far.state, so_far.reducer_states
        checkpoints.save(tmp_path, states, step=int(so_far.state.step), keep_last=10)

    whole, fresh = run(48, save=keep), run(1)
    state, reducer_states = checkpoints.restore(tmp_path, like=(fresh.state, fresh.reducer_states), step=32)
    options = {"reducers": MARKOV, "reducer_states": reducer_states, "store": False, "chunk_size": 16}
    assert same(whole.reduced, resume(state, kernel(), num_draws=16, **options).reduced)


def test_states_of_other_reducers_are_rejected():
    half = run(3)
    others = {
        r"are of .*'moments'.*, reducers are \['covariance'\]": {"covariance": covariance()},
        "the state of quantiles has shapes": MARKOV | {"quantiles": quantiles(size=64)},
    }
    for message, other in others.items():
        with pytest.raises(ValueError, match=message):
            resume(half.state, kernel(), num_draws=1, reducers=other, reducer_states=half.reducer_states)


def footprint(monkeypatch, go, num_draws, **options):
    """Bytes of the program that a run calls for its draws: arguments, results, scratch, and the peak."""
    seen = {}
    chunk = driver._chunk

    def recorded(*arguments, **static):
        leaves, tree = jax.tree.flatten((arguments, static))
        program = tree, *((jnp.shape(leaf), jnp.result_type(leaf)) for leaf in leaves)
        if program not in seen:
            analysis = chunk.lower(*arguments, **static).compile().memory_analysis()
            sizes = ("argument_size", "output_size", "temp_size", "peak_memory")
            seen[program] = [getattr(analysis, f"{size}_in_bytes") for size in sizes]
        return chunk(*arguments, **static)

    with monkeypatch.context() as patch:
        patch.setattr(driver, "_chunk", recorded)
        go(num_draws, stop=lambda so_far: int(so_far.state.step) >= 48, **options)
    (sizes,) = seen.values()  # a run without warm-up is one program, whatever its length
    return sizes


@pytest.mark.parametrize("go", first_of_each([weighted, run]))
def test_memory_does_not_grow_with_the_draws(monkeypatch, go):
    """A run of a million draws calls the program of a thousand; storing a chunk takes more bytes.

    The longer run is stopped after three chunks: nothing is set aside for the rest. Of weighted draws, log Z
    is folded too.
    """
    short, long = footprint(monkeypatch, go, 10**3), footprint(monkeypatch, go, 10**6)
    assert short == long
    assert min(short) > 0  # the backend reports sizes
    stored, larger = (footprint(monkeypatch, go, 10**3, store=True, chunk_size=size) for size in (16, 64))
    draw_bytes = CHAINS * 2 * 4
    assert stored[1] >= short[1] + 16 * draw_bytes
    assert larger[1] >= stored[1] + 48 * draw_bytes
    assert larger[-1] > stored[-1] > short[-1]  # the peak includes it


@pytest.mark.weekly
def test_a_million_draws_leave_as_much_memory_as_a_thousand():
    """The whole run this time: bytes of all live arrays after each chunk, and quantiles at the end."""
    live, probs = [], (0.05, 0.5, 0.95)
    folds = {"moments": moments(), "quantiles": quantiles(probs)}

    def watch(_):
        live.append(sum(leaf.nbytes for leaf in jax.live_arrays()))

    options = {"num_chains": 1, "num_draws": 10**6, "reducers": folds, "store": False, "save": watch}
    found = sample(KEY, direct(Normal(0.0, 1.0)), **options).reduced["quantiles"]
    assert len(live) >= 10**6 // 1024
    assert max(live) == live[1]  # the caller also holds the states of the first chunk
    # Hoeffding for the sketch and for the draws themselves, each at 1e-7.
    allowed = 5.8 * (float(found.rank_error) + 1e-3 / 2)
    np.testing.assert_allclose(jax.scipy.stats.norm.cdf(found.value), probs, atol=allowed)


MAKERS = (moments, log_evidence, covariance, bfmi, batch_means, partial(nested_rhat, 3))


@pytest.mark.parametrize("make", first_of_each(MAKERS))
def test_rebuilt_reducers_compile_nothing(make):
    draws = replace(draws_of_many(), info={"energy": draws_of_many().value["mu"]})
    fold_all(make(), draws)
    with count_compilations() as compiled:
        fold_all(make(), draws)
    assert compiled == []


def test_whole_numbers_and_far_draws_have_their_variance():
    """Centre before rounding to float32; 2^29 + 1 is an int32, and no float32."""
    whole = jnp.arange(24, dtype=jnp.int32).reshape(12, 2)
    far = np.float32(2.0**28) + 32 * np.asarray(whole, np.float32)
    for reducer, pick in ((moments(), lambda r: r.variance), (covariance(), lambda r: r.covariance[0, 0])):
        for draws, unit in ((whole + 2**29, 1), (jnp.asarray(far), 32)):
            found = pick(fold_all(reducer, Draws(draws, {}, None, DrawKind.MARKOV)))
            np.testing.assert_allclose(found, 50.0 * unit**2, rtol=1e-6)


@pytest.mark.parametrize("reducer", [moments(), covariance()], ids=["moments", "covariance"])
def test_one_weight_above_all_others_leaves_no_variance(reducer):
    """Rounding would make it infinite, of either sign; half-precision weights keep their digits."""
    draws = jnp.arange(8.0).reshape(4, 2)
    log_weight = jnp.array([[0.0, 1.0], [400.0, 2.0], [0.0, -1.0], [3.0, 0.0]])
    result = fold_all(reducer, Draws(draws, {}, log_weight, DrawKind.WEIGHTED))
    assert np.isnan(result[1]).all()
    half = jnp.asarray(np.linspace(-2, 2, 8).reshape(4, 2), jnp.float16)
    result = fold_all(reducer, Draws(draws, {}, half, DrawKind.WEIGHTED))
    w = np.exp(np.asarray(half, float))
    np.testing.assert_allclose(result[2], w.sum() ** 2 / (w**2).sum(), rtol=1e-6)
