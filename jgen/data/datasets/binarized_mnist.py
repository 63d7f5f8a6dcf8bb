"""Define binarized MNIST, the fixed binarisation on which log-likelihoods are published."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from jgen.data.download import Downloaded, File
from jgen.errors import UsageError

FROM = "http://www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist/binarized_mnist_"
SHA256 = {
    "train": "ad693b29f94c14277b095f5238ddefbbdaaae0939789dd2f4f0205278cee3e4d",
    "validation": "1de3d397c40fe8eeb33dafd4099a1f665ec01e96d9be234aaeeac8a34930e2e2",
    "test": "e6687bfea3f820c174f33b7865140b2a2dd2930ef786f35d45795fc193b5ab2c",
}


class Builder(Downloaded):
    """Builder of 50,000 images for training, 10,000 for validation and 10,000 for test, without labels.

    MNIST in black and white: each pixel x of 28x28 was drawn once, 1 with a probability of its grey value
    over 255, else 0.
    """

    files = {split: File(f"{FROM}{split[:5]}.amat", f"sha256:{digest}") for split, digest in SHA256.items()}  # noqa: RUF012
    homepage = "http://www.dmi.usherb.ca/~larocheh/mlpython/_modules/datasets/binarized_mnist.html"
    citation = (
        "R. Salakhutdinov, I. Murray, On the quantitative analysis of deep belief networks, ICML 2008; "
        "H. Larochelle, I. Murray, The neural autoregressive distribution estimator, AISTATS 2011."
    )

    def features(self) -> Mapping[str, Any]:
        """Return ``x`` ``[28, 28, 1]``, 0 or 1."""
        return {"x": tfds.features.Tensor(shape=(28, 28, 1), dtype=np.uint8, doc="0 or 1")}

    def _split_generators(self, dl_manager: Any) -> Mapping[str, Any]:
        paths = self.fetch(dl_manager).items()
        return {split: self._generate_examples({"x": read_amat(path)[..., None]}) for split, path in paths}


def read_amat(path: Path) -> np.ndarray:
    """Read binary images ``[image, 28, 28]`` from a text of 0s and 1s separated by white space.

    Raises:
        UsageError: For a file with anything else in it, or that ends within an image.
    """
    characters = np.frombuffer(path.read_bytes(), np.uint8)
    digit = (characters == ord("0")) | (characters == ord("1"))
    space = np.isin(characters, np.frombuffer(b" \t\r\n", np.uint8))
    if not (digit | space).all() or not digit.any() or digit.sum() % 784:
        raise UsageError(f"{path} does not hold images of 784 digits 0 and 1: delete it and prepare again")
    return (characters[digit] - ord("0")).reshape(-1, 28, 28)
