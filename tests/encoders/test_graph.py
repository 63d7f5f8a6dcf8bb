"""Test the graph encoder: relabelling and padding change nothing, edges and types do."""

import itertools

import flax.linen as nn
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


def params_of(encoder):
    rng = np.random.default_rng(0)
    shapes = jax.eval_shape(encoder.init, jax.random.key(0), GRAPHS)
    return jax.tree.map(lambda leaf: jnp.asarray(0.5 * rng.normal(size=leaf.shape)), shapes)


@jax.jit
def moments(params, graphs):
    """Return mean and log-scale of the graph ``[batch, 2, 2]`` and of the nodes ``[batch, 2, n]``."""
    q = ENCODER.apply(params, graphs).base_dist
    both = jnp.stack([q.loc, jnp.log(q.scale)], axis=1)
    return both[..., :2], both[..., 2:]


def test_relabelling_permutes_the_latents_of_nodes_only(x64):  # noqa: ARG001
    params = params_of(ENCODER)
    whole, nodes = moments(params, GRAPHS)
    assert np.abs(whole[0] - whole[1]).max() > 1e-2
    for order in itertools.permutations(range(4)):
        order = jnp.array(order)
        turned = {"nodes": NODES[:, order], "adjacency": GRAPHS["adjacency"][:, order][:, :, order]}
        there, per_node = moments(params, turned)
        np.testing.assert_allclose(there, whole, atol=ROUNDING)
        np.testing.assert_allclose(per_node, nodes[..., order], atol=ROUNDING)


def test_padding_changes_nothing_and_has_the_latents_of_the_prior(x64):  # noqa: ARG001
    params = params_of(ENCODER)
    whole, nodes = moments(params, GRAPHS)
    padded = {
        "nodes": jnp.pad(NODES, ((0, 0), (0, 2))),
        "adjacency": jnp.pad(LINKS, ((0, 0), (0, 2), (0, 2))),
    }
    there, per_node = moments(params, padded)
    np.testing.assert_allclose(there, whole, atol=ROUNDING)
    np.testing.assert_allclose(per_node[..., :4], nodes, atol=ROUNDING)
    assert (per_node[..., 4:] == 0).all()  # mean 0, scale 1
    assert (per_node[0, :, 3] == 0).all()


def test_types_edges_and_edge_types_matter(x64):  # noqa: ARG001
    params = params_of(ENCODER)
    whole, _ = moments(params, GRAPHS)
    retyped = {**GRAPHS, "nodes": NODES.at[:, 0].set(2)}
    cut = {**GRAPHS, "adjacency": jnp.asarray(LINKS).at[:, [0, 1], [1, 0]].set(0)}
    rekinded = {**GRAPHS, "adjacency": jnp.asarray(LINKS).at[:, [0, 1], [1, 0]].set(2)}
    for other in (retyped, cut, rekinded):
        assert (np.abs(moments(params, other)[0] - whole).max((1, 2)) > 1e-3).all()


@pytest.mark.parametrize(
    ("encoder", "graphs", "words"),
    [
        (ENCODER.clone(posterior=Point()), GRAPHS, "must be DiagonalNormal"),
        (ENCODER, {**GRAPHS, "adjacency": NODES}, "adjacency"),
    ],
)
def test_graphs_and_posteriors_that_do_not_fit_are_refused(encoder: nn.Module, graphs, words):
    with pytest.raises(ValueError, match=words):
        jax.eval_shape(encoder.init, jax.random.key(0), graphs)
