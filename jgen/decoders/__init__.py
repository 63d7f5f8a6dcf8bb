"""Map latents ``z [batch, latent]`` to distributions over x by Flax networks, one a file."""

from jgen.decoders.check_support import check_support
from jgen.decoders.conv_net import ConvNet
from jgen.decoders.graph import Graph
from jgen.decoders.graph_distribution import check_graphs, relabel, unlabelled_log_prob
from jgen.decoders.heads import (
    Bernoulli,
    Categorical,
    ContinuousBernoulli,
    Delta,
    DiscretisedLogisticMixture,
    Normal,
    NormalLearned,
    NormalShared,
)
from jgen.decoders.mlp import MLP
from jgen.decoders.occupancy import Occupancy
from jgen.decoders.positions import LearnedPositions, RotaryPositions
from jgen.decoders.rnn import RNN
from jgen.decoders.transformer import Transformer

__all__ = [
    "MLP",
    "RNN",
    "Bernoulli",
    "Categorical",
    "ContinuousBernoulli",
    "ConvNet",
    "Delta",
    "DiscretisedLogisticMixture",
    "Graph",
    "LearnedPositions",
    "Normal",
    "NormalLearned",
    "NormalShared",
    "Occupancy",
    "RotaryPositions",
    "Transformer",
    "check_graphs",
    "check_support",
    "relabel",
    "unlabelled_log_prob",
]
