"""A decoder of graphs that does not know its nodes apart."""

from collections.abc import Callable

import flax.linen as nn
import jax.numpy as jnp

from jgen.decoders.graph_distribution import Graphs
from jgen.decoders.input_checks import check_decoder_input
from jgen.types import Array


class Graph(nn.Module):
    r"""Nodes that are independent and alike given the latent, and edges given the nodes they join.

    The latent is :math:`z = (c, e_1, \dots, e_n)`: what all nodes share, and ``node_dim`` numbers of each
    node's own. The same network takes :math:`(c, e_i)` to the type of node i and to what it brings to its
    edges, and c to the number of nodes; ``Graphs`` has the law. So

    .. math:: p(\pi G \mid c, \pi e) = p(G \mid c, e) \quad \text{for all relabellings } \pi,

    and under a prior of independent, equal :math:`e_i` the marginal p(G) is the same for all labellings. With
    ``node_dim = 0`` so is :math:`p(G \mid z)` itself: nodes of one type are then alike, and edges depend on
    types and z alone. The unlabelled graph is as likely as all its labellings together,

    .. math:: \log p([G] \mid z) = \log p(G \mid z) + \log m! / |\mathrm{Aut}\, G|.

    With ``ordered`` each place has a learned vector too. That is more expressive and not invariant: its
    log_prob is that of one labelling, which data must then have chosen by a rule, and
    ``unlabelled_log_prob`` of one or several matchings bounds :math:`\log p([G] \mid z)` from below.

    Attributes:
        num_nodes: Most nodes of a graph, n; there are 1 to n.
        num_types: Node types.
        num_edge_types: Kinds of pairs of nodes, with "no edge" as the first: 2 for plain graphs.
        node_dim: Numbers of the latent for each node, the last of z; ``latent - n * node_dim`` are shared.
        ordered: Whether places differ.
        hidden: The sizes of the hidden layers.
        rank: Terms of an edge's logit.
        activation: Between layers.

    Returns:
        Called with ``z [batch, latent]``, a distribution (batch,) over
        ``{"nodes": [n], "adjacency": [n, n]}``, as ``graph_base`` writes graphs.

    Raises:
        ValueError: For sizes below 1, or a latent shorter than its nodes' parts.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> decoder, z = Graph(num_nodes=5, num_types=3, hidden=(8,)), jnp.ones((4, 2))
        >>> params = jax.jit(decoder.init)(jax.random.key(0), z)
        >>> graphs = jax.jit(decoder.apply)(params, z)
        >>> graphs.batch_shape, graphs.event_shape
        ((4,), {'nodes': (5,), 'adjacency': (5, 5)})

    Reference:
        Kipf and Welling (2016), "Variational graph auto-encoders"; Aldous (1981), "Representations for
        partially exchangeable arrays of random variables".
    """

    num_nodes: int
    num_types: int = 1
    num_edge_types: int = 2
    node_dim: int = 0
    ordered: bool = False
    hidden: tuple[int, ...] = (128, 128)
    rank: int = 16
    activation: Callable[[Array], Array] = nn.gelu

    @nn.compact
    def __call__(self, z: Array) -> Graphs:
        """``z [batch, latent]`` -> p(G | z), a distribution (batch,) over graphs."""
        check_decoder_input("Graph", z, (self.num_nodes, self.num_types, self.num_edge_types, self.rank))
        (batch, latent), n = z.shape, self.num_nodes
        num_shared = latent - n * self.node_dim
        if num_shared < 0:
            raise ValueError(
                f"Graph: {n} nodes of node_dim {self.node_dim} need a latent of {n * self.node_dim} or more, "
                f"got {latent}"
            )
        shared = jnp.concatenate([jnp.ones((batch, 1), z.dtype), z[:, :num_shared]], axis=1)
        own = z[:, num_shared:].reshape(batch, n, self.node_dim)
        each = jnp.concatenate([jnp.broadcast_to(shared[:, None], (batch, n, num_shared + 1)), own], axis=2)
        if self.ordered:
            places = self.param("places", nn.initializers.normal(1.0), (n, self.rank))
            each = jnp.concatenate([each, jnp.broadcast_to(places[None], (batch, *places.shape))], axis=2)
        for layer, size in enumerate(self.hidden):
            shared = self.activation(nn.Dense(size, name=f"shared_{layer}")(shared))
            each = self.activation(nn.Dense(size, name=f"each_{layer}")(each))
        ends = nn.Dense(self.num_types * self.rank, name="ends")(each)
        return Graphs(
            nn.Dense(n, name="size")(shared),
            nn.Dense(self.num_types, name="type")(each),
            ends.reshape(batch, n, self.num_types, self.rank),
            self.param(
                "relations", nn.initializers.normal(self.rank**-0.5), (self.num_edge_types, self.rank)
            ),
            self.param("bias", nn.initializers.zeros, (self.num_edge_types,)),
        )


def recipe() -> list[tuple[nn.Module, int]]:
    """Examples for the laws of decoders, each with its number of latents."""
    sizes = Graph(num_nodes=3, num_types=2, hidden=(8,), rank=3)
    return [(sizes, 2), (sizes.clone(num_edge_types=3, node_dim=2), 7), (sizes.clone(ordered=True), 2)]
