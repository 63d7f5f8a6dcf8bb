"""Test programs of functions that read values from outside: new values are used, and compile nothing."""

import functools
import gc
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial, register_static

from jgen._internal import compiled as module
from jgen._internal.binding import as_partial, bind_static
from jgen.testing import count_compilations

VALUES = (1.0, 5.0, 7.0)
X = jnp.float32(2.0)
ROWS = jnp.arange(3)


@module.jit
def evaluate(function, x):
    return jax.value_and_grad(function)(x)


class Outside:
    """Values that the functions below read."""

    number = 0.0
    array = jnp.zeros(3)
    numpy = np.zeros(3, np.float32)

    def method(self, x):
        return jnp.sum((x - self.own) ** 2)

    __call__ = method


OBJECT = Outside()
LINK = None


def reads_number(x):
    return (x - Outside.number) ** 2 * 3


def reads_array(x):
    return jnp.sum((x - Outside.array) ** 2)


def has_default(x, y=Outside.numpy):
    return jnp.sum((x - y) ** 2)


def body(carry, index):
    total, x = carry
    return (total + (x - Outside.array[index]) ** 2, x), None


def scans(x):
    return jax.lax.scan(body, (0.0 * x, x), ROWS)[0][0]


def calls_another(x):
    return LINK(x)


@jax.jit
def has_own_jit(x):
    return jnp.sum((x - Outside.array) ** 2)


def calls_own_jit(x):
    return 1.0 * has_own_jit(x)


@jax.custom_jvp
def has_rule(x):
    return jnp.sum((x - Outside.array) ** 2)


@has_rule.defjvp
def rule(primals, tangents):
    return has_rule(*primals), 2 * jnp.sum(primals[0] - Outside.array) * tangents[0]


def calls_rule(x):
    return 1.0 * has_rule(x)


def model():
    mean = numpyro.sample("mean", dist.Normal(0.0, 1.0))
    numpyro.sample("y", dist.Normal(mean, jnp.ones(3)).to_event(1))


def reads_observations(x):
    return numpyro.infer.util.log_density(model, (), {}, {"mean": x, **Outside.observed})[0]


@register_static
class Options:
    """Options that can be changed, as a static part of an argument."""

    shift = 0.0


OPTIONS = Options()


def reads_options(options, x):
    return (x - options.shift) ** 2 * 3


def set_values(value):
    global LINK
    Outside.number = value
    Outside.array = OBJECT.own = jnp.full(3, value)
    Outside.numpy[:] = value
    Outside.observed = {"y": jnp.full(3, value)}
    OPTIONS.shift = value
    LINK = jnp.cos if value == VALUES[0] else reads_array


def square(value):
    """Return three (x - value)^2 and their slope in x."""
    return 3 * (X - value) ** 2, 6 * (X - value)


def normal(value):
    """Return the joint log density of a mean of N(0, 1) and three draws around it, and its slope."""
    log_density = -0.5 * X**2 - 1.5 * (X - value) ** 2 - 2 * jnp.log(2 * jnp.pi)
    return log_density, -X - 3 * (X - value)


def cosine_then_square(value):
    return (jnp.cos(X), -jnp.sin(X)) if value == VALUES[0] else square(value)


CASES = {
    "number": (reads_number, square),
    "array": (reads_array, square),
    "default argument": (has_default, square),
    "scan": (scans, square),
    "method": (OBJECT.method, square),
    "object": (OBJECT, square),
    "functools.partial": (functools.partial(Outside.method, OBJECT), square),
    "own jit": (has_own_jit, square),
    "calls its own jit": (calls_own_jit, square),
    "rule of differentiation": (calls_rule, square),
    "numpyro": (reads_observations, normal),
    "static options": (Partial(reads_options, OPTIONS), square),
    "another function": (calls_another, cosine_then_square),
}
COMPILES_AGAIN = {"rule of differentiation"}
"""Functions whose programs hold what is read: right, and compiled again for each value."""


@pytest.mark.parametrize("name", CASES)
def test_the_program_is_that_of_now(name):
    """A number, or another function, compiles once more when it first changes, and then never."""
    function, expected = CASES[name]
    for value in VALUES:
        set_values(value)
        with count_compilations() as compiled:
            found = evaluate(as_partial(function), X)
        np.testing.assert_allclose(found, expected(value), rtol=1e-5)
    assert bool(compiled) == (name in COMPILES_AGAIN)


def test_many_closures_are_one_program_without_their_data():
    """200 closures over 4 kB: their arrays are freed, and nothing compiles."""

    def closure(value):
        array = jnp.full(1000, value)
        kept.append(weakref.ref(array))
        return Partial(lambda x: jnp.mean((x - array) ** 2))

    kept = []
    evaluate(closure(0.0), X)
    with count_compilations() as compiled:
        for value in range(1, 200):
            found = evaluate(closure(float(value)), X)
    assert compiled == []
    np.testing.assert_allclose(found, ((2.0 - 199) ** 2, 2 * (2.0 - 199)), rtol=1e-4)
    gc.collect()
    assert sum(array() is not None for array in kept) <= 1


def test_functions_whose_data_are_bound_are_not_traced_again(monkeypatch):
    traced = []
    monkeypatch.setattr(module, "trace", lambda *arguments: traced.append(arguments))
    bound = Partial(bound_data, jnp.ones(3))
    evaluate(bound, X), evaluate(bound, X)
    assert traced == []


def bound_data(data, x):
    return jnp.sum((x - data) ** 2)


def test_a_call_inside_a_call_reads_again():
    """A hook of one public call that makes another: the values of each are those of its own start."""
    reading = Partial(reads_array)

    @module.reads_once
    def public(hook):
        first = evaluate(reading, X)[0]
        hook()
        return first, evaluate(reading, X)[0]

    set_values(1.0)
    inner = []

    def hook():
        set_values(5.0)
        inner.append(public(lambda: None))

    outer = public(hook)
    assert [float(value) for value in (*outer, *inner[0])] == [3.0, 3.0, 27.0, 27.0]


def test_bound_options_do_not_keep_the_data_of_closures():
    data = Outside()
    kept = weakref.ref(data)
    bind_static(bound_data, part=functools.partial(print, data))
    del data
    gc.collect()
    assert kept() is None
    assert bind_static(bound_data, part=reads_array) is bind_static(bound_data, part=reads_array)
