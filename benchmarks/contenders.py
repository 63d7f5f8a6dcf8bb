"""Define the programs that a sampler benchmark compares, and measure the ESS of their draws."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgen.diagnostics import ess_mean
from jgen.diagnostics.weights import kish_ess, population_log_weight
from jgen.testing.sampler_checks.target_draws import flat_values
from jgen.types import DrawKind, Draws


class Drawn(NamedTuple):
    """Draws of one call and their cost.

    Attributes:
        draws: ``[chain, draw, *event]``; None for a call that draws nothing.
        num_grads: Gradients counted, of all chains.
        num_log_densities: Log densities without a gradient, of all chains.
        utilisation: Useful over executed evaluations; None where the executed ones are not counted.
    """

    draws: Draws | None
    num_grads: int
    num_log_densities: int
    utilisation: float | None = None


class Contender(NamedTuple):
    """Program that makes draws and is timed.

    Attributes:
        name: Name of its row.
        counterpart: The sampler of jgen it is compared with; for those of jgen, their own name.
        draw: ``draw(num_draws) -> Drawn``, the same work at every call.
    """

    name: str
    counterpart: str
    draw: Callable[[int], Drawn]


def min_ess(draws: Draws, power: int) -> float:
    """Return the smallest effective sample size of any coordinate to a power, by the kind of draws."""
    return EFFECTIVE_SIZE[draws.kind](draws, power)


def _chain_ess(draws: Draws, power: int) -> float:
    values = flat_values(draws) ** power  # [chain, draw, dim]
    return min(float(ess_mean(np.ascontiguousarray(values[..., i]))) for i in range(values.shape[-1]))


def _kish_ess(draws: Draws, _: int) -> float:
    log_weight = jnp.asarray(draws.log_weight)
    if draws.kind is DrawKind.ENSEMBLE:  # particles of one population count as one draw
        log_weight = population_log_weight(log_weight)
    return float(kish_ess(log_weight))


def _num_draws(draws: Draws, _: int) -> float:
    return float(np.prod(jax.tree.leaves(draws.value)[0].shape[:2]))


EFFECTIVE_SIZE = {
    DrawKind.MARKOV: _chain_ess,
    DrawKind.BIASED: _chain_ess,
    DrawKind.INDEPENDENT: _num_draws,
    DrawKind.APPROXIMATE: _num_draws,
    DrawKind.WEIGHTED: _kish_ess,
    DrawKind.ENSEMBLE: _kish_ess,
}
