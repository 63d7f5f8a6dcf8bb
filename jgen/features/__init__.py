"""Compute features of images and texts, by trained classifiers and by fixed functions."""

from jgen._internal.members import public_names
from jgen.features.digits_classifier import DigitsClassifier as DigitsClassifier, penultimate as penultimate
from jgen.features.extractor import (
    Extractor as Extractor,
    digest_of as digest_of,
    from_network as from_network,
    raw as raw,
)
from jgen.features.hashed_characters import HashedCharacters as HashedCharacters
from jgen.features.vgg16 import VGG16 as VGG16, load_vgg16 as load_vgg16

__all__ = public_names(globals())
