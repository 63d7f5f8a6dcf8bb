"""The graph decoder: graphs of few nodes are enumerated, labelled and unlabelled, so all it says is exact."""

import itertools
from collections import Counter
from functools import cache
from math import factorial, log

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import scipy.special
import scipy.stats

from jgen.decoders.graph import Graph
from jgen.decoders.graph_distribution import Graphs, check_graphs, faults, relabel, unlabelled_log_prob
from jgen.models.flax_functions import apply_of, init_of

EPS = float(np.finfo(np.float64).eps)
ROUNDING = 1e4 * EPS
"""Some hundred sums and products of numbers below 100 stand behind a log-probability."""
NUM_DRAWS, BATCH = 20_000, 2
SMALL = Graph(num_nodes=3, num_types=2, hidden=(6,), rank=3)
DECODERS = {
    "alike": (SMALL.clone(num_nodes=4), 2),
    "own latents": (SMALL.clone(num_types=1, num_edge_types=3, node_dim=1), 5),
    "ordered": (SMALL.clone(ordered=True), 2),
}
decoders = pytest.mark.parametrize("name", DECODERS)


def every_array(num_nodes, num_types, num_edge_types):
    """All symmetric arrays without self-loops, graphs or not."""
    upper = list(itertools.combinations(range(num_nodes), 2))
    nodes, adjacency = [], []
    for own in itertools.product(range(num_types + 1), repeat=num_nodes):
        for edges in itertools.product(range(num_edge_types), repeat=len(upper)):
            links = np.zeros((num_nodes, num_nodes), int)
            for (i, j), edge in zip(upper, edges, strict=True):
                links[i, j] = links[j, i] = edge
            nodes.append(own)
            adjacency.append(links)
    return {"nodes": np.array(nodes), "adjacency": np.array(adjacency)}


@jax.jit
def known(apply, params, z, graphs, key):
    law = apply(params, z)
    return law, law.log_prob(spread(graphs)), law.sample(key, (NUM_DRAWS,))


@jax.jit
def relabelled(apply, params, z, graphs, order):
    return apply(params, z).log_prob(spread(relabel(graphs, order)))


def spread(graphs):
    """The same graphs for each latent."""
    return jax.tree.map(lambda leaf: leaf[:, None], graphs)


@cache
def params_of(decoder, latent):
    rng = np.random.default_rng(1)
    shapes = jax.eval_shape(decoder.init, jax.random.key(0), jnp.zeros((BATCH, latent)))["params"]
    return jax.tree.map(lambda leaf: jnp.asarray(0.6 * rng.normal(size=leaf.shape)), shapes)


@cache
def made(name):
    """The law given two latents, in float64, all arrays, their log-probabilities, and draws."""
    decoder, latent = DECODERS[name]
    z = jnp.asarray(np.random.default_rng(2).normal(size=(BATCH, latent)))
    graphs = every_array(decoder.num_nodes, decoder.num_types, decoder.num_edge_types)
    law, log_prob, draws = known(apply_of(decoder), params_of(decoder, latent), z, graphs, jax.random.key(3))
    return law, z, graphs, np.asarray(log_prob), jax.tree.map(np.asarray, draws)


@decoders
def test_probabilities_of_all_graphs_sum_to_one(x64, name):  # noqa: ARG001
    law, _, graphs, log_prob, _ = made(name)
    num_nodes = DECODERS[name][0].num_nodes
    assert law.event_shape == {"nodes": (num_nodes,), "adjacency": (num_nodes, num_nodes)}
    np.testing.assert_allclose(np.exp(log_prob).sum(0), 1.0, atol=len(log_prob) * ROUNDING)
    assert np.abs(np.exp(log_prob[:, 0]) - np.exp(log_prob[:, 1])).sum() > 0.1  # the latent is heard
    size, present = (graphs["nodes"] > 0).sum(1), graphs["nodes"] > 0
    packed = (present == (np.arange(num_nodes) < size[:, None])).all(1) & (size > 0)
    joined = (present[:, :, None] & present[:, None] | (graphs["adjacency"] == 0)).all((1, 2))
    assert np.array_equal(np.isfinite(log_prob), np.stack([packed & joined] * BATCH, 1))


