"""Describe how a sampler is made for a given target, for tests and benchmarks."""

from collections.abc import Callable
from typing import Any, NamedTuple

from jax.flatten_util import ravel_pytree

from jgen.types import Array, Sampler, Target, Trait

BEYOND_LOCAL_MOVES = frozenset({Trait.DISCRETE, Trait.MULTIMODAL, Trait.STIFF, Trait.HEAVY_TAILED})
"""Traits of targets that do not suit kernels of small continuous moves."""


class Recipe(NamedTuple):
    """Sampler for a target, and properties of it that tests and benchmarks need.

    Attributes:
        sampler: For the target, with options that suit most targets.
        target_acceptance: Acceptance rate that warm-up should aim at; None where nothing is tuned.
        biased_variance: For a biased sampler, the exact variance of its draws on a standard Gaussian ``[]``;
            None where it is not known.
        reversible: Whether a Markov kernel satisfies detailed balance on positions, the same at every draw.
    """

    sampler: Sampler
    target_acceptance: float | None
    biased_variance: Array | float | None = None
    reversible: bool = True


def recipe_from(make: Callable[..., Sampler], *known: Any) -> Recipe | None:
    """Call ``make`` with properties of a target; return None if any of them is None."""
    return None if any(part is None for part in known) else Recipe(make(*known), None)


def local_recipe(
    make: Callable[..., Sampler],
    target: Target,
    scale: float | Array,
    target_acceptance: float | None,
    *,
    biased_variance: Array | float | None = None,
    reversible: bool = True,
    least_dim: int = 1,
    **options: Any,
) -> Recipe | None:
    """Make a kernel of local moves for a smooth target without separate modes or uneven curvature.

    Args:
        make: ``make(log_density, step_size=..., inverse_mass_matrix=..., **options)``.
        target: Its variances become the inverse mass matrix.
        scale: Step size ``[]``.
        target_acceptance: Acceptance rate that warm-up should aim at.
        biased_variance: Exact variance of the draws on a standard Gaussian ``[]``, of a biased kernel.
        reversible: Whether the kernel satisfies detailed balance.
        least_dim: Dimension from which on the kernel works.
        **options: Of the kernel.

    Returns:
        The recipe; None where local moves do not suit the target, or its dimension is too low.
    """
    if target.traits & BEYOND_LOCAL_MOVES or ravel_pytree(target.start)[0].size < least_dim:
        return None
    sampler = make(target.log_density, step_size=scale, inverse_mass_matrix=target.variance, **options)
    return Recipe(sampler, target_acceptance, biased_variance, reversible)
