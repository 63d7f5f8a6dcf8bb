"""Build data sets with TFDS, without TensorFlow."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds


class Base(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg]
    """TFDS builder whose records are ``array_record`` files.

    A data set defines ``name``, ``VERSION``, ``features()`` and ``_split_generators``. Use
    ``features.Tensor`` for images too: ``features.Image`` needs TensorFlow; float64 tensors need
    ``encoding=Encoding.BYTES``, else they are stored as float32.

    Attributes:
        bundled: Whether the data are on every machine that runs jgen, so that they are prepared on first
            use; downloaded data are prepared by command.
        columns: Names of the columns of ``x`` with their units, where ``x`` is a table.
        factors: Names of the columns of ``factors``, each with the meanings of its values 0, 1, ..., where
            the data are made from factors of variation.
        description: Summary of the data in a sentence or two.
        homepage: Source of the data.
        citation: Work to cite.
    """

    bundled: ClassVar[bool] = False
    columns: ClassVar[tuple[str, ...]] = ()
    factors: ClassVar[Mapping[str, tuple[Any, ...]]] = {}
    description: ClassVar[str]
    homepage: ClassVar[str]
    citation: ClassVar[str]

    def __init__(self, *, data_dir: str):
        super().__init__(data_dir=data_dir, file_format="array_record")

    def features(self) -> Mapping[str, Any]:
        """Return the arrays of one example, by name."""
        raise NotImplementedError(f"{type(self).__name__} must define features()")

    def _generate_examples(
        self, arrays: Mapping[str, np.ndarray], indices: Iterable[int] | None = None
    ) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Yield examples of arrays ``[example, ...]``, all of them or some, with their indices."""
        [count] = {len(array) for array in arrays.values()}
        for i in range(count) if indices is None else indices:
            yield int(i), {name: array[i] for name, array in arrays.items()}

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.description,
            features=tfds.features.FeaturesDict(self.features()),
            homepage=self.homepage,
            citation=self.citation,
            metadata=tfds.core.MetadataDict(),
        )
