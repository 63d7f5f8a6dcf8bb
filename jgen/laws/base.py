"""What the laws share: how a sampler is made and started, and how two samples are compared."""

import contextlib
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.monitoring
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

from jgen.targets.base import Target
from jgen.types import Array, Draws, Key, Law, PyTree, Sampler

Make = Callable[[Target, Any], Sampler]
"""``make(target, scale) -> sampler``: aimed at a target, with steps ``scale`` times their usual size."""

COMPILATION = "/jax/core/compile/backend_compile_duration"


class LawBroken(AssertionError):  # noqa: N818  (it reads as what happened)
    """A sampler that breaks a law; the message says which, by how much, and what usually does it."""


def positions(target: Target, num_chains: int) -> PyTree:
    """The target's start, once for each chain."""
    return jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (num_chains, *jnp.shape(leaf))), target.start)


def lane(tree: PyTree, index: int | tuple) -> PyTree:
    """One chain of a population, or one draw of a chain."""
    return jax.tree.map(lambda leaf: leaf[index], tree)


def exact_draws(key: Key, target: Target, num_draws: int) -> PyTree:
    """Independent exact draws ``[draw, *event]``."""
    if target.sample is None:
        raise ValueError(f"{target.name} has no exact sampler; this law compares with exact draws")
    return _exact_draws(target.sample, jax.random.split(key, num_draws))


@jax.jit
def _exact_draws(sample: Partial, keys: Key) -> PyTree:
    return jax.vmap(sample)(keys)


class Sides(NamedTuple):
    """The largest distance between two empirical distributions, over statistics."""

    distance: float
    statistic: str


@jax.jit
def statistics(target: Target, values: PyTree) -> Array:
    """What samples are compared by ``[statistic, draw]``: coordinates, log density, fixed projections.

    The projections are cosines of different frequencies over the coordinates, which no rotation of a
    coordinate system aligns with; they and the coordinates are standardised by the target if it can.
    """
    flat = jax.vmap(lambda value: ravel_pytree(value)[0])(values)  # [draw, dim]
    dim = flat.shape[1]
    scale = jnp.ones(dim) if target.variance is None else jnp.sqrt(target.variance)
    directions = jnp.cos(jnp.arange(1, 5)[:, None] * (jnp.arange(dim)[None] + 0.5)) / scale[None]
    shown = np.unique(np.linspace(0, dim - 1, min(dim, 8)).astype(int))
    return jnp.concatenate([flat.T[shown], directions @ flat.T, jax.vmap(target.log_density)(values)[None]])


def statistic_names(num_statistics: int) -> list[str]:
    """The names of the rows of ``statistics``."""
    coordinates = [f"coordinate {index}" for index in range(num_statistics - 5)]
    return [*coordinates, *(f"projection {index}" for index in range(4)), "log density"]


def largest_distance(first: np.ndarray, second: np.ndarray) -> Sides:
    """Kolmogorov-Smirnov distance of ``[statistic, draw]`` rows, and where it is largest."""
    distances = []
    for a, b in zip(np.sort(first, axis=1), np.sort(second, axis=1), strict=True):
        both = np.concatenate([a, b])
        cdf_a = np.searchsorted(a, both, side="right") / len(a)
        cdf_b = np.searchsorted(b, both, side="right") / len(b)
        distances.append(np.abs(cdf_a - cdf_b).max())
    worst = int(np.argmax(distances))
    return Sides(float(distances[worst]), statistic_names(len(distances))[worst])


def distance_threshold(num_draws: int, false_alarm: float) -> float:
    r"""The distance that two samples of one law pass with probability at most ``false_alarm``.

    Two-sample Dvoretzky-Kiefer-Wolfowitz: :math:`P(D > \epsilon) \le 2 e^{-n \epsilon^2}` for two
    samples of n >= 458 each (Wei and Dudley 2012, "Two-sample Dvoretzky-Kiefer-Wolfowitz inequalities").
    """
    if num_draws < 458:
        raise ValueError(f"the two-sample bound needs 458 draws or more; got {num_draws}")
    return math.sqrt(math.log(2 / false_alarm) / num_draws)


@contextlib.contextmanager
def count_compilations() -> Iterator[list[str]]:
    """Counts the programs compiled inside; the list holds one entry for each.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> twice = jax.jit(lambda x: 2 * x)
        >>> with count_compilations() as first:
        ...     _ = twice(jnp.ones(17))
        >>> with count_compilations() as second:
        ...     _ = twice(jnp.ones(17))
        >>> len(first) > 0, len(second)
        (True, 0)
    """
    compiled: list[str] = []

    def listen(event: str, duration_secs: float, **_: str | int) -> None:
        if event == COMPILATION:
            compiled.append(f"{duration_secs:.3f} s")

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        yield compiled
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)


def flat_values(draws: Draws) -> np.ndarray:
    """Values of a run as ``[chain, draw, dim]``."""
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(draws.value)]
    return np.concatenate([leaf.reshape(*leaf.shape[:2], -1) for leaf in leaves], axis=-1)


def by_particle(draws: Draws) -> Draws:
    """The particles of populations one after the other, as if each were a draw; other draws as they are."""
    if draws.law is not Law.ENSEMBLE:
        return draws
    value, log_weight = jax.tree.map(
        lambda leaf: leaf.reshape(leaf.shape[0], -1, *leaf.shape[3:]), (draws.value, draws.log_weight)
    )
    return replace(draws, value=value, log_weight=log_weight)
