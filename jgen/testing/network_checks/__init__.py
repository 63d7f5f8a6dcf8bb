"""Check networks that return distributions, decoders and encoders alike, one subject a file."""

from jgen._internal.members import public_names
from jgen.testing.network_checks.batch import (
    batch_independence as batch_independence,
    dependence as dependence,
)
from jgen.testing.network_checks.form import shapes as shapes, state as state
from jgen.testing.network_checks.functions import (
    keys as keys,
    no_recompilation as no_recompilation,
    transform_consistency as transform_consistency,
)
from jgen.testing.network_checks.numerics import extremes as extremes, precision as precision

__all__ = public_names(globals())
