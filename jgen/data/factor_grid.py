"""Build data from factors of variation, every combination once, so that mutual information is exact."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds

from jgen.data.builder import Base


class Grid(Base, skip_registration=True):
    """TFDS builder of ``x`` and the ``factors`` that ``render`` made it from.

    The splits divide the grid at random, by a fixed hash; ``"all"`` is the whole factorial.

    Attributes:
        shape: Shape of one ``x``.
        highest: Greatest value of ``x``; the least is 0.
    """

    shape: ClassVar[tuple[int, ...]]
    highest: ClassVar[int]
    bundled = True

    def render(self, factors: np.ndarray) -> np.ndarray:
        """Render data, uint8 ``[example, *shape]``, from the values of factors, ``[example, factor]``."""
        raise NotImplementedError(f"{type(self).__name__} must define render()")

    def features(self) -> Mapping[str, Any]:
        """Return ``x`` ``[*shape]`` and ``factors`` ``[factor]``, each counted from 0."""
        x = tfds.features.Tensor(shape=self.shape, dtype=np.uint8, doc=f"0 to {self.highest}")
        return {"x": x, "factors": self.factor_indices()}

    def _split_generators(self, dl_manager: Any) -> Mapping[str, Any]:  # noqa: ARG002
        factors = np.indices([len(values) for values in self.factors.values()])
        factors = factors.reshape(len(factors), -1).T  # [example, factor]
        x = np.concatenate([self.render(some) for some in np.array_split(factors, len(factors) // 64)])
        return self.parts({"x": x, "factors": factors})
