"""Check that a network is a pure function of parameters and inputs, and its parameters one of a key."""

import copy
import dataclasses
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import numpyro.distributions as dist

from jgen.models.flax_functions import apply_of
from jgen.testing.network_checks.network_case import NetworkCase
from jgen.testing.requirements import require, require_close, require_no_compilation, same_bits


def no_recompilation(case: NetworkCase) -> str:
    """Check that an equal network runs through the compiled program."""
    case.evaluate(case.inputs, case.x)
    again = case._replace(apply=apply_of(_rebuilt(case.module)))
    message = (
        "are the fields of equal networks equal by value? A function in a field must be one of a module, "
        "not a lambda made each time"
    )
    return require_no_compilation(partial(again.evaluate, case.inputs, case.x), message)


def transform_consistency(case: NetworkCase) -> str:
    """Check that log p of a row is the same alone and among others, compiled and not, up to rounding."""
    row, x = jax.tree.map(lambda leaf: leaf[:1], (case.inputs, case.x))
    distribution = case.apply(case.params, row)
    if isinstance(distribution, dist.Delta):  # its density jumps to -inf by rounding: compare its location
        alone, among, compiled = distribution.v, x, case.evaluate(row, x).draws
    else:
        among = case.evaluate(case.inputs, case.x).log_prob[:1]
        alone, compiled = distribution.log_prob(x), case.evaluate(row, x).log_prob
    require_close(compiled, among, "log p of a row changes with the number of rows: what depends on it?")
    message = "log p differs compiled and not compiled: does it read a Python value?"
    return require_close(alone, compiled, message)


def keys(case: NetworkCase) -> str:
    """Check that initial parameters depend on the key alone; vectors (offsets, scales) may be constant."""
    init = jax.jit(case.module.init)
    first, again, other = (init(jax.random.key(seed), case.inputs) for seed in (0, 0, 1))
    message = "the same key gives other parameters: what else do they depend on?"
    require_close(first, again, message, exact=True)
    is_constant = all(leaf.ndim < 2 for leaf in jax.tree.leaves(first))
    message = "another key gives the same parameters: is the key used?"
    require(is_constant or not same_bits(first, other), message)
    return "the same key gives the same parameters"


def _rebuilt(value: Any) -> Any:
    """Copy a network and its fields; return functions as they are."""
    if isinstance(value, nn.Module):
        names = {field.name for field in dataclasses.fields(value) if field.init} - {"parent", "name"}
        return value.clone(**{name: _rebuilt(getattr(value, name)) for name in names})
    if type(value) is tuple:
        return tuple(map(_rebuilt, value))
    return value if callable(value) else copy.deepcopy(value)
