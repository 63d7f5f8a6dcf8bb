"""Small graphs: trees and rings like molecules, all of them, and stochastic block graphs."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from jgen.data.builder import Base
from jgen.data.fixed_hash import parted, uniform
from jgen.data.molecules import Molecule, rings, trees

NODES = 16
TYPES = ("nothing", "carbon", "oxygen", "block 1", "block 2", "block 3")
WITHIN, BETWEEN = 0.8, 0.1
"""Chances of an edge between two nodes of a block graph, of the same block and of two."""


class Builder(Base):
    """Graphs of at most 16 nodes, padded; no two of them are the same tree or ring relabelled.

    376 trees of 2 to 9 atoms, at most one of them oxygen; 360 rings of 3 to 7 carbons, on each of which hangs
    nothing, a carbon or an oxygen; 384 block graphs of 8 to 16 nodes in 2 or 3 blocks of equal size, but for
    one, whose edges are independent given the blocks: 0.8 within one, 0.1 between two.
    """

    name = "graphs"
    VERSION = tfds.core.Version("1.0.0")
    bundled = True
    description = (
        "1,120 graphs of at most 16 nodes: nodes holds types, 0 where there is no node; adjacency is 1 where "
        "two are joined; mask says which nodes are there, the first ones; label is 0 for a tree, 1 for a "
        "ring, 2 for a stochastic block graph."
    )
    homepage = "https://en.wikipedia.org/wiki/Stochastic_block_model"
    citation = "P. W. Holland et al., Stochastic blockmodels: First steps, Social Networks, 1983."

    def features(self) -> Mapping[str, Any]:
        """``nodes`` ``[16]``, ``adjacency`` ``[16, 16]``, ``mask`` ``[16]`` and ``label``."""
        return {
            "nodes": tfds.features.Tensor(shape=(NODES,), dtype=np.int32, doc=", ".join(TYPES)),
            "adjacency": tfds.features.Tensor(shape=(NODES, NODES), dtype=np.int32, doc="symmetric, 0 or 1"),
            "mask": tfds.features.Tensor(shape=(NODES,), dtype=np.bool_, doc="nodes > 0"),
            "label": tfds.features.ClassLabel(names=("tree", "ring", "blocks")),
        }

    def _split_generators(self, dl_manager: Any) -> Mapping[str, Any]:  # noqa: ARG002
        every = [(graph, 0) for graph in trees(9)]
        every += [(graph, 1) for graph in rings(7)]
        every += [(block_graph(i), 2) for i in range(384)]
        tenth = len(every) // 10
        parts = parted(len(every), {"validation": tenth, "test": tenth})
        return {split: self._generate_examples(every, part) for split, part in parts.items()}

    def _generate_examples(
        self, every: list[tuple[Molecule, int]], part: np.ndarray
    ) -> Iterator[tuple[int, Mapping[str, Any]]]:
        for i in part.tolist():
            graph, label = every[i]
            nodes, adjacency = np.zeros(NODES, np.int32), np.zeros((NODES, NODES), np.int32)
            nodes[: len(graph.atoms)] = graph.atoms
            for a, b in graph.edges:
                adjacency[a, b] = adjacency[b, a] = 1
            yield i, {"nodes": nodes, "adjacency": adjacency, "mask": nodes > 0, "label": label}


def block_graph(i: int) -> Molecule:
    """The i-th block graph: 8 to 16 nodes, and 2 or 3 blocks, by turns; its edges are the i-th stream's."""
    size, blocks = 8 + i % 9, 2 + i // 9 % 2
    block = np.arange(size) * blocks // size
    below, above = np.triu_indices(size, 1)
    joined = uniform(np.arange(len(below)), i) < np.where(block[below] == block[above], WITHIN, BETWEEN)
    edges = tuple(zip(below[joined].tolist(), above[joined].tolist(), strict=True))
    return Molecule(tuple((TYPES.index("block 1") + block).tolist()), edges)
