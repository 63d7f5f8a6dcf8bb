"""The form every target has; targets are found by walking the folder, so a new one is held to it too."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

import jgen.targets as room
from jgen.types import Target
from tests.helpers.examined_targets import every, exact, flat, is_sampled, is_smooth, value_and_gradient
from tests.helpers.members import TARGETS, target_of

pytestmark = pytest.mark.usefixtures("unoptimised")  # each program runs for less time than it compiles


def test_the_walk_finds_the_exports():
    """Catches a target that `jgen.targets` forgets to hand on, and a factory unlike its file's name."""
    assert set(TARGETS) == set(room.__all__) - {"Target", "Trait"}
    assert len(TARGETS) >= 40


def like(x, y):
    assert jax.tree.structure(x) == jax.tree.structure(y)
    for left, right in zip(jax.tree.leaves(x), jax.tree.leaves(y), strict=True):
        assert (left.shape, left.dtype) == (right.shape, right.dtype)


def check_form(target, name):
    assert isinstance(target, Target)
    assert target.name == name
    assert target.source
    assert isinstance(target.log_density, Partial)
    assert not target.log_density.func.__qualname__.count("<")
    dim = ravel_pytree(target.start)[0].size
    for truth in (target.mean, target.variance):
        assert truth is None or truth.shape == (dim,)
    for function, truth in target.expectations.values():
        assert isinstance(function, Partial)
        assert jax.eval_shape(function, target.start).shape == jnp.shape(truth)
    if target.sample is not None:
        assert isinstance(target.sample, Partial)
        like(jax.eval_shape(target.sample, jax.random.key(0)), target.start)
    if target.proposal is not None:
        assert target.proposal.batch_shape == ()
        assert target.proposal.event_shape == target.start.shape
        like(jax.eval_shape(target.proposal.sample, jax.random.key(0)), target.start)
    if target.log_bound is not None:
        assert target.proposal is not None


@every()
def test_form(name):
    """Catches a closure where a pytree is due, a mean of the wrong length, a factory without an example."""
    check_form(target_of(name), name)
    assert ">>>" in TARGETS[name].__doc__


@every()
def test_rebuilding_compiles_nothing(name):
    """Catches lambdas, closures and statics that hash by identity; and a target that vmap cannot stack."""
    traces = []

    @jax.jit
    def run(target):
        traces.append(name)
        return target.log_density(target.start)

    targets = [target_of(name), TARGETS[name]()]
    assert [run.eval_shape(target).shape for target in targets] == [()] * 2
    assert len(traces) == 1
    stacked = jax.tree.map(lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves]), *targets)
    assert jax.eval_shape(jax.vmap(run), stacked).shape == (2,)


@jax.jit
def values_and_gradients(target, x):
    return value_and_gradient(target, x) if is_smooth(target) else (jax.vmap(target.log_density)(x), None)


def evaluate(target, x):
    return jax.tree.map(np.asarray, values_and_gradients(target, x))


@pytest.mark.slow
@every()
def test_far_points_and_float64(name):
    """Catches a NaN of `where`, an overflow ten deviations out, an array frozen in float32 at import.

    Where there are exact draws, their log densities in float32 must be those in float64 but for
    what rounding the input loses, times a small constant: it catches cancellation.
    """
    low = target_of(name)
    start, unravel = ravel_pytree(low.start)
    start = np.asarray(start)
    far = [start, 0 * start, 10 * start, -10 * start, 100 * start]
    if low.variance is not None:
        centre, sd = np.asarray(low.mean), np.sqrt(low.variance)
        far += [centre + 10 * sd, centre - 10 * sd]
    far = np.stack(far) if is_smooth(low) else start[None]
    rows = np.concatenate([far, exact(name).x[:200]]) if is_sampled(low) else far
    x = jax.tree.map(np.asarray, jax.vmap(unravel)(rows.astype(start.dtype)))
    values, gradients = evaluate(low, x)
    assert np.isfinite(values[0]), "the start lies outside the support"
    assert not np.isnan(values).any()
    assert gradients is None or np.isfinite(gradients[: len(far)]).all()
    with jax.enable_x64(True):
        high = TARGETS[name]()
        for leaf in jax.tree.leaves(high):
            assert jnp.result_type(leaf) in (jnp.float64, jnp.int64), leaf
        check_form(high, name)
        precise = jax.tree.map(lambda leaf, start: leaf.astype(start.dtype), x, high.start)
        expected, gradients = evaluate(high, precise)
        assert expected.dtype == np.float64
        sensitivity = 0.0 if gradients is None else np.abs(np.asarray(flat(precise)) * gradients).sum(1)
    terms = np.abs(expected) + sensitivity + 10 * rows.shape[1]
    allowed = 16 * np.finfo(np.float32).eps * terms
    error = np.abs(values.astype(np.float64)[len(far) :] - expected[len(far) :])
    assert (error <= allowed[len(far) :]).all()


@every()
def test_no_dimension_is_refused(name):
    """Catches a factory that builds an empty target."""
    for size in {"dim", "pairs"} & set(inspect.signature(TARGETS[name]).parameters):
        with pytest.raises(ValueError, match=f"{name}.*{size}"):
            TARGETS[name](**{size: 0})
