"""Build data sets with TFDS, without TensorFlow."""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds

from jgen._internal.fixed_hash import parted

Arrays = Mapping[str, np.ndarray]
Examples = Iterator[tuple[int, Mapping[str, Any]]]


class Base(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg]
    """TFDS builder whose records are ``array_record`` files.

    A data set defines ``features()`` and ``_split_generators``. Use ``features.Tensor`` for images too:
    ``features.Image`` needs TensorFlow; float64 tensors need ``encoding=Encoding.BYTES``, else they are
    stored as float32.

    Attributes:
        bundled: Whether the data are on every machine that runs jgen, so that they are prepared on first
            use; downloaded data are prepared by command.
        columns: Names of the columns of ``x`` with their units, where ``x`` is a table.
        factors: Names of the columns of ``factors``, each with the meanings of its values 0, 1, ..., where
            the data are made from factors of variation.
        name: Name of the data set; by default that of its file.
        VERSION: Version of the data, 1.0.0 by default.
        description: Summary of the data; by default the docstring of the class.
        homepage: Source of the data.
        citation: Work to cite.
    """

    VERSION = tfds.core.Version("1.0.0")
    bundled: ClassVar[bool] = False
    columns: ClassVar[tuple[str, ...]] = ()
    factors: ClassVar[Mapping[str, tuple[Any, ...]]] = {}
    description: ClassVar[str]
    homepage: ClassVar[str]
    citation: ClassVar[str]

    def __init_subclass__(cls, **options: Any):
        cls.name = cls.__dict__.get("name", cls.__module__.rpartition(".")[2])
        cls.description = cls.__dict__.get("description", inspect.getdoc(cls) or "")
        super().__init_subclass__(**options)

    def __init__(self, *, data_dir: str):
        super().__init__(data_dir=data_dir, file_format="array_record")

    def features(self) -> Mapping[str, Any]:
        """Return the arrays of one example, by name."""
        raise NotImplementedError(f"{type(self).__name__} must define features()")

    def factor_indices(self) -> tfds.features.Tensor:
        """Return the feature ``factors`` ``[factor]``, each counted from 0."""
        return tfds.features.Tensor(shape=(len(self.factors),), dtype=np.int64, doc=", ".join(self.factors))

    def _generate_examples(self, arrays: Arrays, indices: Iterable[int] | None = None) -> Examples:
        """Yield examples of arrays ``[example, ...]``, all of them or some, with their indices."""
        [count] = {len(array) for array in arrays.values()}
        for i in range(count) if indices is None else indices:
            yield int(i), {name: array[i] for name, array in arrays.items()}

    def parts(self, arrays: Arrays, sizes: Mapping[str, int] | None = None) -> Mapping[str, Examples]:
        """Divide examples at random, by a fixed hash: a tenth each to validation and test, or ``sizes``."""
        count = len(next(iter(arrays.values())))
        parts = parted(count, sizes or dict.fromkeys(("validation", "test"), count // 10))
        return {split: self._generate_examples(arrays, part) for split, part in parts.items()}

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.description,
            features=tfds.features.FeaturesDict(self.features()),
            homepage=self.homepage,
            citation=self.citation,
            metadata=tfds.core.MetadataDict(),
        )
