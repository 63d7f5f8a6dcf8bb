"""Every sampler and every target by name; each target and each aim is made once, where it is first needed."""

from functools import cache

import jax

import jgen.samplers
import jgen.targets
from jgen.testing import members

SAMPLERS = members(jgen.samplers, "recipe")
TARGETS = {name: getattr(module, name) for name, module in members(jgen.targets, "{name}").items()}
QUICK = ("banana", "beta", "hidden_markov", "asia")


@cache
def target_of(name):
    return TARGETS[name]()


@cache
def recipe_of(sampler, target):
    """How a sampler is aimed at a target; None if it declines."""
    return SAMPLERS[sampler].recipe(target_of(target))


@cache
def first_claimed(sampler):
    """The name of a target that costs little, if it claims one of those."""
    return next(name for name in (*QUICK, *TARGETS) if recipe_of(sampler, name) is not None)


@cache
def law_of(sampler):
    """What kind of draws a sampler makes, whatever the target."""
    target = first_claimed(sampler)
    init, step = recipe_of(sampler, target).sampler
    start = target_of(target).start
    return jax.eval_shape(lambda key: step(key, init(key, start)), jax.random.key(0))[1].kind
