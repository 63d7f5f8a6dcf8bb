"""Test distributions of graphs by enumeration of labelled and unlabelled graphs of few nodes."""

import itertools
from collections import Counter
from math import log

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special

from jgen.decoders.graph_distribution import Graphs, check_graphs, unlabelled_log_prob
from tests.helpers.chi_square import chi_square_p_value
from tests.helpers.marking import first_of_each
from tests.helpers.small_graphs import BATCH, DECODERS, NUM_DRAWS, ROUNDING, all_orders, evaluated, spread

decoders = pytest.mark.parametrize("name", first_of_each(DECODERS))


@decoders
def test_probabilities_of_all_graphs_sum_to_one(x64, name):  # noqa: ARG001
    distribution, _, graphs, log_prob, _ = evaluated(name)
    num_nodes = DECODERS[name][0].num_nodes
    assert distribution.event_shape == {"nodes": (num_nodes,), "adjacency": (num_nodes, num_nodes)}
    np.testing.assert_allclose(np.exp(log_prob).sum(0), 1.0, atol=len(log_prob) * ROUNDING)
    assert np.abs(np.exp(log_prob[:, 0]) - np.exp(log_prob[:, 1])).sum() > 0.1  # the latent matters
    size, present = (graphs["nodes"] > 0).sum(1), graphs["nodes"] > 0
    packed = (present == (np.arange(num_nodes) < size[:, None])).all(1) & (size > 0)
    joined = (present[:, :, None] & present[:, None] | (graphs["adjacency"] == 0)).all((1, 2))
    assert np.array_equal(np.isfinite(log_prob), np.stack([packed & joined] * BATCH, 1))


@decoders
def test_log_prob_equals_that_of_numpy(x64, name):  # noqa: ARG001
    """By loops over nodes and pairs, for every thirteenth graph."""
    distribution, _, graphs, log_prob, _ = evaluated(name)
    distribution, log_softmax = jax.tree.map(np.asarray, distribution), scipy.special.log_softmax
    for i in np.flatnonzero(np.isfinite(log_prob[:, 0]))[::13]:
        nodes, adjacency = graphs["nodes"][i], graphs["adjacency"][i]
        kinds = nodes[nodes > 0] - 1
        for row in range(BATCH):
            total = log_softmax(distribution.size_logits[row])[len(kinds) - 1]
            total += sum(log_softmax(distribution.node_logits[row, j])[kind] for j, kind in enumerate(kinds))
            for j, k in itertools.combinations(range(len(kinds)), 2):
                ends = distribution.ends[row, j, kinds[j]] * distribution.ends[row, k, kinds[k]]
                total += log_softmax(distribution.bias + distribution.relations @ ends)[adjacency[j, k]]
            np.testing.assert_allclose(log_prob[i, row], total, atol=ROUNDING)


@decoders
def test_draws_follow_log_prob(x64, name):  # noqa: ARG001
    """Chi-square tests at 1e-6 in all."""
    _, _, graphs, log_prob, draws = evaluated(name)
    index = {flat(graphs, i): i for i in range(len(log_prob))}
    for row in range(BATCH):
        drawn = {part: leaf[:, row] for part, leaf in draws.items()}
        counts = np.zeros(len(log_prob))
        for graph, count in Counter(flat(drawn, i) for i in range(NUM_DRAWS)).items():
            counts[index[graph]] = count
        p_value = chi_square_p_value(counts, np.exp(log_prob[:, row]))
        assert p_value > 1e-6 / BATCH / len(DECODERS)


def flat(graphs, i):
    return (*graphs["nodes"][i].tolist(), *graphs["adjacency"][i].ravel().tolist())


def classes(graphs):
    """Return the isomorphism class of each graph, named by the first of all its relabellings."""
    nodes, adjacency, orders = graphs["nodes"], graphs["adjacency"], all_orders(graphs["nodes"].shape[1])
    images = [{"nodes": nodes[:, o], "adjacency": adjacency[:, o][:, :, o]} for o in orders]
    return [min(flat(image, i) for image in images) for i in range(len(graphs["nodes"]))]


