"""Define digits: 1,797 scans of handwritten digits, 8x8 pixels, grey values 0 to 16."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from jgen.data.builder import Base
from jgen.data.packaged_files import sklearn_file


class Builder(Base):
    """Builder of scikit-learn's copy of the test set of UCI's optical recognition of handwritten digits.

    Splits are drawn by a fixed hash of the row, since the file has the digits in order: 1,257 for training,
    180 for validation, 360 for test. The 13 writers are not recorded, so a writer is in more than one split.

    x holds how many of the 4x4 dots under each of 8x8 pixels were ink, 0 to 16; label the digit; row the row
    of scikit-learn's file.
    """

    bundled = True
    homepage = "https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits"
    citation = (
        "E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, "
        "1998."
    )

    def features(self) -> Mapping[str, Any]:
        """Return ``x`` ``[8, 8, 1]``, grey values 0 to 16; ``label``, the digit; ``row``, of the file."""
        return {
            "x": tfds.features.Tensor(shape=(8, 8, 1), dtype=np.uint8, doc="ink, 0 to 16"),
            "label": tfds.features.ClassLabel(num_classes=10),
            "row": tfds.features.Scalar(dtype=np.int64, doc="row of scikit-learn's file"),
        }

    def _split_generators(self, dl_manager: Any) -> Mapping[str, Any]:  # noqa: ARG002
        table = np.loadtxt(sklearn_file("digits.csv.gz"), delimiter=",", dtype=np.uint8)  # [1797, 65]
        x, label = table[:, :64].reshape(-1, 8, 8, 1), table[:, 64].astype(int)
        arrays = {"x": x, "label": label, "row": np.arange(len(table))}
        return self.parts(arrays, {"validation": 180, "test": 360})
