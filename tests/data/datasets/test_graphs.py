"""Check that graphs are well formed and blocks have the stated edge probabilities."""

import numpy as np
import pytest
from scipy.stats import norm

from jgen.data import load
from tests.helpers.loaded_graphs import of_kind


@pytest.fixture(scope="module")
def graphs(prepared):
    return load("graphs", "all", directory=prepared)


def test_graphs_are_well_formed(graphs):
    nodes, adjacency, mask = graphs["nodes"], graphs["adjacency"], graphs["mask"]
    np.testing.assert_array_equal(mask, nodes > 0)
    assert (np.sort(mask, 1)[:, ::-1] == mask).all()  # the first places are filled
    np.testing.assert_array_equal(adjacency, adjacency.transpose(0, 2, 1))
    assert set(np.unique(adjacency)) == {0, 1}
    assert not adjacency[:, range(16), range(16)].any()
    assert not adjacency[~mask].any()
    assert np.bincount(graphs["label"]).tolist() == [376, 360, 384]


def test_block_edges_have_the_stated_probabilities(graphs):
    edges, pairs, sizes = np.zeros(2), np.zeros(2), []
    for nodes, adjacency in of_kind(graphs, 2):
        below, above = np.triu_indices(len(nodes), 1)
        apart = (nodes[below] != nodes[above]).astype(int)
        np.add.at(edges, apart, adjacency[below, above])
        np.add.at(pairs, apart, 1)
        blocks = np.bincount(nodes)[3:]
        assert blocks.max() - blocks.min() <= 1
        sizes.append((len(nodes), len(blocks)))
    probability = np.array([0.8, 0.1])
    error = np.sqrt(probability * (1 - probability) / pairs)
    assert (np.abs(edges / pairs - probability) < norm.isf(1e-9) * error).all()
    counts = [sizes.count((n, blocks)) for n in range(8, 17) for blocks in (2, 3)]
    assert min(counts) == 21
    assert max(counts) == 22
