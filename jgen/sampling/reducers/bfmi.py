"""E-BFMI of Hamiltonian chains whose energies are not stored."""

from typing import NamedTuple

import jax.numpy as jnp
from jax.tree_util import Partial

from jgen.sampling.reducers.compensated_sums import Compensated, welford, zeros
from jgen.types import Array, Draws, Reducer


class BfmiMemory(NamedTuple):
    """What ``bfmi`` carries; energies are held relative to each chain's first.

    Attributes:
        num_draws: Draws per chain so far.
        first: First energy ``[chain]``.
        last: Latest energy ``[chain]``.
        jumps: Sum of squared differences ``[chain]``.
        mean: Mean ``[chain]``.
        scatter: Sum of squares about it ``[chain]``.
    """

    num_draws: Array
    first: Array
    last: Array
    jumps: Compensated
    mean: Compensated
    scatter: Compensated


def _energy(draws: Draws) -> Array:
    if "energy" not in draws.info:
        raise ValueError(
            f"bfmi needs the energy of every draw; these tell {sorted(draws.info)}. Draw with a "
            "Hamiltonian sampler: hmc or nuts."
        )
    return jnp.asarray(draws.info["energy"], dtype=float)  # [chain]


def _init(draws: Draws) -> BfmiMemory:
    shape = _energy(draws).shape
    return BfmiMemory(
        jnp.zeros((), int), jnp.zeros(shape), jnp.zeros(shape), zeros(shape), zeros(shape), zeros(shape)
    )


def _update(memory: BfmiMemory, draws: Draws) -> BfmiMemory:
    energy, count = _energy(draws), memory.num_draws + 1
    is_first = count == 1
    first = jnp.where(is_first, energy, memory.first)
    jump = jnp.where(is_first, 0.0, energy - memory.last)
    one = jnp.ones_like(energy)
    mean, scatter = welford(memory.mean, memory.scatter, energy - first, one, count * one)
    return BfmiMemory(count, first, energy, memory.jumps.plus(jump**2), mean, scatter)


def _compute(memory: BfmiMemory) -> Array:
    return jnp.where(memory.num_draws < 2, jnp.nan, memory.jumps.value / memory.scatter.value)


def bfmi() -> Reducer:
    r"""Estimated Bayesian fraction of missing information, one per chain, in six numbers a chain.

    .. math:: \frac{\sum_t (E_t - E_{t-1})^2}{\sum_t (E_t - \bar E)^2}

    the same as ``jgen.diagnostics.bfmi`` of stored energies: values below 0.3 say that the renewal of the
    momentum moves the energy too little.

    Returns:
        A ``Reducer`` whose ``compute`` gives ``[chain]``; NaN for a chain with NaN energies, constant energy
        or fewer than two draws.

    Raises:
        ValueError: By ``init`` and ``update``, for draws that do not tell their energy.

    Example:
        >>> import jax.numpy as jnp
        >>> from jgen.types import Draws, DrawKind
        >>> fold = bfmi()
        >>> draws = [Draws(None, {"energy": jnp.array([x])}, None, DrawKind.MARKOV) for x in (1.0, 3.0, 2.0)]
        >>> memory = fold.init(draws[0])
        >>> for one in draws:
        ...     memory = fold.update(memory, one)
        >>> print(fold.compute(memory))  # (4 + 1) / 2
        [2.5]

    Reference:
        Betancourt (2016), Diagnosing suboptimal cotangent disintegrations in Hamiltonian Monte Carlo.
    """
    return Reducer(Partial(_init), Partial(_update), Partial(_compute))
