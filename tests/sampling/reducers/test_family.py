"""Test all reducers in runs: as of stored draws, resumed and restored bit for bit, in fixed memory."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro.distributions import Normal

from jgen import diagnostics
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
def test_reduced_values_are_those_of_stored_draws():
    """Folding changes nothing but the state: the same run, its draws stored and reduced by NumPy."""
    stored = run(101, store=True)
    assert same(stored.reduced, run(101).reduced)
    value = np.asarray(stored.draws.value, np.float64)
    rows = value.reshape(-1, 2)
    eps = np.finfo(np.float32).eps
    found = stored.reduced["covariance"].covariance
    np.testing.assert_allclose(found, np.cov(rows.T), rtol=1e3 * eps, atol=1e3 * eps * rows.var(0).max())
    np.testing.assert_allclose(stored.reduced["moments"].variance, rows.var(0, ddof=1), rtol=1e3 * eps)
    energy = stored.draws.info["energy"]
    np.testing.assert_allclose(stored.reduced["E-BFMI"], diagnostics.bfmi(energy), rtol=1e4 * eps)
    parts = value.reshape(3, 2, 101, 2)
    within = parts.var(2, ddof=1).mean(1) + parts.mean(2).var(1, ddof=1)
    rhat = np.sqrt(1 + parts.mean((1, 2)).var(0, ddof=1) / within.mean(0))
    np.testing.assert_allclose(stored.reduced["nested R-hat"], rhat, rtol=1e3 * eps)


@pytest.mark.parametrize(
    ("go", "reducers"),
    [pytest.param(run, MARKOV, id="chains"), pytest.param(weighted, WEIGHTED, id="weights")],
)
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
        checkpoints.save(
            tmp_path, (so_far.state, so_far.reducer_states), step=int(so_far.state.step), keep_last=10
        )

    whole = run(48, save=keep)
    fresh = run(1)
    state, reducer_states = checkpoints.restore(tmp_path, like=(fresh.state, fresh.reducer_states), step=32)
    rest = resume(
        state,
        kernel(),
        num_draws=16,
        reducers=MARKOV,
        reducer_states=reducer_states,
        store=False,
        chunk_size=16,
    )
    assert same(whole.reduced, rest.reduced)


def test_states_of_other_reducers_are_rejected():
    half = run(3)
    with pytest.raises(ValueError, match=r"are of .*'moments'.*, reducers are \['covariance'\]"):
        resume(
            half.state,
            kernel(),
            num_draws=1,
            reducers={"covariance": covariance()},
            reducer_states=half.reducer_states,
        )
    other = MARKOV | {"quantiles": quantiles(size=64)}
    with pytest.raises(ValueError, match="the state of quantiles has shapes"):
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
            seen[program] = (
                analysis.argument_size_in_bytes,
                analysis.output_size_in_bytes,
                analysis.temp_size_in_bytes,
                analysis.peak_memory_in_bytes,
            )
        return chunk(*arguments, **static)

    monkeypatch.setattr(driver, "_chunk", recorded)
    go(num_draws, stop=lambda so_far: int(so_far.state.step) >= 48, **options)
    monkeypatch.setattr(driver, "_chunk", chunk)
    assert len(seen) == 1, "a run without warm-up is one program, whatever its length"
    return next(iter(seen.values()))


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
    with count_compilations() as compiled:
        go(10**6, stop=lambda so_far: int(so_far.state.step) >= 48)
    assert compiled == []


@pytest.mark.weekly
def test_a_million_draws_leave_as_much_memory_as_a_thousand():
    """The whole run this time: bytes of all live arrays after each chunk, and quantiles at the end."""
    live = []
    probs = (0.05, 0.5, 0.95)
    folds = {"moments": moments(), "quantiles": quantiles(probs)}

    def watch(_):
        live.append(sum(leaf.nbytes for leaf in jax.live_arrays()))

    sampler = direct(Normal(0.0, 1.0))
    done = sample(KEY, sampler, num_chains=1, num_draws=10**6, reducers=folds, store=False, save=watch)
    assert len(live) >= 10**6 // 1024
    assert max(live) == live[1]  # the caller also holds the states of the first chunk
    found = jax.scipy.stats.norm.cdf(done.reduced["quantiles"].value)
    # Hoeffding for the sketch and for the draws themselves, each at 1e-7.
    allowed = 5.8 * (float(done.reduced["quantiles"].rank_error) + 1e-3 / 2)
    np.testing.assert_allclose(found, probs, atol=allowed)


MAKERS = (moments, log_evidence, covariance, bfmi, batch_means, partial(nested_rhat, 3))


@pytest.mark.parametrize("make", first_of_each(MAKERS))
def test_rebuilt_reducers_compile_nothing(make):
    draws = replace(draws_of_many(), info={"energy": draws_of_many().value["mu"]})
    fold_all(make(), draws)
    with count_compilations() as compiled:
        fold_all(make(), draws)
    assert compiled == []
