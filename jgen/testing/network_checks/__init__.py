"""Check networks that return distributions, decoders and encoders alike, one subject a file."""

from jgen.testing.network_checks.batch import batch_independence, dependence
from jgen.testing.network_checks.form import shapes, state
from jgen.testing.network_checks.functions import keys, no_recompilation, transform_consistency
from jgen.testing.network_checks.numerics import extremes, precision

__all__ = [
    "batch_independence",
    "dependence",
    "extremes",
    "keys",
    "no_recompilation",
    "precision",
    "shapes",
    "state",
    "transform_consistency",
]
