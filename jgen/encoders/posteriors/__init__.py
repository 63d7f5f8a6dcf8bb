"""Map the features of an encoder to a distribution over z; one family of posteriors a file.

A posterior is a Linen module, ``posterior(features [batch, feature], latent_dim)``: a NumPyro distribution of
``batch_shape (batch,)`` and ``event_shape (latent_dim,)``, in float32 at least, whatever type the features
have.
"""

from jgen.encoders.posteriors.diagonal_normal import DiagonalNormal
from jgen.encoders.posteriors.flow import Flow
from jgen.encoders.posteriors.point import Point

__all__ = ["DiagonalNormal", "Flow", "Point"]
