"""Compute E-BFMI of Hamiltonian chains whose energies are not stored."""

from typing import NamedTuple

import jax.numpy as jnp
from jax.tree_util import Partial

from jgen.sampling.reducers.compensated_sums import Compensated, Scatter, no_scatter, welford, zeros
from jgen.types import Array, Draws, Reducer


class BfmiState(NamedTuple):
    """State of ``bfmi``; energies are stored relative to each chain's first.

    Attributes:
        num_draws: Number of draws per chain.
        first: First energy ``[chain]``.
        last: Latest energy ``[chain]``.
        jumps: Sum of squared differences ``[chain]``.
        mean: Mean ``[chain]``.
        scatter: Sum of squares about it ``[chain]``.
    """

    num_draws: Array
    first: Array
    last: Array
    jumps: Scatter
    mean: Compensated
    scatter: Scatter


def _energy(draws: Draws) -> Array:
    if "energy" not in draws.info:
        raise ValueError(
            f"bfmi needs the energy of every draw; info has {sorted(draws.info)}. Draw with a "
            "Hamiltonian sampler: hmc or nuts."
        )
    return jnp.asarray(draws.info["energy"], dtype=float)  # [chain]


def _init(draws: Draws) -> BfmiState:
    shape = _energy(draws).shape
    first, empty = jnp.zeros(shape), no_scatter(shape)
    return BfmiState(jnp.zeros((), int), first, first, empty, zeros(shape), empty)


def _update(state: BfmiState, draws: Draws) -> BfmiState:
    energy, count = _energy(draws), state.num_draws + 1
    is_first = count == 1
    first = jnp.where(is_first, energy, state.first)
    jump = jnp.where(is_first, 0.0, energy - state.last)
    one = jnp.ones_like(energy)
    mean, scatter = welford(state.mean, state.scatter, energy - first, one, state.num_draws * one)
    return BfmiState(count, first, energy, state.jumps.add(one, jump, jump), mean, scatter)


def _compute(state: BfmiState) -> Array:
    unit = jnp.maximum(state.jumps.unit, state.scatter.unit)
    jumps, scatter = (each.in_unit(unit).sum.value for each in (state.jumps, state.scatter))
    return jnp.where(state.num_draws < 2, jnp.nan, jumps / scatter)


def bfmi() -> Reducer:
    r"""Compute the estimated Bayesian fraction of missing information per chain, in six numbers a chain.

    .. math:: \frac{\sum_t (E_t - E_{t-1})^2}{\sum_t (E_t - \bar E)^2}

    the same as ``jgen.diagnostics.bfmi`` of stored energies: at values below 0.3 drawing a new momentum
    changes the energy too little.

    Returns:
        A ``Reducer`` whose ``compute`` gives ``[chain]``; NaN for a chain with NaN energies, constant energy
        or fewer than two draws.

    Raises:
        ValueError: By ``init`` and ``update``, for draws without energy.

    Example:
        >>> import jax.numpy as jnp
        >>> from jgen.types import Draws, DrawKind
        >>> fold = bfmi()
        >>> draws = [Draws(None, {"energy": jnp.array([x])}, None, DrawKind.MARKOV) for x in (1.0, 3.0, 2.0)]
        >>> state = fold.init(draws[0])
        >>> for one in draws:
        ...     state = fold.update(state, one)
        >>> print(fold.compute(state))  # (4 + 1) / 2
        [2.5]

    Reference:
        Betancourt (2016), Diagnosing suboptimal cotangent disintegrations in Hamiltonian Monte Carlo.
    """
    return Reducer(Partial(_init), Partial(_update), Partial(_compute))
