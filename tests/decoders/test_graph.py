"""Test the graph decoder: relabelling, training and sizes."""

from math import log

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jgen.decoders.graph import Graph
from jgen.decoders.graph_distribution import relabel
from jgen.models.flax_functions import apply_of, init_of
from jgen.objectives import exact_likelihood
from jgen.training import init_state, make_train_step, train
from tests.helpers.marking import first_of_each
from tests.helpers.small_graphs import DECODERS, ROUNDING, SMALL, all_orders, evaluated, params_of, spread


@jax.jit
def log_prob_of_relabelled(apply, params, z, graphs, order):
    return apply(params, z).log_prob(spread(relabel(graphs, order)))


@pytest.mark.parametrize("name", first_of_each(DECODERS))
def test_relabelling_changes_log_prob_only_where_places_differ(x64, name):  # noqa: ARG001
    """p(pi G | c, pi e) = p(G | c, e), but not for an ordered decoder."""
    _, z, graphs, log_prob, _ = evaluated(name)
    decoder, _ = DECODERS[name]
    whole = (graphs["nodes"] > 0).all(1)  # every relabelling fills the first places
    full = {part: leaf[whole] for part, leaf in graphs.items()}
    gaps = []
    for order in all_orders(decoder.num_nodes)[1:]:
        turned = z.at[:, -len(order) :].set(z[:, -len(order) :][:, order]) if decoder.node_dim else z
        there = log_prob_of_relabelled(apply_of(decoder), params_of(name), turned, full, jnp.asarray(order))
        gaps.append(np.abs(there - log_prob[whole]).max())
    assert max(gaps) > 0.1 if decoder.ordered else max(gaps) < ROUNDING


@pytest.mark.weekly
def test_maximum_likelihood_fits_frequencies_of_sizes_and_edges():
    """With one type and no latent the optimum is known: the frequencies of sizes and of edges."""
    decoder, rng = Graph(num_nodes=4, hidden=(4,), rank=2), np.random.default_rng(0)
    nodes = (np.arange(4) < rng.integers(2, 5, size=60)[:, None]).astype(int)
    coins = np.triu(rng.random((60, 4, 4)) < 0.3, 1) & (nodes[:, :, None] & nodes[:, None]).astype(bool)
    data = {"nodes": jnp.asarray(nodes), "adjacency": jnp.asarray(coins + coins.swapaxes(1, 2), int)}
    sizes = np.bincount(nodes.sum(1))[2:] / 60
    pairs = (nodes.sum(1) * (nodes.sum(1) - 1) / 2).sum()
    edge = coins.sum() / pairs
    best = sizes @ np.log(sizes) + pairs / 60 * (edge * log(edge) + (1 - edge) * log(1 - edge))
    optimizer, z, key = optax.adam(0.05), jnp.zeros((60, 0)), jax.random.key(0)

    def log_prob(params, graphs):
        return apply_of(decoder)(params, z).log_prob(graphs)

    state = init_state(key, init_of(decoder, z)(key), optimizer)
    step = make_train_step(exact_likelihood(log_prob), optimizer)
    trace = -train(state, step, data, 400).metrics["loss"]
    rounding = 100 * float(jnp.finfo(jnp.float32).eps)
    assert trace.max() < best + rounding  # the optimum bounds the likelihood
    assert trace[-1] > best - 1e-3  # sizes 1 keep a little probability, which falls as 1/step
    assert trace[0] < best - 0.1


def test_impossible_sizes_are_refused():
    for wrong, complaint in (({"node_dim": 2}, "latent of 6"), ({"rank": 0}, "at least 1")):
        with pytest.raises(ValueError, match=complaint):
            jax.eval_shape(SMALL.clone(**wrong).init, jax.random.key(0), jnp.zeros((2, 5)))