@decoders
def test_the_law_is_the_one_written_in_numpy(x64, name):  # noqa: ARG001
    """By loops over nodes and pairs, for every thirteenth graph."""
    law, _, graphs, log_prob, _ = made(name)
    law, log_softmax = jax.tree.map(np.asarray, law), scipy.special.log_softmax
    for i in np.flatnonzero(np.isfinite(log_prob[:, 0]))[::13]:
        nodes, adjacency = graphs["nodes"][i], graphs["adjacency"][i]
        kinds = nodes[nodes > 0] - 1
        for row in range(BATCH):
            total = log_softmax(law.size_logits[row])[len(kinds) - 1]
            total += sum(log_softmax(law.node_logits[row, j])[kind] for j, kind in enumerate(kinds))
            for j, k in itertools.combinations(range(len(kinds)), 2):
                ends = law.ends[row, j, kinds[j]] * law.ends[row, k, kinds[k]]
                total += log_softmax(law.bias + law.relations @ ends)[adjacency[j, k]]
            np.testing.assert_allclose(log_prob[i, row], total, atol=ROUNDING)


@decoders
def test_draws_follow_log_prob(x64, name):  # noqa: ARG001
    _, _, graphs, log_prob, draws = made(name)
    index = {flat(graphs, i): i for i in range(len(log_prob))}
    for row in range(BATCH):
        own = {part: leaf[:, row] for part, leaf in draws.items()}
        counts = np.zeros(len(log_prob))
        for graph, count in Counter(flat(own, i) for i in range(NUM_DRAWS)).items():
            counts[index[graph]] = count
        due = NUM_DRAWS * np.exp(log_prob[:, row])
        assert counts[due == 0].sum() == 0
        rare = due < 10  # pooled, with the least of the others, as the chi-square law asks for
        rare |= due == due[~rare].min()
        counts, due = (np.append(x[~rare], x[rare].sum()) for x in (counts, due))
        assert len(due) > 5
        p_value = scipy.stats.chi2(len(due) - 1).sf(((counts - due) ** 2 / due).sum())
        assert p_value > 1e-6 / BATCH / len(DECODERS)


def flat(graphs, i):
    return (*graphs["nodes"][i].tolist(), *graphs["adjacency"][i].ravel().tolist())


def all_orders(num_nodes):
    return np.array(list(itertools.permutations(range(num_nodes))))


@decoders
def test_relabelling_changes_nothing_or_what_it_must(x64, name):  # noqa: ARG001
    """p(pi G | c, pi e) = p(G | c, e); where places differ it is not so."""
    _, z, graphs, log_prob, _ = made(name)
    decoder, latent = DECODERS[name]
    whole = (graphs["nodes"] > 0).all(1)  # whose every relabelling fills the first places
    full = {part: leaf[whole] for part, leaf in graphs.items()}
    gaps = []
    for order in all_orders(decoder.num_nodes)[1:]:
        turned = z
        if decoder.node_dim:
            own = z[:, -decoder.num_nodes :][:, order]
            turned = jnp.concatenate([z[:, : -decoder.num_nodes], own], 1)
        there = relabelled(apply_of(decoder), params_of(decoder, latent), turned, full, jnp.asarray(order))
        gaps.append(np.abs(there - log_prob[whole]).max())
    assert max(gaps) > 0.1 if decoder.ordered else max(gaps) < ROUNDING


