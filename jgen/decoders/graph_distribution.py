r"""Define distributions of graphs, labelled and unlabelled.

A graph of at most n nodes is a dictionary of integers, zero where there is no node or edge:

- ``nodes [*batch, n]``: the type of each node, ``1 .. num_types``, and 0 for no node; a graph of m nodes
  fills the first m places, so that ``nodes > 0`` is its mask;
- ``adjacency [*batch, n, n]``: symmetric, 0 for no edge, ``1 .. num_edge_types - 1`` for its kinds; 0 on the
  diagonal and where there is no node.

The labels (places) carry no meaning. The unlabelled graph [G] is the set of all relabellings of G, and

.. math:: \log p([G]) = \log \sum_{G' \in [G]} p(G'), \qquad |[G]| = m! / |\mathrm{Aut}\, G|,

so a distribution that is the same for all labellings has
:math:`\log p([G]) = \log p(G) + \log m! / |\mathrm{Aut}\, G|`, and any distribution has
:math:`\log p([G]) \ge \log \sum_{G' \in S} p(G')` for every set S of labellings.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist

from jgen._internal.dtypes import at_least_float32
from jgen.types import Array, Key

Graph = Mapping[str, Array]


class Graphs(dist.Distribution):
    r"""Distribution of graphs of at most n nodes, with independent nodes, and independent edges given nodes.

    .. math:: p(G) = p(m) \prod_{i \le m} p_i(x_i) \prod_{i < j \le m} p_{ij}(a_{ij} \mid x_i, x_j), \qquad
        p_{ij}(a \mid x, y) \propto \exp\Big(b_a + \sum_r \rho_{ar}\, u_{ixr}\, u_{jyr}\Big)

    over graphs in the format of this module; other arrays have -inf. Where the distributions of all places
    are equal, p(G) is the same for all labellings of G.

    Args:
        size_logits: Logits of m - 1, ``[*batch, n]``.
        node_logits: Logits of x - 1, ``[*batch, n, type]``.
        ends: Factors u of nodes of each type, ``[*batch, n, type, rank]``.
        relations: Factors :math:`\rho` of edge types, ``[edge type, rank]``.
        bias: Bias b ``[edge type]``.
    """

    pytree_data_fields = ("size_logits", "node_logits", "ends", "relations", "bias")

    def __init__(self, size_logits: Array, node_logits: Array, ends: Array, relations: Array, bias: Array):
        self.size_logits, self.node_logits = map(at_least_float32, (size_logits, node_logits))
        self.ends, self.relations, self.bias = map(at_least_float32, (ends, relations, bias))
        super().__init__(batch_shape=size_logits.shape[:-1])

    @property
    def event_shape(self) -> Any:
        """Return the shapes of both parts of a graph."""
        num_nodes = self.size_logits.shape[-1]
        return {"nodes": (num_nodes,), "adjacency": (num_nodes, num_nodes)}

    @property
    def is_discrete(self) -> bool:
        """Return True."""
        return True

    def log_prob(self, value: Graph, intermediates: Any = None) -> Array:
        """Compute the log-probability ``[*sample, *batch]`` of labelled graphs, in nats."""
        del intermediates
        nodes, adjacency = (jnp.asarray(value[part], int) for part in ("nodes", "adjacency"))
        num_types, num_edge_types = self.node_logits.shape[-1], len(self.bias)
        num_nodes = self.size_logits.shape[-1]
        if nodes.shape[-1:] != (num_nodes,) or adjacency.shape[-2:] != (num_nodes, num_nodes):
            raise ValueError(
                f"value must be graphs of {num_nodes} places, nodes [..., {num_nodes}] and adjacency "
                f"[..., {num_nodes}, {num_nodes}], got {nodes.shape} and {adjacency.shape}: pad them by zeros"
            )
        invalid = faults({"nodes": nodes, "adjacency": adjacency}, num_types, num_edge_types)
        shape = jnp.broadcast_shapes(nodes.shape[:-1], self.batch_shape)
        nodes = jnp.broadcast_to(nodes, (*shape, num_nodes))
        present = nodes > 0  # [..., n]
        size, kind = present.sum(-1), jnp.clip(nodes - 1, 0, num_types - 1)
        sizes, kinds = (jax.nn.log_softmax(logits) for logits in (self.size_logits, self.node_logits))
        total = _chosen(self._like(sizes, nodes), jnp.maximum(size - 1, 0))
        total += jnp.where(present, _chosen(self._like(kinds, nodes), kind), 0).sum(-1)
        edge = jnp.clip(jnp.broadcast_to(adjacency, (*nodes.shape, nodes.shape[-1])), 0, num_edge_types - 1)
        edges = jnp.where(_pairs(present), _chosen(self._edge_log_probs(kind), edge), 0)
        return jnp.where(jnp.stack([*invalid.values()]).any(0), -jnp.inf, total + edges.sum((-1, -2)))

    def sample(self, key: Key, sample_shape: tuple[int, ...] = ()) -> dict[str, Array]:
        """Draw graphs ``{"nodes": [*sample, *batch, n], "adjacency": [*sample, *batch, n, n]}``."""
        size_key, node_key, edge_key = jax.random.split(key, 3)
        shape = (*sample_shape, *self.batch_shape)
        num_nodes = self.size_logits.shape[-1]
        size = jax.random.categorical(size_key, self.size_logits, shape=shape) + 1
        present = jnp.broadcast_to(jnp.arange(num_nodes), (*shape, num_nodes)) < size[..., None]
        kind = jax.random.categorical(node_key, self.node_logits, shape=(*shape, num_nodes))
        edge = jax.random.categorical(edge_key, self._edge_log_probs(kind))
        upper = jnp.where(_pairs(present), edge, 0)  # [..., n, n]
        return {"nodes": jnp.where(present, kind + 1, 0), "adjacency": upper + jnp.swapaxes(upper, -1, -2)}

    def _like(self, leaf: Array, nodes: Array) -> Array:
        """Broadcast a parameter ``[*batch, ...]`` to all graphs, ``[*sample, *batch, ...]``."""
        return jnp.broadcast_to(leaf, (*nodes.shape[:-1], *leaf.shape[len(self.batch_shape) :]))

    def _edge_log_probs(self, kind: Array) -> Array:
        """Compute log-probabilities ``[..., n, n, edge type]`` of pairs of nodes of types ``[..., n]``."""
        ends = jnp.take_along_axis(self._like(self.ends, kind), kind[..., None, None], axis=-2)[..., 0, :]
        logits = jnp.einsum("...ir,er,...jr->...ije", ends, self.relations, ends, precision="highest")
        return jax.nn.log_softmax(logits + jnp.broadcast_to(self.bias, logits.shape))


def _chosen(log_probs: Array, index: Array) -> Array:
    return jnp.take_along_axis(log_probs, index[..., None], axis=-1)[..., 0]


def _pairs(present: Array) -> Array:
    """Return the mask of pairs of nodes, each once, ``[..., n, n]``."""
    both = present[..., :, None] & present[..., None, :]
    return jnp.triu(both, 1)


def faults(graph: Graph, num_types: int, num_edge_types: int) -> dict[str, Array]:
    """Return the reasons why arrays are no graphs, each with the mask ``[*batch]`` of graphs it applies to.

    Example:
        >>> import numpy as np
        >>> graph = {"nodes": np.array([1, 1, 0]), "adjacency": np.eye(3, k=1, dtype=int)}
        >>> [fault for fault, where in jax.jit(faults, static_argnums=(1, 2))(graph, 1, 2).items() if where]
        ['adjacency must be symmetric', 'edges must join existing nodes']
    """
    nodes, adjacency = graph["nodes"], graph["adjacency"]
    present, edge = nodes > 0, adjacency != 0
    both, unknown = present[..., :, None] & present[..., None, :], (nodes < 0) | (nodes > num_types)
    places = {
        f"node types must be 1 to {num_types}, and 0 where there is no node": unknown,
        "nodes must fill the first places": present[..., 1:] & ~present[..., :-1],
        "there must be a node": ~present[..., :1],
    }
    pairs = {
        f"edges must be 0 to {num_edge_types - 1}": (adjacency < 0) | (adjacency >= num_edge_types),
        "adjacency must be symmetric": adjacency != jnp.swapaxes(adjacency, -1, -2),
        "a node must have no edge to itself": jnp.diagonal(edge, axis1=-2, axis2=-1)[..., None],
        "edges must join existing nodes": edge & ~both,
    }
    return {fault: where.any(-1) for fault, where in places.items()} | {
        fault: where.any((-1, -2)) for fault, where in pairs.items()
    }


def check_graphs(graph: Graph, num_types: int, num_edge_types: int = 2) -> None:
    """Check that data are graphs, outside of jit; inside, other arrays have a log-probability of -inf nats.

    Args:
        graph: ``{"nodes": [batch, n], "adjacency": [batch, n, n]}``, in the format of this module.
        num_types: Number of node types.
        num_edge_types: Number of kinds of pairs, with "no edge".

    Raises:
        ValueError: If they are not; it names the first that is none, and why.
    """
    nodes, adjacency = np.shape(graph["nodes"]), np.shape(graph["adjacency"])
    if len(nodes) != 2 or adjacency != (*nodes, nodes[-1]):
        raise ValueError(
            f"graphs are nodes [batch, n] and adjacency [batch, n, n], got {nodes} and {adjacency}"
        )
    arrays = {name: jnp.asarray(leaf) for name, leaf in graph.items()}
    for fault, where in faults(arrays, num_types, num_edge_types).items():
        if where.any():
            raise ValueError(f"graph {int(where.argmax())} of {len(where)} is no graph: {fault}")


def relabel(graph: Graph, order: Array) -> dict[str, Array]:
    """Return the graph with node ``order[i]`` at index i.

    Args:
        graph: ``{"nodes": [*batch, n], "adjacency": [*batch, n, n]}``.
        order: A permutation ``[n]``.
    """
    adjacency = jnp.take(jnp.take(graph["adjacency"], order, axis=-1), order, axis=-2)
    return {"nodes": jnp.take(graph["nodes"], order, axis=-1), "adjacency": adjacency}


def unlabelled_log_prob(distribution: dist.Distribution, graph: Graph, orders: Array) -> Array:
    r"""Bound the log-probability of an unlabelled graph from below; exact with all n! orders.

    .. math:: \log \sum_{G' \in \{\pi G: \pi \in \mathrm{orders}\}} p(G') \le \log p([G])

    Each labelled graph is counted once, however many orders lead to it, so symmetric graphs need no special
    treatment. One order gives :math:`\log p(\pi G)`: a matching of nodes to the places of an ordered decoder.

    Args:
        distribution: Distribution of labelled graphs ``[*batch]``.
        graph: ``{"nodes": [*batch, n], "adjacency": [*batch, n, n]}``.
        orders: Permutations ``[order, n]``; time and memory grow with their number, time with its square.

    Returns:
        ``[*batch]``, in nats.

    Example:
        >>> import jax.numpy as jnp
        >>> p = Graphs(*(jnp.zeros(shape) for shape in [(2,), (2, 1), (2, 1, 1), (2, 1), (2,)]))
        >>> graph = {"nodes": jnp.array([1, 1]), "adjacency": jnp.array([[0, 1], [1, 0]])}
        >>> log_prob = jax.jit(unlabelled_log_prob)(p, graph, jnp.array([[0, 1], [1, 0]]))
        >>> round(float(jnp.exp(log_prob)), 4)  # two nodes or one, joined or not
        0.25

    Reference:
        Simonovsky and Komodakis (2018), "GraphVAE: towards generation of small graphs using variational
        autoencoders" (one matching, by approximation).
    """
    images = jax.vmap(lambda order: relabel(graph, order))(orders)  # [order, *batch, ...]

    def multiplicity(image: Graph) -> Array:  # how many of the orders lead to it, [*batch]
        same = (images["nodes"] == image["nodes"][None]).all(-1)
        return (same & (images["adjacency"] == image["adjacency"][None]).all((-1, -2))).sum(0)

    log_prob = jax.vmap(distribution.log_prob)(images)  # [order, *batch]
    return jax.nn.logsumexp(log_prob - jnp.log(jax.lax.map(multiplicity, images)), axis=0)
