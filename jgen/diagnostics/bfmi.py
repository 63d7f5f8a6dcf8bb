"""Compute E-BFMI: how much a new momentum changes the energy, relative to the spread of energies."""

import jax.numpy as jnp
from jax.typing import ArrayLike

from jgen._internal.own_precision import in_own_precision
from jgen._internal.units import unit_of
from jgen.diagnostics.chain_statistics import to_floats
from jgen.types import Array


def bfmi(energy: ArrayLike) -> Array:
    r"""Compute the estimated Bayesian fraction of missing information, one per chain.

    .. math:: \frac{\sum_t (E_t - E_{t-1})^2 / (n - 1)}{\sum_t (E_t - \bar E)^2 / (n - 1)}

    Where a new momentum changes the energy little against its spread, the chain moves slowly through the
    energy levels; values below 0.3 indicate this. Independent energies give 2.

    Args:
        energy: The Hamiltonian at each draw ``[chain, draw]``, in nats.

    Returns:
        ``[chain]``; NaN for a chain with NaN energies, constant energy or fewer than two draws.

    Raises:
        ValueError: If ``energy`` is not ``[chain, draw]``.

    Example:
        >>> import jax
        >>> energy = jax.random.normal(jax.random.key(0), (2, 4000))
        >>> bool((abs(bfmi(energy) - 2) < 0.2).all()), bool((bfmi(energy.cumsum(axis=1)) < 0.1).all())
        (True, True)

    Reference:
        Betancourt (2016), Diagnosing suboptimal cotangent disintegrations in Hamiltonian Monte Carlo.
    """
    if jnp.ndim(energy) != 2:
        raise ValueError(f"bfmi takes energies [chain, draw]; got shape {jnp.shape(energy)}")
    if jnp.shape(energy)[1] < 2:
        return jnp.full(jnp.shape(energy)[0], jnp.nan)  # [chain]
    return in_own_precision(_ratio, energy)


def _ratio(energy: ArrayLike) -> Array:
    energy = to_floats(jnp.asarray(energy))  # [chain, draw]
    centred = energy - energy[:, :1]  # energies are large and float32 is short
    centred = centred / unit_of(centred, 1)
    return (jnp.diff(centred, axis=1) ** 2).mean(axis=1) / centred.var(axis=1, ddof=1)
