"""Every objective keeps every law; one that breaks a law is told which."""

import itertools
import math

import jax
import jax.numpy as jnp
import pytest
from jax.tree_util import Partial

import jgen.objectives
from jgen._internal.members import members
from jgen.objectives.recipe import Setting
from jgen.testing.check_objective import check_objective
from tests.helpers.linear_gaussian import MODEL, data, log_prob

pytestmark = pytest.mark.usefixtures("unoptimised")  # each program runs for less time than it compiles
MEMBERS = members(jgen.objectives, "recipe")
BOUNDS = ("dreg", "elbo", "iwae", "renyi")
"""Those that say so; of these the exact log p(x) must be known to the laws."""


def critic(examples):
    size = math.prod(examples.shape[1:])
    return Partial(init_critic, jnp.zeros(size)), Partial(score)


def init_critic(like, key):
    return {"in": jax.random.normal(key, (like.size, 3)), "out": jnp.array([1.0, -0.5, 0.3])}


def score(params, value):
    return jnp.tanh(value.reshape(value.shape[0], -1) @ params["in"]) @ params["out"]


def recipe_of(name):
    return MEMBERS[name].recipe(Setting(MODEL, data(4), critic))


@pytest.mark.parametrize("name", MEMBERS)
def test_form_of(name):
    recipe = recipe_of(name)
    key = jax.eval_shape(lambda: jax.random.key(0))
    params = jax.eval_shape(recipe.init, key)
    run = jax.value_and_grad(recipe.make(1.0), has_aux=True)
    (loss, aux), gradient = jax.eval_shape(run, params, recipe.batch, key)
    assert loss.shape == ()
    assert {value.shape for value in aux.values()} == {(4,)}
    assert gradient == params
    assert ("bound" in aux) == (name in BOUNDS)
    assert jax.tree.structure(recipe.make(0.5)) == jax.tree.structure(recipe.make(1.0))


@pytest.mark.slow
@pytest.mark.parametrize("name", MEMBERS)
def test_laws_of(name):
    make, init, batch, *options = recipe_of(name)
    names = ("stochastic", "coupled", "smallest")
    exact = log_prob if name in BOUNDS else None
    kept = check_objective(make, init, batch, log_prob=exact, **dict(zip(names, options, strict=True)))
    assert len(kept) == 7


def error(params, batch, key):
    """A sound objective: noise on a line."""
    noise = 0.1 * jax.random.normal(key, batch.shape)
    return jnp.square(params - batch - noise)


def sound(weight, params, batch, key):
    value = error(params, batch, key)
    return weight * value.mean(), {"error": value, "bound": -value - 1.0}


def scalar_aux(weight, params, batch, key):
    value = error(params, batch, key)
    return weight * value.mean(), {"error": value.mean()}


def deaf(weight, params, batch, key):
    value = error(params, jnp.zeros_like(batch), key)
    return weight * value.mean(), {"error": value}


def root(weight, params, batch, key):
    value = error(params, batch, key)
    return weight * (value.mean() + jnp.sqrt(jnp.square(params))), {"error": value}


def stopped(weight, params, batch, key):
    return sound(weight, jax.lax.stop_gradient(params), batch, key)


def keyless(weight, params, batch, key):  # noqa: ARG001
    return sound(weight, params, batch, jax.random.key(3))


def peeking(weight, params, batch, key):
    loss, aux = sound(weight, params, batch, key)
    return loss * (1.0 if isinstance(loss, jax.core.Tracer) else 1.1), aux


COUNT = itertools.count()


def stateful(weight, params, batch, key):
    loss, aux = sound(weight, params, batch, key)
    return loss + jax.pure_callback(
        lambda: jnp.float32(next(COUNT)), jax.ShapeDtypeStruct((), jnp.float32), vmap_method="sequential"
    ), aux


def mixing(weight, params, batch, key):
    loss, aux = sound(weight, params, batch, key)
    return loss, aux | {"error": aux["error"] - aux["error"].mean()}


def summed(weight, params, batch, key):  # noqa: ARG001
    value = jnp.square(params - batch)
    return weight * value.sum(), {"error": value}


def ordered(weight, params, batch, key):  # noqa: ARG001
    value = jnp.square(params - batch)
    return weight * (value * jnp.arange(1.0, 1 + batch.shape[0])).mean(), {"error": value}


def needs_two(weight, params, batch, key):
    loss, aux = sound(weight, params, batch, key)
    return loss + 0 * batch.std(ddof=1), aux


def weighs_the_bound(weight, params, batch, key):
    loss, aux = sound(weight, params, batch, key)
    return loss, aux | {"bound": weight * aux["bound"]}


def closure(weight):
    return lambda params, batch, key: sound(weight, params, batch, key)


BREAKERS = {
    "outcome: aux": (scalar_aux, {}),
    "outcome: .*other data": (deaf, {}),
    "gradients: at 0 times": (root, {}),
    "gradients: .*0 everywhere": (stopped, {}),
    "purity: another key gives the same": (keyless, {}),
    "purity: another key gives another": (sound, {"stochastic": False}),
    "purity: compiled": (peeking, {}),
    "purity: the same key": (stateful, {}),
    "examples: .*changes with the others": (mixing, {}),
    "examples: .*sum for a mean": (summed, {"stochastic": False}),
    "examples: the order": (ordered, {"stochastic": False}),
    "smallest: for a batch of 1": (needs_two, {}),
    "smallest: .*refused": (sound, {"smallest": 2}),
    "bound: .*options": (weighs_the_bound, {}),
    "bound: .*above log p": (sound, {"log_prob": lambda params, batch: -jnp.square(params - batch) - 1.2}),
}


QUICK = [
    message
    for message in BREAKERS
    if message.endswith(("aux", "gives the same", "with the others", "above log p"))
]


@pytest.mark.parametrize(
    "message",
    [*QUICK, *(pytest.param(each, marks=pytest.mark.slow) for each in BREAKERS if each not in QUICK)],
)
def test_a_law_is_broken_by(message, kills):
    function, options = BREAKERS[message]
    batch = jnp.array([1.0, 2.0, -1.5])
    with kills(f"objective, {function.__name__}, {message.partition(':')[0]}", match=message):
        check_objective(
            lambda scale: Partial(function, jnp.float32(scale)), jax.random.normal, batch, **options
        )


def test_a_closure_is_rebuilt_in_vain(kills):
    with kills("objective, a closure", match="rebuilding"):
        check_objective(closure, jax.random.normal, jnp.array([1.0, 2.0, -1.5]))


def test_a_sound_objective_keeps_them():
    exact = lambda params, batch: -jnp.square(params - batch) - 1.01  # noqa: E731  (the noise has variance .01)
    make = lambda scale: Partial(sound, jnp.float32(scale))  # noqa: E731
    batch = jnp.array([1.0, 2.0, -1.5])
    assert "bound" in check_objective(make, jax.random.normal, batch, log_prob=exact)
    with pytest.raises(ValueError, match="3 examples"):
        check_objective(make, jax.random.normal, batch[:2])
