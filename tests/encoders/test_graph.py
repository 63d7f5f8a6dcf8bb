"""Test the graph encoder: relabelling and padding change nothing, edges and types do."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.encoders import Point
from jgen.encoders.graph import GraphEncoder

ROUNDING = 1e4 * float(np.finfo(np.float64).eps)
ENCODER = GraphEncoder(2, num_types=2, num_edge_types=3, node_dim=1, width=6, num_layers=2)
NODES = jnp.array([[1, 2, 2, 0], [1, 1, 2, 1]])
LINKS = np.zeros((2, 4, 4), int)
for row, i, j, kind in [(0, 0, 1, 1), (0, 1, 2, 2), (1, 0, 1, 1), (1, 1, 2, 1), (1, 2, 3, 2)]:
    LINKS[row, i, j] = LINKS[row, j, i] = kind
GRAPHS = {"nodes": NODES, "adjacency": jnp.asarray(LINKS)}


APPLY = jax.jit(ENCODER.apply)


def moments(graphs):
    """Return mean and log-scale of the graph ``[batch, 2, 2]`` and of the nodes ``[batch, 2, n]``."""
    rng, shapes = np.random.default_rng(0), jax.eval_shape(ENCODER.init, jax.random.key(0), GRAPHS)
    params = jax.tree.map(lambda leaf: jnp.asarray(0.5 * rng.normal(size=leaf.shape)), shapes)
    q = APPLY(params, graphs).base_dist
    return np.split(np.stack([q.loc, np.log(q.scale)], axis=1), [2], axis=-1)


def test_relabelling_permutes_the_latents_of_nodes_only(x64):  # noqa: ARG001
    whole, nodes = moments(GRAPHS)
    assert np.abs(whole[0] - whole[1]).max() > 1e-2
    for order in itertools.permutations(range(4)):
        order = jnp.array(order)
        turned = {"nodes": NODES[:, order], "adjacency": GRAPHS["adjacency"][:, order][:, :, order]}
        there, per_node = moments(turned)
        np.testing.assert_allclose(there, whole, atol=ROUNDING)
        np.testing.assert_allclose(per_node, nodes[..., order], atol=ROUNDING)


def test_padding_changes_nothing_and_has_the_latents_of_the_prior(x64):  # noqa: ARG001
    whole, nodes = moments(GRAPHS)
    padded = {part: jnp.pad(x, [(0, 0), *[(0, 2)] * (x.ndim - 1)]) for part, x in GRAPHS.items()}
    there, per_node = moments(padded)
    np.testing.assert_allclose(there, whole, atol=ROUNDING)
    np.testing.assert_allclose(per_node[..., :4], nodes, atol=ROUNDING)
    assert (per_node[..., 4:] == 0).all()  # mean 0, scale 1
    assert (per_node[0, :, 3] == 0).all()


def test_types_edges_and_edge_types_matter(x64):  # noqa: ARG001
    whole, _ = moments(GRAPHS)
    retyped = {**GRAPHS, "nodes": NODES.at[:, 0].set(2)}
    cut = {**GRAPHS, "adjacency": jnp.asarray(LINKS).at[:, [0, 1], [1, 0]].set(0)}
    rekinded = {**GRAPHS, "adjacency": jnp.asarray(LINKS).at[:, [0, 1], [1, 0]].set(2)}
    for other in (retyped, cut, rekinded):
        assert (np.abs(moments(other)[0] - whole).max((1, 2)) > 1e-3).all()


def test_graphs_and_posteriors_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="must be DiagonalNormal"):
        jax.eval_shape(ENCODER.clone(posterior=Point()).init, jax.random.key(0), GRAPHS)
    with pytest.raises(ValueError, match="adjacency"):
        jax.eval_shape(ENCODER.init, jax.random.key(0), {**GRAPHS, "adjacency": NODES})
