"""Check that trees and rings are complete and distinct."""

from itertools import permutations
from math import comb, gcd

import numpy as np
import pytest

from jgen.data import load
from tests.helpers.loaded_graphs import of_kind

CARBON, OXYGEN = 1, 2
ALKANES = [1, 1, 1, 2, 3, 5, 9, 18, 35]  # isomers of 1 to 9 carbons: OEIS A000602


@pytest.fixture(scope="module")
def graphs(prepared):
    return load("graphs", "all", directory=prepared)


def alkyls(most):
    """Carbon trees of n atoms that hang by one bond (A000598): Polya's theorem for three places."""
    count = [1]  # by nothing at all: a hydrogen
    for n in range(1, most + 1):
        total = 0
        for i in range(n):
            for j in range(n - i):
                total += count[i] * count[j] * count[n - 1 - i - j]
            if (n - 1 - i) % 2 == 0:
                total += 3 * count[i] * count[(n - 1 - i) // 2]
        if (n - 1) % 3 == 0:
            total += 2 * count[(n - 1) // 3]
        count.append(total // 6)
    return count


def bracelets(beads, colours):
    """Rings of beads up to turning and turning over, by Burnside's lemma."""
    turned = sum(colours ** gcd(i, beads) for i in range(beads))
    over = beads * (colours ** ((beads + 1) // 2) + colours ** (beads // 2 + 1)) // 2
    return (turned + over) // (2 * beads)


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
    alkyl = alkyls(8)
    assert alkyl == [1, 1, 1, 2, 4, 8, 17, 39, 89]
    expected = {((), n): ALKANES[n - 1] for n in range(2, 10)}
    expected |= {((1,), n + 1): alkyl[n] for n in range(1, 9)}
    for n in range(2, 9):  # an ether is two alkyls in no order
        pairs = sum(alkyl[i] * alkyl[n - i] for i in range(1, (n + 1) // 2))
        expected[(2,), n + 1] = pairs + (comb(alkyl[n // 2] + 1, 2) if n % 2 == 0 else 0)
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
    assert found == {size: bracelets(size, 3) for size in range(3, 8)}
    assert found[6] == 92  # A027671
