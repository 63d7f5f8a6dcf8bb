"""Describe how a sampler is made for a given target, for tests and benchmarks."""

from typing import NamedTuple

from jgen.types import Array, Sampler, Trait

BEYOND_LOCAL_MOVES = frozenset({Trait.DISCRETE, Trait.MULTIMODAL, Trait.STIFF, Trait.HEAVY_TAILED})
"""The traits of targets that a kernel of small continuous moves does not claim."""


class Recipe(NamedTuple):
    """How a sampler is aimed at a target it has never seen, for tests and benchmarks.

    Attributes:
        sampler: Aimed, with options that suit most targets.
        target_acceptance: What warm-up should aim at; None where there is nothing to tune.
        biased_variance: For a biased sampler, the exact variance of its draws on a standard Gaussian ``[]``;
            None where it is not known.
        reversible: Whether a Markov kernel satisfies detailed balance on positions, the same at every draw.
    """

    sampler: Sampler
    target_acceptance: float | None
    biased_variance: Array | float | None = None
    reversible: bool = True
