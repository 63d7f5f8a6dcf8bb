"""Check that trees and rings are complete and distinct."""

from itertools import permutations
from math import comb

import numpy as np
import pytest

from jgen.data import load
from tests.helpers.loaded_graphs import of_kind

CARBON, OXYGEN = 1, 2
ALKANES = [1, 1, 1, 2, 3, 5, 9, 18, 35]  # isomers of 1 to 9 carbons: OEIS A000602
ALKYLS = [1, 1, 1, 2, 4, 8, 17, 39, 89]  # trees of 0 to 8 carbons that hang by one bond: A000598
BRACELETS = {3: 10, 4: 21, 5: 39, 6: 92, 7: 198}  # of beads in three colours, up to turning over: A027671


@pytest.fixture(scope="module")
def graphs(prepared):
    return load("graphs", "all", directory=prepared)


def connected(adjacency):
    reach = np.linalg.matrix_power(np.eye(len(adjacency), dtype=int) + adjacency, len(adjacency))
    return bool((reach > 0).all())


def test_trees_are_all_alkanes_alcohols_and_ethers(graphs):
    found = {}
    for nodes, adjacency in of_kind(graphs, 0):
        degree = adjacency.sum(1)
        assert adjacency.sum() == 2 * (len(nodes) - 1)
        assert connected(adjacency)
        assert (degree <= np.where(nodes == CARBON, 4, 2)).all()
        oxygens = tuple(degree[nodes == OXYGEN])  # none; one bond, an alcohol; two, an ether
        found[oxygens, len(nodes)] = found.get((oxygens, len(nodes)), 0) + 1
    expected = {((), n): ALKANES[n - 1] for n in range(2, 10)}
    expected |= {((1,), n + 1): ALKYLS[n] for n in range(1, 9)}
    for n in range(2, 9):  # an ether is two alkyls in no order
        pairs = sum(ALKYLS[i] * ALKYLS[n - i] for i in range(1, (n + 1) // 2))
        expected[(2,), n + 1] = pairs + (comb(ALKYLS[n // 2] + 1, 2) if n % 2 == 0 else 0)
    assert found == expected


def test_no_two_small_molecules_are_isomorphic(graphs):
    # the counts could be right with one twice and another missing: try all relabellings
    forms, count = set(), 0
    for label in (0, 1):
        for nodes, adjacency in of_kind(graphs, label):
            if len(nodes) <= 6:
                orders = np.array(list(permutations(range(len(nodes)))))
                relabelled = adjacency[orders[:, :, None], orders[:, None]].reshape(len(orders), -1)
                forms.add(max(map(bytes, np.concatenate([nodes[orders], relabelled], 1).astype(np.uint8))))
                count += 1
    assert len(forms) == count == 62  # 39 trees by the counts above, and 23 rings


def test_rings_are_all_bracelets(graphs):
    found = {}
    for nodes, adjacency in of_kind(graphs, 1):
        degree = adjacency.sum(1)
        inner = adjacency[np.ix_(degree > 1, degree > 1)]
        assert adjacency.sum() == 2 * len(nodes)
        assert connected(inner)
        assert (inner.sum(1) == 2).all()
        assert (nodes[degree > 1] == CARBON).all()
        assert degree.max() <= 3
        found[len(inner)] = found.get(len(inner), 0) + 1
    assert found == BRACELETS
