"""Compute features of images by trained classifiers, for perceptual losses and metrics."""

from jgen.features.digits_classifier import DigitsClassifier, penultimate
from jgen.features.vgg16 import VGG16, load_vgg16

__all__ = ["VGG16", "DigitsClassifier", "load_vgg16", "penultimate"]