def classes(graphs):
    """The isomorphism class of each graph, named by the first of all its relabellings."""
    orders = all_orders(graphs["nodes"].shape[1])
    nodes = [graphs["nodes"][:, order] for order in orders]
    adjacency = [graphs["adjacency"][:, order][:, :, order] for order in orders]
    images = [{"nodes": n, "adjacency": a} for n, a in zip(nodes, adjacency, strict=True)]
    return [min(flat(image, i) for image in images) for i in range(len(graphs["nodes"]))]


@pytest.mark.parametrize("name", ["ordered", "alike"])
def test_unlabelled_graphs_are_the_sum_of_their_labellings(x64, name):  # noqa: ARG001
    law, _, graphs, log_prob, _ = made(name)
    num_nodes = DECODERS[name][0].num_nodes
    possible = np.isfinite(log_prob[:, 0])
    graphs, log_prob = {part: leaf[possible] for part, leaf in graphs.items()}, log_prob[possible]
    names = classes(graphs)
    orders = jnp.asarray(all_orders(num_nodes))
    unlabelled = jax.jit(unlabelled_log_prob)
    found = np.asarray(unlabelled(law, spread(graphs), orders))
    members = {label: [i for i, other in enumerate(names) if other == label] for label in set(names)}
    for own in members.values():
        truth = scipy.special.logsumexp(log_prob[own], axis=0, keepdims=True)
        np.testing.assert_allclose(found[own], np.repeat(truth, len(own), 0), atol=ROUNDING)
        if name != "ordered":
            np.testing.assert_allclose(found[own] - log_prob[own], log(len(own)), atol=ROUNDING)
    total = sum(np.exp(found[own[0]]) for own in members.values())
    np.testing.assert_allclose(total, 1.0, atol=len(names) * ROUNDING)
    few = np.asarray(unlabelled(law, spread(graphs), orders[:3]))  # the first of them changes nothing
    assert (few <= found + ROUNDING).all()
    assert (few >= log_prob - ROUNDING).all()


FIVE = {
    "path": ([(0, 1), (1, 2), (2, 3), (3, 4)], 60),
    "ring": ([(0, 1), (1, 2), (2, 3), (3, 4), (4, 0)], 12),
    "star": ([(0, 1), (0, 2), (0, 3), (0, 4)], 5),
    "all": (list(itertools.combinations(range(5), 2)), 1),
    "none": ([], 1),
    "ring of four and a node": ([(0, 1), (1, 2), (2, 3), (3, 0)], 15),
}


def test_labellings_of_known_graphs_are_counted(x64):  # noqa: ARG001
    """With coins for edges every graph of five nodes has 2^-10; n! / |Aut| is a known number."""
    adjacency = np.zeros((len(FIVE), 5, 5), int)
    for graph, (edges, _) in zip(adjacency, FIVE.values(), strict=True):
        for i, j in edges:
            graph[i, j] = graph[j, i] = 1
    graphs = {"nodes": jnp.ones((len(FIVE), 5), int), "adjacency": jnp.asarray(adjacency)}
    zeros = [jnp.zeros(shape) for shape in [(5,), (5, 1), (5, 1, 1), (2, 1), (2,)]]
    found = jnp.exp(jax.jit(unlabelled_log_prob)(Graphs(*zeros), graphs, jnp.asarray(all_orders(5))))
    np.testing.assert_allclose(
        found * 5 * 2**10, [labellings for _, labellings in FIVE.values()], rtol=ROUNDING
    )
    assert factorial(5) // 2 == FIVE["path"][1]


