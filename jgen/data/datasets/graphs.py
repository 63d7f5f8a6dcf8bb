"""Define small graphs: all trees and rings of a few atoms, and stochastic block graphs."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from jgen._internal.fixed_hash import uniform
from jgen.data.builder import Base
from jgen.data.molecules import Molecule, rings, trees

NODES = 16
TYPES = ("nothing", "carbon", "oxygen", "block 1", "block 2", "block 3")
WITHIN, BETWEEN = 0.8, 0.1
"""Probabilities of an edge between two nodes of a block graph, within a block and between blocks."""


class Builder(Base):
    """Builder of graphs of at most 16 nodes, padded, without isomorphic trees or rings.

    376 trees of 2 to 9 atoms, at most one of them oxygen; 360 rings of 3 to 7 carbons, each bonded to
    nothing, a carbon or an oxygen outside the ring; 384 block graphs of 8 to 16 nodes in 2 or 3 blocks whose
    sizes differ by 1 at most; their edges are independent given the blocks, with probability 0.8 within a
    block and 0.1 between two.

    nodes holds types, 0 where there is no node; adjacency is 1 where two are joined; mask is true for the
    nodes that exist, the first ones; label is 0 for a tree, 1 for a ring, 2 for a stochastic block graph.
    """

    bundled = True
    homepage = "https://en.wikipedia.org/wiki/Stochastic_block_model"
    citation = "P. W. Holland et al., Stochastic blockmodels: First steps, Social Networks, 1983."

    def features(self) -> Mapping[str, Any]:
        """Return ``nodes`` ``[16]``, ``adjacency`` ``[16, 16]``, ``mask`` ``[16]`` and ``label``."""
        return {
            "nodes": tfds.features.Tensor(shape=(NODES,), dtype=np.int32, doc=", ".join(TYPES)),
            "adjacency": tfds.features.Tensor(shape=(NODES, NODES), dtype=np.int32, doc="symmetric, 0 or 1"),
            "mask": tfds.features.Tensor(shape=(NODES,), dtype=np.bool_, doc="nodes > 0"),
            "label": tfds.features.ClassLabel(names=("tree", "ring", "blocks")),
        }

    def _split_generators(self, dl_manager: Any) -> Mapping[str, Any]:  # noqa: ARG002
        kinds = [trees(9), rings(7), [block_graph(i) for i in range(384)]]
        graphs = [graph for kind in kinds for graph in kind]
        nodes = np.zeros((len(graphs), NODES), np.int32)
        adjacency = np.zeros((len(graphs), NODES, NODES), np.int32)
        for i, graph in enumerate(graphs):
            nodes[i, : len(graph.atoms)] = graph.atoms
            for a, b in graph.edges:
                adjacency[i, a, b] = adjacency[i, b, a] = 1
        label = np.repeat(np.arange(3), list(map(len, kinds)))
        return self.parts({"nodes": nodes, "adjacency": adjacency, "mask": nodes > 0, "label": label})


def block_graph(i: int) -> Molecule:
    """Return the i-th block graph, of 8 to 16 nodes in 2 or 3 blocks; its edges use the i-th stream."""
    size, blocks = 8 + i % 9, 2 + i // 9 % 2
    block = np.arange(size) * blocks // size
    below, above = np.triu_indices(size, 1)
    joined = uniform(np.arange(len(below)), i) < np.where(block[below] == block[above], WITHIN, BETWEEN)
    edges = tuple(zip(below[joined].tolist(), above[joined].tolist(), strict=True))
    return Molecule(tuple((TYPES.index("block 1") + block).tolist()), edges)
