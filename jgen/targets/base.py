"""What a target is: a density that carries its own truth."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jax.tree_util import Partial, register_dataclass
from numpyro.distributions import Distribution

from jgen.types import Array, PyTree


class Trait(enum.Enum):
    """What makes a target hard; a sampler declines a target by its traits, never by its name."""

    MULTIMODAL = "modes far enough apart that a local kernel does not cross"
    HEAVY_TAILED = "no variance, or a tail heavier than any exponential"
    STIFF = "curvature that changes by orders of magnitude over the typical set"
    DISCRETE = "no gradient"


@register_dataclass
@dataclass(frozen=True)
class Target:
    """A density with known answers. ``[dim]`` below is the length of the ravelled position.

    Attributes:
        log_density: Position -> unnormalised log density, in nats; a ``Partial``.
        start: A position of positive density; it also fixes shapes and dtypes.
        sample: ``sample(key)`` -> one exact draw; None where there is no exact sampler.
        mean: E x ``[dim]``; None where it does not exist or is not known.
        variance: Var x ``[dim]``; None where it does not exist or is not known.
        log_evidence: log Z, in nats; None where it is not known.
        expectations: Other known answers, ``name -> (function of one position, truth)``.
        proposal: A NumPyro distribution whose tails cover the target; None where there is none.
        log_bound: ``sup (log_density - proposal.log_prob)``; None where it is not known.
        name: The name of the function that makes it.
        traits: What makes it hard.
        source: Where the truth comes from.
    """

    log_density: Partial
    start: PyTree
    sample: Partial | None = None
    mean: Array | None = None
    variance: Array | None = None
    log_evidence: Array | float | None = None
    expectations: Mapping[str, tuple[Partial, Any]] = field(default_factory=dict)
    proposal: Distribution | None = None
    log_bound: Array | float | None = None
    name: str = field(default="", metadata={"static": True})
    traits: frozenset[Trait] = field(default=frozenset(), metadata={"static": True})
    source: str = field(default="", metadata={"static": True})
