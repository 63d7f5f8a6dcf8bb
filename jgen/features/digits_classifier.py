"""Classify 8 x 8 digits by a small network: features and labels that need no download."""

from typing import Any

import flax.linen as nn
import numpy as np
import numpyro.distributions as dist
from jax.tree_util import Partial

from jgen._internal.binding import bind_static
from jgen.features.extractor import Extractor, from_network
from jgen.features.input_checks import check_unit_range
from jgen.types import Array, PyTree


class DigitsClassifier(nn.Module):
    """Classifier of digit images: a perceptron with two hidden layers.

    Called with ``x [batch, height, width, channel]`` in [0, 1], it returns a Categorical over the labels with
    ``batch_shape [batch]``. On images this small a convolutional network classifies no better, and is ten
    times slower to train on a CPU.

    Attributes:
        widths: Units of the hidden layers; the last of them are the features.
        num_labels: Number of labels.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.models.flax_functions import apply_of, init_of
        >>> classifier = DigitsClassifier()
        >>> x = jnp.zeros((5, 8, 8, 1))
        >>> params = init_of(classifier, x)(jax.random.key(0))
        >>> apply_of(classifier)(params, x).probs.shape, penultimate(classifier)(params, x).shape
        ((5, 10), (5, 64))
    """

    widths: tuple[int, ...] = (256, 64)
    num_labels: int = 10

    def setup(self) -> None:
        """Make the layers."""
        self.hidden = [nn.Dense(width) for width in self.widths]
        self.logits = nn.Dense(self.num_labels)

    def features(self, x: Array) -> Array:
        """Compute the last hidden layer, ``[batch, widths[-1]]``."""
        if x.ndim != 4:
            raise ValueError(f"x has shape {x.shape}: give [batch, height, width, channel]")
        x = x.reshape(x.shape[0], -1)  # [batch, pixel]
        for layer in self.hidden:
            x = nn.gelu(layer(x))
        return x

    def __call__(self, x: Array) -> dist.Distribution:
        """Return the distribution of the label."""
        return dist.Categorical(logits=self.logits(self.features(x)))


def penultimate(classifier: DigitsClassifier) -> Partial:
    """Return the function ``(params, x) -> features [batch, widths[-1]]``; the logits are linear in them.

    Bind the parameters of a trained one, ``Partial(penultimate(classifier), params)``, for a feature function
    of images alone; that of an equal classifier is the same function, and is not compiled again.
    """
    return Partial(bind_static(_penultimate, classifier=classifier))


def _penultimate(params: PyTree, x: Array, *, classifier: DigitsClassifier) -> Array:
    features: Any = classifier.apply({"params": params}, x, method="features")
    return features


def digits_classifier_features(classifier: DigitsClassifier, params: PyTree) -> Extractor:
    """Return the extractor "digits-classifier" of the last hidden layer of a trained classifier.

    Args:
        classifier: The network, as ``DigitsClassifier()``.
        params: Its parameters, as ``jgen.applications.train_digits_classifier`` trains them.

    Returns:
        Images ``[row, height, width, channel]`` in [0, 1] to features ``[row, widths[-1]]``.

    Raises:
        ValueError: If the parameters are not those of the classifier; the extractor raises it for images
            of another number of pixels, for integers (which do not say what white is) and for floats beyond
            [0, 1].

    Example:
        >>> import jax, jax.numpy as jnp
        >>> classifier, x = DigitsClassifier(), np.ones((5, 8, 8, 1))
        >>> params = classifier.init(jax.random.key(0), jnp.asarray(x))["params"]
        >>> digits_classifier_features(classifier, params)(x).shape
        (5, 64)
    """
    layers = [f"hidden_{layer}" for layer in range(len(classifier.widths))]
    try:
        widths = tuple(params[layer]["kernel"].shape[1] for layer in layers)
    except (KeyError, TypeError):
        widths = ()
    if widths != classifier.widths:
        raise ValueError(f"params are not those of {classifier}: take those of train_digits_classifier")
    check = Partial(_check_images, params[layers[0]]["kernel"].shape[0])
    return from_network("digits-classifier", penultimate(classifier), params, check=check)


def _check_images(num_pixels: int, name: str, x: np.ndarray) -> None:
    if x.ndim != 4 or x[0].size != num_pixels:
        raise ValueError(
            f"{name} takes images [row, height, width, channel] of {num_pixels} pixels; got {x.shape}"
        )
    check_unit_range(name, x)
