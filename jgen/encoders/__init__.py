"""Map data ``x [batch, *event]`` to distributions over z by Flax networks, and score values by critics."""

from jgen.encoders.conv_encoder import ConvEncoder
from jgen.encoders.critic import ConvCritic, MLPCritic
from jgen.encoders.graph import GraphEncoder
from jgen.encoders.mlp_encoder import MLPEncoder
from jgen.encoders.posteriors import DiagonalNormal, Flow, Point
from jgen.encoders.sequence import SequenceEncoder

__all__ = [
    "ConvCritic",
    "ConvEncoder",
    "DiagonalNormal",
    "Flow",
    "GraphEncoder",
    "MLPCritic",
    "MLPEncoder",
    "Point",
    "SequenceEncoder",
]
