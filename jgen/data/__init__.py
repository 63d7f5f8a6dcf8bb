"""Load data sets: TFDS builders that need no TensorFlow, and CSV files of numbers.

Each data set is one file of ``datasets``, named as the set is, whose class ``Builder`` extends
``jgen.data.builder.Base``.
"""

from jgen.data.binarise import binarise, threshold
from jgen.data.bpe import BPE, train_bpe
from jgen.data.catalogue import data_dir, known
from jgen.data.characters import Characters
from jgen.data.columns import columns
from jgen.data.dequantise import dequantise
from jgen.data.factors import factors
from jgen.data.load import load
from jgen.data.prepare import prepare
from jgen.data.splits import splits
from jgen.data.stream import stream
from jgen.data.tokenizer import tokenizer

__all__ = [
    "BPE",
    "Characters",
    "binarise",
    "columns",
    "data_dir",
    "dequantise",
    "factors",
    "known",
    "load",
    "prepare",
    "splits",
    "stream",
    "threshold",
    "tokenizer",
    "train_bpe",
]
