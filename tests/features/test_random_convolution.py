"""Random convolutions: their weights are fixed, their features those of a NumPy implementation."""

import numpy as np
import pytest
from scipy.signal import correlate

from jgen.features import random_convolution
from jgen.features.random_convolution import _weights
from tests.helpers.extractor_checks import check_rows_alone

DIGEST = "ca6df03bf3ce"


def splitmix(counter, seed):
    """Compute SplitMix64 in Python's own integers, from the published program."""
    mask = 2**64 - 1

    def final(z):
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & mask
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & mask
        return z ^ (z >> 31)

    golden = 0x9E3779B97F4A7C15
    start = final(seed * golden & mask) if seed else 0
    return final(start + (counter + 1) * golden & mask)


def reference(images, channels, seed):
    """Compute features of images ``[row, height, width, 1]`` in float64, for even sizes."""
    x, inputs = np.moveaxis(images, -1, 1).astype(float), images.shape[-1]

    def weights(shape, gain, layer):
        stream = 256 * seed + layer + 1
        numbers = [((splitmix(i, stream) >> 11) + 0.5) / 2**53 for i in range(np.prod(shape))]
        half = np.sqrt(gain / np.prod(shape[:-1]))
        return (half * (2 * np.reshape(numbers, shape) - 1)).astype(np.float32).astype(float)

    for layer, outputs in enumerate(channels):
        kernel = weights((3, 3, inputs, outputs), 6, layer)
        padded = np.pad(x, [(0, 0), (0, 0), (0, 1), (0, 1)])  # XLA pads even sizes at the end
        maps = [
            [correlate(image, np.moveaxis(kernel[..., o], -1, 0), "valid")[0] for o in range(outputs)]
            for image in padded
        ]
        x, inputs = np.maximum(np.array(maps)[..., ::2, ::2], 0), outputs
    flat = np.moveaxis(x, 1, -1).reshape(len(x), -1)
    return flat @ weights((flat.shape[1], 64), 3, len(channels))


def test_features_equal_those_of_a_numpy_implementation(rng):
    images = rng.uniform(size=(3, 8, 4, 2))
    extractor = random_convolution((8, 4, 2), seed=5, channels=(3, 4))
    truth = reference(images, (3, 4), 5)
    np.testing.assert_allclose(extractor(images), truth, rtol=0, atol=1e-5 * np.abs(truth).max())
    check_rows_alone(extractor, images)


def test_weights_never_change():
    """Two machines, or two versions of a library, must have one digest, or results do not compare."""
    assert random_convolution((8, 8, 1)).digest == DIGEST
    others = [random_convolution((8, 8, 1), seed=1), random_convolution((8, 8, 1), channels=(32,))]
    assert len({DIGEST, *(other.digest for other in others)}) == 3
    assert others[0].name == "random-convolution-1"


def test_layers_and_seeds_have_weights_of_their_own():
    streams = [_weights((9, 5), 6.0, seed, layer).ravel() for seed in (0, 1) for layer in (0, 1)]
    assert np.unique(streams).size == 4 * 45


def test_activations_keep_their_size(rng):
    """The variance of weights on +-sqrt(6 / n) is 2 / n, and a relu halves the mean square.

    A squared relu of a Gaussian has a relative deviation of 2.2; of 8,192 of them 2.5 %, and 5 of these are:
    """
    x = rng.normal(size=(16, 9 * 32))  # not images: their mean is not 0
    weights = _weights((3, 3, 32, 512), 6.0, 0, 1).reshape(-1, 512)
    mean_square = (np.maximum(x @ weights, 0) ** 2).mean()
    np.testing.assert_allclose(mean_square, (x**2).mean(), rtol=0.125)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.zeros((4, 8, 8)), r"of sizes \(any, 8, 8, 1\); got \(4, 8, 8\)"),
        (np.zeros((4, 8, 8, 3)), r"got \(4, 8, 8, 3\)"),
        (np.zeros((4, 28, 28, 1)), r"got \(4, 28, 28, 1\)"),
        (np.full((4, 8, 8, 1), 16.0), "these reach from 16 to 16"),
        (np.ones((4, 8, 8, 1), np.uint8), "takes floats in .0, 1.; got uint8"),
    ],
    ids=["axes", "channels", "size", "range", "bytes"],
)
def test_other_images_are_refused(images, words):
    with pytest.raises(ValueError, match=words):
        random_convolution((8, 8, 1))(images)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"shape": (8, 8)}, "shape must be"),
        ({"shape": (8, 0, 1)}, "shape must be"),
        ({"channels": ()}, "give one channel or more"),
        ({"channels": (4, 0)}, "give one channel or more"),
        ({"seed": -1}, "a seed of 0 to"),
        ({"seed": 2**32}, "a seed of 0 to"),
    ],
    ids=str,
)
def test_wrong_arguments_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        random_convolution(**({"shape": (8, 8, 1)} | arguments))
