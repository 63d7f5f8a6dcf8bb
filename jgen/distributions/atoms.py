"""Find distributions on the line whose log density is, at some points, the log of a probability."""

from functools import singledispatch
from typing import Any

import numpyro.distributions as dist


@singledispatch
def has_atoms(_distribution: Any) -> bool:
    """Return whether some points have probabilities where the others have densities.

    NumPyro calls such a distribution continuous. Its density has no common unit with others: it may not be
    divided by a scale, nor added to that of a continuous component.

    Example:
        >>> has_atoms(dist.HurdleGamma(0.3, 2.0)), has_atoms(dist.Gamma(2.0)), has_atoms(dist.Delta(0.0))
        (True, False, True)
    """
    return False


@has_atoms.register
def _(_distribution: dist.Delta):
    return True


@has_atoms.register
def _(distribution: dist.HurdleProbs):
    return not distribution.is_discrete


@has_atoms.register(dist.Independent | dist.ExpandedDistribution | dist.MaskedDistribution)
def _(distribution: Any):
    return has_atoms(distribution.base_dist)


def measure_of(distribution: Any) -> str:
    """Return in words what the exponential of the log density is: two that differ cannot be compared."""
    if distribution.is_discrete:
        return "probabilities"
    return "densities and probabilities" if has_atoms(distribution) else "densities"
