"""Provide small graph decoders, and enumerate their graphs."""

import itertools
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np

from jgen.decoders.graph import Graph
from jgen.models.flax_functions import apply_of

ROUNDING = 1e4 * float(np.finfo(np.float64).eps)
"""A log-probability is some hundred sums and products of numbers below 100."""
NUM_DRAWS, BATCH = 20_000, 2
SMALL = Graph(num_nodes=3, num_types=2, hidden=(6,), rank=3)
DECODERS = {
    "exchangeable": (SMALL.clone(num_edge_types=3), 2),
    "node latents": (SMALL.clone(num_types=1, num_edge_types=3, node_dim=1), 5),
    "ordered": (SMALL.clone(ordered=True), 2),
    "four nodes": (SMALL.clone(num_nodes=4), 2),
}


def every_array(num_nodes, num_types, num_edge_types):
    """Enumerate all symmetric arrays without self-loops, graphs or not."""
    upper = np.triu_indices(num_nodes, 1)
    types = itertools.product(range(num_types + 1), repeat=num_nodes)
    edges = itertools.product(range(num_edge_types), repeat=len(upper[0]))
    nodes, links = map(np.array, zip(*itertools.product(types, edges), strict=True))
    adjacency = np.zeros((len(nodes), num_nodes, num_nodes), int)
    adjacency[:, *upper] = links
    return {"nodes": nodes, "adjacency": adjacency + adjacency.swapaxes(1, 2)}


def all_orders(num_nodes):
    return np.array(list(itertools.permutations(range(num_nodes))))


def spread(graphs):
    """Give the same graphs to each latent."""
    return jax.tree.map(lambda leaf: leaf[:, None], graphs)


@jax.jit
def evaluate(apply, params, z, graphs, key):
    distribution = apply(params, z)
    return distribution, distribution.log_prob(spread(graphs)), distribution.sample(key, (NUM_DRAWS,))


@cache
def params_of(name):
    decoder, latent = DECODERS[name]
    rng = np.random.default_rng(1)
    shapes = jax.eval_shape(decoder.init, jax.random.key(0), jnp.zeros((BATCH, latent)))["params"]
    return jax.tree.map(lambda leaf: jnp.asarray(0.6 * rng.normal(size=leaf.shape)), shapes)


@cache
def evaluated(name):
    """Return the distribution at two latents, in float64, all arrays, their log-probabilities, and draws."""
    decoder, latent = DECODERS[name]
    z = jnp.asarray(np.random.default_rng(2).normal(size=(BATCH, latent)))
    graphs = every_array(decoder.num_nodes, decoder.num_types, decoder.num_edge_types)
    given = (params_of(name), z, graphs, jax.random.key(3))
    distribution, log_prob, draws = evaluate(apply_of(decoder), *given)
    return distribution, z, graphs, np.asarray(log_prob), jax.tree.map(np.asarray, draws)
