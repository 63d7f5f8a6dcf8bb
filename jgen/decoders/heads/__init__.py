"""Map the raw output of a decoder to a distribution over x; one family of heads a file.

A head is a Linen module with ``width``, how many raw numbers it takes for each element of x, and
``head(raw [batch, *shape, width])``, a NumPyro distribution of ``batch_shape (batch,)`` and ``event_shape
shape`` that computes in float32 at least, whatever type the raw numbers have. Its ``support`` is NumPyro's
constraint on one element; ``takes`` and ``remedy`` are the parts of error messages that
describe the support and what to do with other data.
"""

from jgen._internal.members import public_names
from jgen.decoders.heads.bernoulli import Bernoulli as Bernoulli
from jgen.decoders.heads.categorical import Categorical as Categorical
from jgen.decoders.heads.continuous_bernoulli import (
    ContinuousBernoulli as ContinuousBernoulli,
    ContinuousBernoulliLogits as ContinuousBernoulliLogits,
)
from jgen.decoders.heads.delta import Delta as Delta
from jgen.decoders.heads.discretised_logistic_mixture import (
    DiscretisedLogisticMixture as DiscretisedLogisticMixture,
    DiscretisedLogistics as DiscretisedLogistics,
)
from jgen.decoders.heads.normal import (
    Normal as Normal,
    NormalLearned as NormalLearned,
    NormalShared as NormalShared,
)

__all__ = public_names(globals())
