"""Data sets as TFDS builders, read with no TensorFlow, and as numbers in a table of your own.

A data set is one file here, named as the set is, whose class ``Builder`` extends ``jgen.data.base.Base``.
"""

from jgen.data.load import load
from jgen.data.prepare import data_dir, known, prepare

__all__ = ["data_dir", "known", "load", "prepare"]