@pytest.mark.parametrize("name", first_of_each(["exchangeable", "ordered", "four nodes"]))
def test_unlabelled_graphs_have_the_sum_of_their_labellings(x64, name):  # noqa: ARG001
    distribution, _, graphs, log_prob, _ = evaluated(name)
    num_nodes = DECODERS[name][0].num_nodes
    possible = np.isfinite(log_prob[:, 0])
    graphs, log_prob = {part: leaf[possible] for part, leaf in graphs.items()}, log_prob[possible]
    names = classes(graphs)
    orders = jnp.asarray(all_orders(num_nodes))
    unlabelled = jax.jit(unlabelled_log_prob)
    found = np.asarray(unlabelled(distribution, spread(graphs), orders))
    members = {label: [i for i, other in enumerate(names) if other == label] for label in set(names)}
    for same in members.values():
        truth = scipy.special.logsumexp(log_prob[same], axis=0, keepdims=True)
        np.testing.assert_allclose(found[same], np.repeat(truth, len(same), 0), atol=ROUNDING)
        if name != "ordered":
            np.testing.assert_allclose(found[same] - log_prob[same], log(len(same)), atol=ROUNDING)
    total = sum(np.exp(found[same[0]]) for same in members.values())
    np.testing.assert_allclose(total, 1.0, atol=len(names) * ROUNDING)
    few = np.asarray(unlabelled(distribution, spread(graphs), orders[:3]))  # the first changes nothing
    assert ((few <= found + ROUNDING) & (few >= log_prob - ROUNDING)).all()


FOUR = {
    "path": ([(0, 1), (1, 2), (2, 3)], 12),
    "ring": ([(0, 1), (1, 2), (2, 3), (3, 0)], 3),
    "star": ([(0, 1), (0, 2), (0, 3)], 4),
    "complete": (list(itertools.combinations(range(4), 2)), 1),
    "empty": ([], 1),
    "triangle and a node": ([(0, 1), (1, 2), (2, 0)], 4),
}


def zeros(num_nodes, num_types):
    """Return the distribution whose sizes, types and edges are uniform."""
    shapes = [(num_nodes,), (num_nodes, num_types), (num_nodes, num_types, 1), (2, 1), (2,)]
    return Graphs(*map(jnp.zeros, shapes))


def test_labellings_of_known_graphs_are_counted(x64):  # noqa: ARG001
    """Every graph of four nodes has probability 2^-6; n! / |Aut| is known."""
    adjacency = np.zeros((len(FOUR), 4, 4), int)
    for graph, (edges, _) in zip(adjacency, FOUR.values(), strict=True):
        for i, j in edges:
            graph[i, j] = graph[j, i] = 1
    graphs = {"nodes": jnp.ones((len(FOUR), 4), int), "adjacency": jnp.asarray(adjacency)}
    found = jnp.exp(jax.jit(unlabelled_log_prob)(zeros(4, 1), graphs, jnp.asarray(all_orders(4))))
    labellings = [number for _, number in FOUR.values()]
    np.testing.assert_allclose(found * 4 * 2**6, labellings, rtol=ROUNDING)


FAULTY = {
    "node types": lambda g: {**g, "nodes": g["nodes"].at[1, 0].set(3)},
    "first places": lambda g: {**g, "nodes": g["nodes"].at[1, 0].set(0)},
    "must be a node": lambda g: {"nodes": g["nodes"].at[1].set(0), "adjacency": g["adjacency"].at[1].set(0)},
    "edges must be 0": lambda g: {**g, "adjacency": g["adjacency"].at[1, [0, 1], [1, 0]].set(2)},
    "symmetric": lambda g: {**g, "adjacency": g["adjacency"].at[1, 0, 1].set(0)},
    "to itself": lambda g: {**g, "adjacency": g["adjacency"].at[1, 0, 0].set(1)},
    "join existing nodes": lambda g: {**g, "adjacency": g["adjacency"].at[1, [0, 2], [2, 0]].set(1)},
}


@pytest.mark.parametrize("fault", FAULTY)
def test_arrays_that_are_no_graphs_are_refused_and_impossible(fault):
    path = jnp.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]])
    valid = {"nodes": jnp.array([[1, 2, 0]] * 2), "adjacency": jnp.stack([path] * 2)}
    check_graphs(valid, 2)
    broken = FAULTY[fault](valid)
    with pytest.raises(ValueError, match=rf"graph 1 of 2 is no graph: .*{fault}"):
        check_graphs(broken, 2)
    log_prob = jax.jit(zeros(3, 2).log_prob)
    assert np.isfinite(log_prob(valid)).all()
    assert np.isneginf(log_prob(broken)).tolist() == [False, True]


def test_graphs_of_another_size_are_refused():
    with pytest.raises(ValueError, match="3 places"):
        zeros(3, 1).log_prob({"nodes": jnp.ones(4, int), "adjacency": jnp.zeros((4, 4), int)})
    with pytest.raises(ValueError, match="adjacency"):
        check_graphs({"nodes": np.ones((2, 3)), "adjacency": np.ones((2, 3))}, 1)
