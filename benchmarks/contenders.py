"""What the benchmarks share: contenders, calls timed in turn, and the effective size of what they draw."""

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgen.diagnostics import ess_mean
from jgen.diagnostics.weights import kish_ess, population_log_weight
from jgen.types import Array, DrawKind, Draws, LogDensity

MIN_ROUNDS, MAX_ROUNDS = 3, 15


class Drawn(NamedTuple):
    """What one call of a contender made.

    Attributes:
        draws: ``[chain, draw, *event]``; None for what is timed but draws nothing.
        num_grads: Gradients it counted, of all chains.
        num_log_densities: Log densities without a gradient, of all chains.
        utilisation: Useful over executed evaluations; None where nobody counts the executed.
    """

    draws: Draws | None
    num_grads: int
    num_log_densities: int
    utilisation: float | None = None


class Contender(NamedTuple):
    """Something that makes draws and is timed.

    Attributes:
        name: Its row's name.
        counterpart: The sampler of jgen it is compared with; for those of jgen, their own name.
        draw: ``draw(num_draws) -> Drawn``, the same work at every call.
    """

    name: str
    counterpart: str
    draw: Callable[[int], Drawn]


class Timed(NamedTuple):
    """What the clock says of a call.

    Attributes:
        compile_seconds: The first call less a steady one, at least 0.
        seconds: Of each later call; those of one round stand at one index in every ``Timed``.
    """

    compile_seconds: float
    seconds: list[float]

    @property
    def median(self) -> float:
        """Seconds of the median call."""
        return statistics.median(self.seconds)

    def ratio(self, other: "Timed") -> float:
        """Median over rounds of this call's time over the other's in the same round."""
        return statistics.median(a / b for a, b in zip(self.seconds, other.seconds, strict=True))


def in_turn(
    calls: Mapping[str, Callable[[], Any]], seconds: float, first: Mapping[str, float] | None = None
) -> dict[str, Timed]:
    """Times calls in turn, round after round, so that a noisy machine is equally unkind to all.

    Args:
        calls: Name -> call; its result is waited for.
        seconds: Budget of each call, over all rounds; three rounds are made whatever they cost.
        first: Seconds of the first calls of those that are compiled already.

    Returns:
        Name -> what the clock says; ``a.ratio(b)`` compares two within each round.

    Example:
        >>> timed = in_turn({"one": lambda: time.sleep(0.002), "five": lambda: time.sleep(0.01)}, 0.1)
        >>> 2 < timed["five"].ratio(timed["one"]) < 6
        True
    """
    known = first or {}
    first = {name: known[name] if name in known else clock(call) for name, call in calls.items()}
    rounds = [{name: clock(call) for name, call in calls.items()}]
    count = min(MAX_ROUNDS, max(MIN_ROUNDS, round(seconds / max(rounds[0].values()))))
    rounds += [{name: clock(call) for name, call in calls.items()} for _ in range(count - 1)]
    times = {name: [row[name] for row in rounds] for name in calls}
    return {
        name: Timed(max(0.0, first[name] - statistics.median(times[name])), times[name]) for name in calls
    }


def clock(call: Callable[..., Any], *arguments: Any) -> float:
    """Seconds of one call, its result waited for."""
    start = time.perf_counter()
    jax.block_until_ready(call(*arguments))
    return time.perf_counter() - start


def sized(call: Callable[[int], Any], seconds: float, least: int, most: int) -> tuple[int, float]:
    """How many units, a power of two, a call does in about this time; and what compiling it took."""
    count = least
    first = clock(call, count)
    spent = clock(call, count)
    compilation = max(0.0, first - spent)
    while 4 * spent < seconds and count < most:
        count = min(most, 4 * count)
        spent = clock(call, count)
    fitting = 2 ** round(math.log2(count * seconds / spent))
    return min(most, max(least, fitting)), compilation


def bare(function: LogDensity, positions: Array) -> Callable[[int], Array]:
    """The batched gradient or density and nothing else, in a loop that the compiler cannot shorten.

    Args:
        function: Its value at a position ``[dim]`` has the position's shape, or is a scalar.
        positions: ``[chain, dim]``.

    Returns:
        ``evaluate(count)`` evaluates every chain ``count`` times; each waits for the one before.
    """

    @jax.jit
    def evaluate(positions: Array, nothing: Array, count: Array) -> Array:
        def body(_: Array, x: Array) -> Array:
            value = jax.vmap(function)(x)
            return x + nothing * value.reshape(len(x), -1)

        return jax.lax.fori_loop(0, count, body, positions)

    return lambda count: evaluate(positions, jnp.zeros((), positions.dtype), count)


def min_ess(draws: Draws, power: int) -> float:
    """The smallest effective sample size of any coordinate to a power, by what kind of draws they are."""
    return EFFECTIVE_SIZE[draws.kind](draws, power)


def _chain_ess(draws: Draws, power: int) -> float:
    values = flat(draws) ** power  # [chain, draw, dim]
    return min(float(ess_mean(np.ascontiguousarray(values[..., i]))) for i in range(values.shape[-1]))


def _kish_ess(draws: Draws, power: int) -> float:
    del power
    log_weight = jnp.asarray(draws.log_weight)
    if draws.kind is DrawKind.ENSEMBLE:  # particles of one population count as one draw
        log_weight = population_log_weight(log_weight)
    return float(kish_ess(log_weight))


def _count(draws: Draws, power: int) -> float:
    del power
    return float(np.prod(jax.tree.leaves(draws.value)[0].shape[:2]))


EFFECTIVE_SIZE = {
    DrawKind.MARKOV: _chain_ess,
    DrawKind.BIASED: _chain_ess,
    DrawKind.INDEPENDENT: _count,
    DrawKind.WEIGHTED: _kish_ess,
    DrawKind.ENSEMBLE: _kish_ess,
}


def flat(draws: Draws) -> np.ndarray:
    """Values as ``[chain, draw, dim]``."""
    leaves: Sequence[np.ndarray] = [np.asarray(leaf) for leaf in jax.tree.leaves(draws.value)]
    return np.concatenate([leaf.reshape(*leaf.shape[:2], -1) for leaf in leaves], axis=-1)
