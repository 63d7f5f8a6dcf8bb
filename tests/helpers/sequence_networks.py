"""Small sequence decoders, over an alphabet of which all strings can be listed."""

import flax.linen as nn
import pytest

from jgen.decoders.positions import LearnedPositions
from jgen.decoders.rnn import RNN
from jgen.decoders.transformer import Transformer

VOCABULARY, LENGTH, LATENT = 5, 4, 2
SIZES = {"length": LENGTH, "vocabulary": VOCABULARY, "width": 8}
HEADS = {"num_layers": 2, "num_heads": 2}
NETWORKS = {
    "gru": RNN(**SIZES, cells=(nn.GRUCell(6),)),
    "lstm under gru": RNN(**SIZES, cells=(nn.OptimizedLSTMCell(5), nn.GRUCell(6)), end=1),
    "rotary": Transformer(**SIZES, **HEADS),
    "learned": Transformer(**SIZES, **HEADS, positions=LearnedPositions(LENGTH), end=1),
}
SLOW = ("gru", "learned")
"""The others have parts like theirs."""
networks = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in NETWORKS]
)
