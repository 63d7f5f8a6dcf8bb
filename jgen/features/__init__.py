"""Compute features of images, by trained classifiers and by fixed functions, for losses and metrics."""

from jgen._internal.members import public_names
from jgen.features.digits_classifier import (
    DigitsClassifier as DigitsClassifier,
    digits_classifier_features as digits_classifier_features,
    penultimate as penultimate,
)
from jgen.features.dinov2 import DINOv2 as DINOv2, dinov2 as dinov2, load_dinov2 as load_dinov2
from jgen.features.dinov2_features import dinov2_features as dinov2_features
from jgen.features.extractor import (
    Extractor as Extractor,
    digest_of as digest_of,
    from_network as from_network,
    raw as raw,
)
from jgen.features.hashed_characters import HashedCharacters as HashedCharacters
from jgen.features.inception_features import (
    inception_features as inception_features,
    inception_probabilities as inception_probabilities,
)
from jgen.features.inception_v3 import (
    InceptionOutput as InceptionOutput,
    InceptionV3 as InceptionV3,
    load_inception_v3 as load_inception_v3,
)
from jgen.features.legacy_resize import legacy_resize as legacy_resize
from jgen.features.pca_features import pca_features as pca_features
from jgen.features.random_convolution import random_convolution as random_convolution
from jgen.features.vgg16 import VGG16 as VGG16, load_vgg16 as load_vgg16

__all__ = public_names(globals())
