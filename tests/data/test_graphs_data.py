"""Graphs: well formed, all molecules that there are and none twice, blocks of the stated chances."""

from itertools import permutations
from math import comb, gcd

import numpy as np
import pytest
from scipy.stats import norm

from jgen.data import load

CARBON, OXYGEN = 1, 2
ALKANES = [1, 1, 1, 2, 3, 5, 9, 18, 35]  # isomers of 1 to 9 carbons: OEIS A000602


@pytest.fixture(scope="module")
def graphs(prepared):
    return load("graphs", "all", directory=prepared)


def of_kind(graphs, label):
    """Types of nodes and adjacency of each graph of a kind, without padding."""
    for nodes, adjacency, mask, kind in zip(
        graphs["nodes"], graphs["adjacency"], graphs["mask"], graphs["label"], strict=True
    ):
        if kind == label:
            yield nodes[mask], adjacency[np.ix_(mask, mask)]


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


def test_graphs_are_well_formed(graphs):
    nodes, adjacency, mask = graphs["nodes"], graphs["adjacency"], graphs["mask"]
    np.testing.assert_array_equal(mask, nodes > 0)
    assert (np.sort(mask, 1)[:, ::-1] == mask).all()  # the first places are filled
    np.testing.assert_array_equal(adjacency, adjacency.transpose(0, 2, 1))
    assert set(np.unique(adjacency)) == {0, 1}
    assert not adjacency[:, range(16), range(16)].any()
    assert not adjacency[~mask].any()
    assert np.bincount(graphs["label"]).tolist() == [376, 360, 384]


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


def test_no_two_small_molecules_are_one_relabelled(graphs):
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


def test_blocks_have_the_stated_chances(graphs):
    edges, pairs, sizes = np.zeros(2), np.zeros(2), []
    for nodes, adjacency in of_kind(graphs, 2):
        below, above = np.triu_indices(len(nodes), 1)
        apart = (nodes[below] != nodes[above]).astype(int)
        np.add.at(edges, apart, adjacency[below, above])
        np.add.at(pairs, apart, 1)
        blocks = np.bincount(nodes)[3:]
        assert blocks.max() - blocks.min() <= 1
        sizes.append((len(nodes), len(blocks)))
    chance = np.array([0.8, 0.1])
    error = np.sqrt(chance * (1 - chance) / pairs)
    assert (np.abs(edges / pairs - chance) < norm.isf(1e-9) * error).all()
    counts = [sizes.count((n, blocks)) for n in range(8, 17) for blocks in (2, 3)]
    assert min(counts) == 21
    assert max(counts) == 22
