"""Decode latents to graphs, equivariantly under relabelling of the nodes."""

from collections.abc import Callable

import flax.linen as nn
import jax.numpy as jnp

from jgen.decoders.graph_distribution import Graphs
from jgen.decoders.input_checks import check_decoder_input
from jgen.types import Array


class Graph(nn.Module):
    r"""Graph decoder: nodes are iid given the latent, edges independent given the nodes they join.

    The latent is :math:`z = (c, e_1, \dots, e_n)`: a part that all nodes share, and ``node_dim`` numbers for
    each node. The same network maps :math:`(c, e_i)` to the type of node i and to its factors in the logits
    of its edges, and c to the number of nodes; ``Graphs`` defines the distribution. So

    .. math:: p(\pi G \mid c, \pi e) = p(G \mid c, e) \quad \text{for all relabellings } \pi,

    and under a prior of independent, equal :math:`e_i` the marginal p(G) is the same for all labellings. With
    ``node_dim = 0`` so is :math:`p(G \mid z)` itself: nodes of one type are then exchangeable, and edges
    depend on types and z alone. The probability of the unlabelled graph is the sum over its labellings,

    .. math:: \log p([G] \mid z) = \log p(G \mid z) + \log m! / |\mathrm{Aut}\, G|.

    With ``ordered`` each place has a learned vector too. That is more expressive and not invariant: its
    log_prob is that of one labelling, which must then be chosen by a rule in the data, and
    ``unlabelled_log_prob`` of one or several matchings bounds :math:`\log p([G] \mid z)` from below.

    Attributes:
        num_nodes: Maximal number of nodes n; a graph has 1 to n.
        num_types: Number of node types.
        num_edge_types: Number of kinds of pairs, of which the first is "no edge": 2 for plain graphs.
        node_dim: Latent size of each node, the last numbers of z; ``latent - n * node_dim`` are shared.
        ordered: Whether places have learned vectors.
        hidden: Sizes of the hidden layers.
        rank: Number of terms of the logit of an edge.
        activation: Activation between layers.

    Returns:
        Called with ``z [batch, latent]``, a distribution (batch,) over
        ``{"nodes": [n], "adjacency": [n, n]}``, in the format of ``jgen.decoders.graph_distribution``.

    Raises:
        ValueError: If a size is below 1, or the latent is shorter than ``n * node_dim``.

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
        """Map ``z [batch, latent]`` to p(G | z), a distribution (batch,) over graphs."""
        check_decoder_input("Graph", z, (self.num_nodes, self.num_types, self.num_edge_types, self.rank))
        (batch, latent), n = z.shape, self.num_nodes
        num_shared = latent - n * self.node_dim
        if num_shared < 0:
            raise ValueError(
                f"Graph: {n} nodes of node_dim {self.node_dim} need a latent of {n * self.node_dim} or more, "
                f"got {latent}"
            )
        shared = jnp.concatenate([jnp.ones((batch, 1), z.dtype), z[:, :num_shared]], axis=1)
        per_node = z[:, num_shared:].reshape(batch, n, self.node_dim)
        repeated = jnp.broadcast_to(shared[:, None], (batch, n, num_shared + 1))
        each = jnp.concatenate([repeated, per_node], axis=2)
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
    """Return examples for the checks of decoders, each with its latent size."""
    sizes = Graph(num_nodes=3, num_types=2, hidden=(8,), rank=3)
    return [(sizes, 2), (sizes.clone(num_edge_types=3, node_dim=2), 7), (sizes.clone(ordered=True), 2)]
