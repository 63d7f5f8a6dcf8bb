"""Time functions in alternation, choose how long a measurement runs, and time a log density alone."""

import math
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jgen.types import Array, LogDensity

MIN_ROUNDS, MAX_ROUNDS = 3, 15


class Timed(NamedTuple):
    """Times of a call.

    Attributes:
        compile_seconds: Time of the first call minus the median of the later ones, at least 0.
        seconds: Time of each later call; one index is the same round in every ``Timed``.
    """

    compile_seconds: float
    seconds: list[float]

    @property
    def median(self) -> float:
        """Return the median time of a call, in seconds."""
        return statistics.median(self.seconds)

    def ratio(self, other: "Timed") -> float:
        """Return the median over rounds of this call's time over the other's in the same round."""
        return statistics.median(a / b for a, b in zip(self.seconds, other.seconds, strict=True))


def time_in_rounds(
    calls: Mapping[str, Callable[[], Any]],
    seconds: float,
    first: Mapping[str, float] | None = None,
    timer: Callable[[], float] = time.perf_counter,
) -> dict[str, Timed]:
    """Time each call once per round, so that a disturbance of the machine affects all of them.

    Args:
        calls: Name -> function; it is timed until its result is ready.
        seconds: Budget of each call, over all rounds; there are at least three rounds.
        first: Name -> seconds of the first call, for functions that are already compiled.
        timer: Clock; ``time.process_time`` counts the processor's time alone, which other work on a machine
            changes less than what a call takes.

    Returns:
        Name -> times; ``a.ratio(b)`` compares two within each round.

    Example:
        >>> calls = {"one": lambda: time.sleep(0.002), "five": lambda: time.sleep(0.01)}
        >>> timed = time_in_rounds(calls, 0.1)
        >>> 2 < timed["five"].ratio(timed["one"]) < 6
        True
    """
    known = first or {}
    first = {name: known[name] if name in known else clock(call, timer=timer) for name, call in calls.items()}
    rounds = [{name: clock(call, timer=timer) for name, call in calls.items()}]
    count = min(MAX_ROUNDS, max(MIN_ROUNDS, round(seconds / max(rounds[0].values()))))
    rounds += [{name: clock(call, timer=timer) for name, call in calls.items()} for _ in range(count - 1)]
    times = {name: [one[name] for one in rounds] for name in calls}
    return {
        name: Timed(max(0.0, first[name] - statistics.median(times[name])), times[name]) for name in calls
    }


def clock(call: Callable[..., Any], *arguments: Any, timer: Callable[[], float] = time.perf_counter) -> float:
    """Return the seconds that one call takes until its result is ready."""
    start = timer()
    jax.block_until_ready(call(*arguments))
    return timer() - start


def choose_size(call: Callable[[int], Any], seconds: float, least: int, most: int) -> tuple[int, float]:
    """Choose how many units of work, a power of two, take a given time; measure the compilation.

    Args:
        call: ``call(count)`` does that many units.
        seconds: Time that the work should take.
        least: Smallest count.
        most: Largest count.

    Returns:
        The count, and the seconds of compilation.
    """
    count = least
    first = clock(call, count)
    spent = clock(call, count)
    compilation = max(0.0, first - spent)
    while 4 * spent < seconds and count < most:
        count = min(most, 4 * count)
        spent = clock(call, count)
    fitting = 2 ** round(math.log2(count * seconds / spent))
    return min(most, max(least, fitting)), compilation


def bare_evaluation(function: LogDensity, positions: Array) -> Callable[[int], Array]:
    """Return a loop over a batched density or gradient alone, which the compiler cannot shorten.

    Args:
        function: Position ``[dim]`` -> density ``[]`` or gradient ``[dim]``.
        positions: ``[chain, dim]``.

    Returns:
        ``evaluate(count)`` evaluates every chain ``count`` times, one after the other.
    """

    @jax.jit
    def evaluate(positions: Array, zero: Array, count: Array) -> Array:
        def body(_: Array, x: Array) -> Array:
            value = jax.vmap(function)(x)
            return x + zero * value.reshape(len(x), -1)

        return jax.lax.fori_loop(0, count, body, positions)

    return lambda count: evaluate(positions, jnp.zeros((), positions.dtype), count)
