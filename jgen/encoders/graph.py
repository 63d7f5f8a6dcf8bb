"""Encode graphs by message passing, invariantly under the order of the nodes."""

from collections.abc import Mapping

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpyro.distributions as dist

from jgen.encoders.posteriors.diagonal_normal import DiagonalNormal
from jgen.types import Array


class GraphEncoder(nn.Module):
    r"""Message-passing encoder of graphs: rounds of messages between neighbours, then the mean over nodes.

    .. math:: h_i \mathrel{+}= \mathrm{MLP}\Big(h_i, \sum_a \sum_{j: a_{ij} = a} W_a h_j\Big), \qquad
        h = \Big(\frac1m \sum_i h_i,\; \log m\Big)

    over the m existing nodes, in the format of ``jgen.decoders.graph_distribution``: 0 for no node and no
    edge. A relabelled graph has the same h, and so the same posterior; padding does not matter. Graphs that m
    rounds of colour refinement cannot distinguish have the same h too.

    With ``node_dim`` each node has latents too, after those of the whole graph, in the order of ``Graph``'s
    latent: relabelling relabels them. Where there is no node they are standard normal, as under the prior.

    Attributes:
        latent_dim: Size of the latent of the whole graph.
        num_types: Number of node types.
        num_edge_types: Number of kinds of pairs, of which the first is "no edge".
        node_dim: Latent size of each node; z has ``latent_dim + n * node_dim``.
        width: Width of the features of a node.
        num_layers: Number of rounds of messages.
        posterior: Maps features to q(z | x) (``jgen.encoders.posteriors``); ``DiagonalNormal`` with
            ``node_dim``.

    Raises:
        ValueError: If ``node_dim`` is given with another posterior.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> encoder = GraphEncoder(2, num_types=3, width=8, num_layers=1)
        >>> x = {"nodes": jnp.ones((4, 5), int), "adjacency": jnp.zeros((4, 5, 5), int)}
        >>> q, _ = jax.jit(encoder.init_with_output)(jax.random.key(0), x)
        >>> q.batch_shape, q.event_shape
        ((4,), (2,))

    Reference:
        Xu et al. (2019), "How powerful are graph neural networks?", ICLR; Schlichtkrull et al. (2018),
        "Modeling relational data with graph convolutional networks".
    """

    latent_dim: int
    num_types: int = 1
    num_edge_types: int = 2
    node_dim: int = 0
    width: int = 64
    num_layers: int = 3
    posterior: nn.Module = DiagonalNormal()

    @nn.compact
    def __call__(self, x: Mapping[str, Array]) -> dist.Distribution:
        """Map ``{"nodes": [batch, n], "adjacency": [batch, n, n]}`` to q(z | x), a distribution (batch,)."""
        nodes, adjacency = x["nodes"], x["adjacency"]
        if nodes.ndim != 2 or adjacency.shape != (*nodes.shape, nodes.shape[1]):
            raise ValueError(
                "GraphEncoder takes nodes [batch, n] and adjacency [batch, n, n], got shapes "
                f"{nodes.shape} and {adjacency.shape}"
            )
        present = (nodes > 0)[..., None]  # [batch, n, 1]
        h = nn.Embed(self.num_types + 1, self.width, name="types")(nodes)
        edges = jax.nn.one_hot(adjacency, self.num_edge_types, dtype=h.dtype)[..., 1:]  # [batch, n, n, kind]
        for layer in range(self.num_layers):
            normal = nn.LayerNorm(name=f"norm_{layer}")(h)
            sent = nn.DenseGeneral((self.num_edge_types - 1, self.width), name=f"send_{layer}")(normal)
            received = jnp.einsum("bije,bjew->biw", edges, sent)
            hidden = nn.Dense(2 * self.width, name=f"hear_{layer}")(jnp.concatenate([normal, received], -1))
            h = h + nn.Dense(self.width, name=f"learn_{layer}")(nn.gelu(hidden))
        h = jnp.where(present, h, 0)  # [batch, n, width]
        size = jnp.maximum(present.sum(1), 1).astype(h.dtype)  # [batch, 1]
        q = self.posterior(jnp.concatenate([h.sum(1) / size, jnp.log(size)], axis=1), self.latent_dim)
        return self._with_nodes(q, h, present) if self.node_dim else q

    def _with_nodes(self, q: dist.Distribution, h: Array, present: Array) -> dist.Distribution:
        """Append the latents of each node to those of the whole graph."""
        if not isinstance(self.posterior, DiagonalNormal):
            raise ValueError(
                f"GraphEncoder: with node_dim={self.node_dim} the posterior must be DiagonalNormal(), got "
                f"{type(self.posterior).__name__}: it is applied to each node by itself"
            )
        rows, shape = h.reshape(-1, h.shape[-1]), (h.shape[0], h.shape[1], self.node_dim)
        each = DiagonalNormal(self.posterior.bound, name="each")(rows, self.node_dim).base_dist
        mean = jnp.where(present, each.loc.reshape(shape), 0).reshape(shape[0], -1)
        scale = jnp.where(present, each.scale.reshape(shape), 1).reshape(shape[0], -1)
        loc = jnp.concatenate([q.base_dist.loc, mean], axis=1)
        return dist.Normal(loc, jnp.concatenate([q.base_dist.scale, scale], axis=1)).to_event(1)


def recipe() -> list[tuple[nn.Module, dict[str, Array]]]:
    """Return examples for the checks of encoders, each with data for it."""
    nodes = jnp.array([[1, 2, 2, 0], [1, 1, 1, 1], [2, 0, 0, 0]])
    path = jnp.eye(4, k=1, dtype=int) + jnp.eye(4, k=-1, dtype=int)
    both = (nodes > 0)[:, :, None] & (nodes > 0)[:, None]
    x = {"nodes": nodes, "adjacency": jnp.where(both, path[None], 0)}
    small = GraphEncoder(2, num_types=2, width=6, num_layers=2)
    return [(small, x), (small.clone(node_dim=1), x)]