def test_maximum_likelihood_of_coins_is_their_frequencies():
    """With one type and no latent the best law has the frequencies of sizes and of edges, in closed form."""
    decoder, rng = Graph(num_nodes=4, hidden=(4,), rank=2), np.random.default_rng(0)
    nodes = (np.arange(4) < rng.integers(2, 5, size=60)[:, None]).astype(int)
    coins = np.triu(rng.random((60, 4, 4)) < 0.3, 1) & (nodes[:, :, None] & nodes[:, None]).astype(bool)
    data = {"nodes": jnp.asarray(nodes), "adjacency": jnp.asarray(coins + coins.swapaxes(1, 2), int)}
    sizes = np.bincount(nodes.sum(1))[2:] / 60
    pairs = (nodes.sum(1) * (nodes.sum(1) - 1) / 2).sum()
    edge = coins.sum() / pairs
    best = sizes @ np.log(sizes) + pairs / 60 * (edge * log(edge) + (1 - edge) * log(1 - edge))
    optimizer = optax.adam(0.05)

    def loss(params):
        return -apply_of(decoder)(params, jnp.zeros((60, 0))).log_prob(data).mean()

    def step(carry, _):
        params, state = carry
        value, gradient = jax.value_and_grad(loss)(params)
        updates, state = optimizer.update(gradient, state)
        return (optax.apply_updates(params, updates), state), -value

    params = init_of(decoder, jnp.zeros((60, 0)))(jax.random.key(0))
    seen = jax.jit(lambda carry: jax.lax.scan(step, carry, length=400)[1])((params, optimizer.init(params)))
    rounding = 100 * float(jnp.finfo(jnp.float32).eps)
    assert seen.max() < best + rounding  # nothing is likelier than the best
    assert seen[-1] > best - 1e-3  # sizes 1 keep a little probability, which falls as 1/step
    assert seen[0] < best - 0.1


@jax.jit
def judged(law, graphs):
    return law.log_prob(graphs)


FAULTY = {
    "node types": lambda g: {**g, "nodes": g["nodes"].at[1, 0].set(3)},
    "first places": lambda g: {**g, "nodes": g["nodes"].at[1, 0].set(0)},
    "must be a node": lambda g: {"nodes": g["nodes"].at[1].set(0), "adjacency": g["adjacency"].at[1].set(0)},
    "edges must be 0": lambda g: {**g, "adjacency": g["adjacency"].at[1, [0, 1], [1, 0]].set(2)},
    "symmetric": lambda g: {**g, "adjacency": g["adjacency"].at[1, 0, 1].set(0)},
    "to itself": lambda g: {**g, "adjacency": g["adjacency"].at[1, 0, 0].set(1)},
    "that are there": lambda g: {**g, "adjacency": g["adjacency"].at[1, [0, 2], [2, 0]].set(1)},
}


@pytest.mark.parametrize("fault", FAULTY)
def test_arrays_that_are_no_graphs_are_named_and_impossible(x64, fault):  # noqa: ARG001
    path = jnp.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]])
    sound = {"nodes": jnp.array([[1, 2, 0]] * 2), "adjacency": jnp.stack([path] * 2)}
    check_graphs(sound, 2)
    broken = FAULTY[fault](sound)
    with pytest.raises(ValueError, match=rf"graph 1 of 2 is none: .*{fault}"):
        check_graphs(broken, 2)
    law = made("ordered")[0]
    assert np.isfinite(judged(law, sound)).all()
    assert np.isneginf(judged(law, broken)).tolist() == [False, True]
    assert any(fault in name for name in faults(broken, 2, 2))


def test_sizes_that_cannot_be_are_named():
    for decoder, latent, words in [
        (SMALL.clone(node_dim=2), 5, "latent of 6"),
        (SMALL.clone(rank=0), 2, "at least 1"),
    ]:
        with pytest.raises(ValueError, match=words):
            jax.eval_shape(decoder.init, jax.random.key(0), jnp.zeros((2, latent)))
    law = Graphs(*(jnp.zeros(shape) for shape in [(3,), (3, 1), (3, 1, 1), (2, 1), (2,)]))
    with pytest.raises(ValueError, match="3 places"):
        law.log_prob({"nodes": jnp.ones(4, int), "adjacency": jnp.zeros((4, 4), int)})
    with pytest.raises(ValueError, match="adjacency"):
        check_graphs({"nodes": np.ones((2, 3)), "adjacency": np.ones((2, 3))}, 1)
