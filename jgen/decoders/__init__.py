"""Map latents ``z [batch, latent]`` to distributions over x by Flax networks, one a file."""

from jgen._internal.members import public_names
from jgen.decoders.check_support import check_support as check_support
from jgen.decoders.conv_net import ConvNet as ConvNet
from jgen.decoders.graph import Graph as Graph
from jgen.decoders.graph_distribution import (
    check_graphs as check_graphs,
    relabel as relabel,
    unlabelled_log_prob as unlabelled_log_prob,
)
from jgen.decoders.heads import (
    Bernoulli as Bernoulli,
    Categorical as Categorical,
    ContinuousBernoulli as ContinuousBernoulli,
    Delta as Delta,
    DiscretisedLogisticMixture as DiscretisedLogisticMixture,
    Normal as Normal,
    NormalLearned as NormalLearned,
    NormalShared as NormalShared,
)
from jgen.decoders.mlp import MLP as MLP
from jgen.decoders.occupancy import Occupancy as Occupancy
from jgen.decoders.positions import LearnedPositions as LearnedPositions, RotaryPositions as RotaryPositions
from jgen.decoders.rnn import RNN as RNN
from jgen.decoders.transformer import Transformer as Transformer

__all__ = public_names(globals())
