"""Select graphs of the data set of graphs by kind."""

import numpy as np


def of_kind(graphs, label):
    """Yield types of nodes and adjacency of each graph of a kind, without padding."""
    for nodes, adjacency, mask, kind in zip(
        graphs["nodes"], graphs["adjacency"], graphs["mask"], graphs["label"], strict=True
    ):
        if kind == label:
            yield nodes[mask], adjacency[np.ix_(mask, mask)]
