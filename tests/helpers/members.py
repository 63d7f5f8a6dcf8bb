"""Return samplers and targets by name; each target and each recipe is made once, on first use."""

from functools import cache

import jax

import jgen.samplers
import jgen.targets
from jgen.testing import members
from jgen.types import DrawKind

SAMPLERS = members(jgen.samplers, "recipe")
TARGETS = {name: getattr(module, name) for name, module in members(jgen.targets, "{name}").items()}
KINDS = {"mcmc": DrawKind.MARKOV, "unadjusted": DrawKind.BIASED}
QUICK = ("banana", "beta", "hidden_markov", "asia")


@cache
def target_of(name):
    return TARGETS[name]()


@cache
def recipe_of(sampler, target):
    """Return the recipe of a sampler for a target; None if it has none."""
    return SAMPLERS[sampler].recipe(target_of(target))


@cache
def first_claimed(sampler):
    """Return the name of the first target that the sampler has a recipe for, cheap ones first."""
    return next(name for name in (*QUICK, *TARGETS) if recipe_of(sampler, name) is not None)


@cache
def kind_of(sampler):
    """Return the kind of the draws of a sampler: that of its package, or found by tracing."""
    package = SAMPLERS[sampler].__name__.split(".")[-2]
    if package in KINDS:
        return KINDS[package]
    target = first_claimed(sampler)
    init, step = recipe_of(sampler, target).sampler
    start = target_of(target).start
    return jax.eval_shape(lambda key: step(key, init(key, start)), jax.random.key(0))[1].kind
