"""Enumerate trees and rings like small molecules: carbon with up to four bonds, oxygen with two.

A graph is its atoms and, for each atom but the first, the earlier atom it was joined to; a ring has one
edge more, from the last atom of the cycle to the first.
"""

from itertools import product
from typing import NamedTuple

CARBON, OXYGEN = 1, 2
BONDS = {CARBON: 4, OXYGEN: 2}


class Molecule(NamedTuple):
    """Graph of atoms and of pairs of them that are bonded."""

    atoms: tuple[int, ...]
    edges: tuple[tuple[int, int], ...]


def trees(most: int) -> list[Molecule]:
    """Return all trees of 2 to ``most`` atoms, at most one of them oxygen, each once up to relabelling.

    A tree without one of its leaves is a tree, so all trees grow from single atoms, leaf by leaf.

    Example:
        >>> [len(tree.atoms) for tree in trees(3)]  # C-C, C-O; C-C-C, C-C-O, C-O-C
        [2, 2, 3, 3, 3]
    """
    found, layer = [], [Molecule((CARBON,), ()), Molecule((OXYGEN,), ())]
    for _ in range(most - 1):
        grown: dict[tuple, Molecule] = {}
        for tree in layer:
            for place, atom in product(range(len(tree.atoms)), (CARBON, OXYGEN)):
                bigger = Molecule((*tree.atoms, atom), (*tree.edges, (place, len(tree.atoms))))
                if bonds(bigger)[place] <= BONDS[tree.atoms[place]] and bigger.atoms.count(OXYGEN) <= 1:
                    grown.setdefault(canonical(bigger), bigger)
        layer = [grown[form] for form in sorted(grown)]
        found += layer
    return found


def rings(largest: int) -> list[Molecule]:
    """Return all cycles of 3 to ``largest`` carbons, each with nothing, a carbon or an oxygen attached.

    Each occurs once, up to rotation and reflection.

    Example:
        >>> len(rings(3))  # bracelets of three beads in three colours
        10
    """
    found = []
    for size in range(3, largest + 1):
        for hung in product((0, CARBON, OXYGEN), repeat=size):
            turned = [hung[i:] + hung[:i] for i in range(size)]
            if hung == min(turned + [other[::-1] for other in turned]):
                places = [place for place in range(size) if hung[place]]
                cycle = tuple((i, (i + 1) % size) for i in range(size))
                edges = tuple((place, size + i) for i, place in enumerate(places))
                found.append(Molecule((CARBON,) * size + tuple(filter(None, hung)), cycle + edges))
    return found


def bonds(graph: Molecule) -> list[int]:
    """Count the edges at each atom."""
    ends = [end for edge in graph.edges for end in edge]
    return [ends.count(i) for i in range(len(graph.atoms))]


def canonical(tree: Molecule) -> tuple:
    """Return a form that two trees share exactly if they are isomorphic: the least of all rootings.

    Reference:
        Aho, Hopcroft, Ullman, The Design and Analysis of Computer Algorithms, 1974 (the form of a rooting).
    """
    near: list[list[int]] = [[] for _ in tree.atoms]
    for a, b in tree.edges:
        near[a].append(b)
        near[b].append(a)

    def rooted(at: int, parent: int) -> tuple:
        return (tree.atoms[at], *sorted(rooted(other, at) for other in near[at] if other != parent))

    return min(rooted(root, -1) for root in range(len(tree.atoms)))
