"""Load data sets: TFDS builders that need no TensorFlow, and CSV files of numbers.

Each data set is one file of ``datasets``, named as the set is, whose class ``Builder`` extends
``jgen.data.builder.Base``.
"""

from jgen._internal.members import public_names
from jgen.data.binarise import binarise as binarise, threshold as threshold
from jgen.data.bpe import BPE as BPE, train_bpe as train_bpe
from jgen.data.catalogue import data_dir as data_dir, known as known
from jgen.data.characters import Characters as Characters
from jgen.data.columns import columns as columns
from jgen.data.comparable import check_comparable as check_comparable
from jgen.data.dequantise import dequantise as dequantise
from jgen.data.factors import factors as factors
from jgen.data.load import load as load
from jgen.data.prepare import prepare as prepare
from jgen.data.samples_file import read_samples as read_samples
from jgen.data.splits import splits as splits
from jgen.data.stream import stream as stream
from jgen.data.tokenizer import tokenizer as tokenizer

__all__ = public_names(globals())
