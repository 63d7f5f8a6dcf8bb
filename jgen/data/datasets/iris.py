"""Define Fisher's iris data: 150 flowers of 3 species, 4 lengths in centimetres."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from jgen.data.builder import Base
from jgen.data.packaged_files import sklearn_file

SPECIES = ("setosa", "versicolor", "virginica")


class Builder(Base):
    """Builder of scikit-learn's copy, which agrees with Fisher's paper (UCI's differs in two flowers).

    150 iris flowers, 50 of each of setosa, versicolor and virginica: x holds sepal length, sepal width, petal
    length and petal width in centimetres, label the species. Some rows are repeated.
    """

    bundled = True
    columns = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")
    homepage = "https://scikit-learn.org/stable/datasets/toy_dataset.html#iris-plants-dataset"
    citation = (
        "R. A. Fisher, The use of multiple measurements in taxonomic problems, Annals of Eugenics, 1936."
    )

    def features(self) -> Mapping[str, Any]:
        """Return ``x``, four lengths in centimetres, and ``label``, the species."""
        exact = tfds.features.Encoding.BYTES  # else TFDS stores float64 as float32
        x = tfds.features.Tensor(
            shape=(len(self.columns),), dtype=np.float64, encoding=exact, doc=", ".join(self.columns)
        )
        return {"x": x, "label": tfds.features.ClassLabel(names=SPECIES)}

    def _split_generators(self, dl_manager: Any) -> Mapping[str, Any]:  # noqa: ARG002
        table = np.loadtxt(sklearn_file("iris.csv"), delimiter=",", skiprows=1)  # [150, 5]
        return {"train": self._generate_examples({"x": table[:, :-1], "label": table[:, -1].astype(int)})}
