"""What every data set here shares: a TFDS builder that neither writes nor reads with TensorFlow."""

from collections.abc import Mapping
from typing import Any, ClassVar

import tensorflow_datasets as tfds


class Base(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg]
    """A builder whose records lie in ``array_record`` files.

    A data set gives ``name``, ``VERSION``, ``features()``, ``_split_generators`` and
    ``_generate_examples``. Use ``features.Tensor`` for images too: ``features.Image`` needs TensorFlow;
    and give float64 tensors ``encoding=Encoding.BYTES``, else they lose half their digits.

    Attributes:
        bundled: Whether the data are on every machine that runs jgen, so that they may be prepared
            without being asked for; what must be downloaded is prepared by command.
        columns: Names of the columns of ``x`` with their units, where ``x`` is a table.
        factors: Names of the columns of ``factors``, each with what its values 0, 1, ... stand for, where
            the data are made from factors of variation.
        description: What the data are, in a sentence or two.
        homepage: Where they come from.
        citation: Who to cite.
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
        """The arrays of one example, by name."""
        raise NotImplementedError(f"{type(self).__name__} must say its features")

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.description,
            features=tfds.features.FeaturesDict(self.features()),
            homepage=self.homepage,
            citation=self.citation,
            metadata=tfds.core.MetadataDict(),
        )
