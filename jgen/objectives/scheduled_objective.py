"""Define an objective whose weights change with the training step."""

from typing import NamedTuple

import jax.numpy as jnp
from jax.tree_util import Partial

from jgen.types import Key, LossAndAux, PyTree


class Scheduled(NamedTuple):
    """Objective that changes during training: the train step evaluates it at the step of its state.

    Called as ``(params, batch, key)``, it is the objective at the end of all its schedules.

    Attributes:
        at: ``at(step) -> Objective``, for a step ``[]`` that may be traced.
    """

    at: Partial

    def __call__(self, params: PyTree, batch: PyTree, key: Key) -> LossAndAux:
        """Evaluate the objective at the end of its schedules."""
        return self.at(jnp.int32(2**31 - 1))(params, batch, key)
