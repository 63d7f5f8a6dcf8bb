"""Map data ``x [batch, *event]`` to distributions over z by Flax networks, and score values by critics."""

from jgen._internal.members import public_names
from jgen.encoders.conv_encoder import ConvEncoder as ConvEncoder
from jgen.encoders.critic import ConvCritic as ConvCritic, MLPCritic as MLPCritic
from jgen.encoders.graph import GraphEncoder as GraphEncoder
from jgen.encoders.mlp_encoder import MLPEncoder as MLPEncoder
from jgen.encoders.posteriors import DiagonalNormal as DiagonalNormal, Flow as Flow, Point as Point
from jgen.encoders.sequence import SequenceEncoder as SequenceEncoder

__all__ = public_names(globals())
