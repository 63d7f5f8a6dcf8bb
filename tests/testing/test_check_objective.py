"""Each check of objectives passes a correct objective and fails the mistake that it is there to detect."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial

from jgen.testing import CheckFailed, check_objective
from jgen.testing.check_result import Measurement
from tests.helpers.marking import first_of_each

pytestmark = pytest.mark.usefixtures("unoptimised")  # each program runs for less time than it compiles
BATCH = jnp.array([1.0, 2.0, -1.5])


def correct(weight, params, batch, key):
    """Squared error of a constant, with noise."""
    value = jnp.square(params - batch - 0.1 * jax.random.normal(key, batch.shape))
    return weight * value.mean(), {"error": value, "bound": -value - 1.0}


def scalar_aux(weight, params, batch, key):
    loss, aux = correct(weight, params, batch, key)
    return loss, {"error": aux["error"].mean()}


def ignoring(weight, params, batch, key):
    return correct(weight, params, jnp.zeros_like(batch), key)


def root(weight, params, batch, key):
    loss, aux = correct(weight, params, batch, key)
    return loss + weight * jnp.sqrt(jnp.square(params)), aux


def stopped(weight, params, batch, key):
    return correct(weight, jax.lax.stop_gradient(params), batch, key)


def keyless(weight, params, batch, key):  # noqa: ARG001
    return correct(weight, params, batch, jax.random.key(3))


def impure(weight, params, batch, key):
    loss, aux = correct(weight, params, batch, key)
    return loss * (1.0 if isinstance(loss, jax.core.Tracer) else 1.1), aux


COUNT = itertools.count()


def stateful(weight, params, batch, key):
    loss, aux = correct(weight, params, batch, key)
    number = jax.pure_callback(lambda: np.float32(next(COUNT)), jnp.float32(0), vmap_method="sequential")
    return loss + number, aux


def mixing(weight, params, batch, key):
    loss, aux = correct(weight, params, batch, key)
    return loss, aux | {"error": aux["error"] - aux["error"].mean()}


def summed(weight, params, batch, key):  # noqa: ARG001
    value = jnp.square(params - batch)
    return weight * value.sum(), {"error": value}


def ordered(weight, params, batch, key):  # noqa: ARG001
    value = jnp.square(params - batch)
    return weight * (value * jnp.arange(1.0, 1 + batch.shape[0])).mean(), {"error": value}


def needs_two(weight, params, batch, key):
    loss, aux = correct(weight, params, batch, key)
    return loss + 0 * batch.std(ddof=1), aux


def weighted_bound(weight, params, batch, key):
    loss, aux = correct(weight, params, batch, key)
    return loss, aux | {"bound": weight * aux["bound"]}


def closure(weight):
    return lambda params, batch, key: correct(weight, params, batch, key)


MISTAKES = {
    "outcome: aux": (scalar_aux, {}),
    "outcome: .*other data": (ignoring, {}),
    "transform_consistency: another key gives the same": (keyless, {}),
    "transform_consistency: another key gives another": (correct, {"stochastic": False}),
    "transform_consistency: compiled": (impure, {}),
    "transform_consistency: the same key": (stateful, {}),
    "gradients: at 0 times": (root, {}),
    "gradients: .*0 everywhere": (stopped, {}),
    "examples: .*changes with the others": (mixing, {}),
    "examples: .*sum instead of a mean": (summed, {"stochastic": False}),
    "examples: .*depends on the order": (ordered, {"stochastic": False}),
    "smallest_batch: for a batch of 1": (needs_two, {}),
    "smallest_batch: .*must raise a ValueError": (correct, {"smallest": 2}),
    "no_recompilation: made again, it compiled": (None, {}),
    "bound: .*above log p": (correct, {"log_prob": lambda params, batch: -jnp.square(params - batch) - 1.2}),
    "bound: .*options": (weighted_bound, {}),
}


def make_of(function):
    if function is None:
        return closure
    return lambda scale: Partial(function, jnp.float32(scale))


@pytest.mark.parametrize("message", first_of_each(MISTAKES, family=lambda message: message.partition(":")[0]))
def test_a_mistake_is_detected(message):
    function, options = MISTAKES[message]
    with pytest.raises(CheckFailed, match=message):
        check_objective(make_of(function), jax.random.normal, BATCH, **options)


def test_a_correct_objective_passes():
    """The noise has variance 0.01, so the mean bound lies 0.01 below log p."""
    options = {"log_prob": lambda params, batch: -jnp.square(params - batch) - 1.01}
    results = check_objective(make_of(correct), jax.random.normal, BATCH, **options)
    assert isinstance(results[-1].evidence, Measurement)
    with pytest.raises(ValueError, match="3 examples"):
        check_objective(make_of(correct), jax.random.normal, BATCH[:2])
