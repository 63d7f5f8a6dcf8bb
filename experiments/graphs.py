r"""Train a permutation-invariant autoencoder of graphs, and check whether its draws are trees and rings.

A variational autoencoder of small graphs encodes by message passing and decodes independent nodes and edges.
Both are the same for every labelling of the nodes, so the bound is on the probability of any one labelling,
and

.. math:: \log p([G]) = \log p(G) + \log m! / |\mathrm{Aut}\, G|

is the log-probability of the graph without labels. The baseline ignores structure: sizes, types and edges
between types have their frequencies in training and are otherwise independent. Draws are classified: a tree
is connected with one edge fewer than nodes; a graph with one ring is connected with as many edges as nodes,
whatever trees are attached to the ring.

Results with the defaults: a test graph takes at most 34.6 nats, and 41.8 with the baseline, a paired
difference of 7.2 +- 0.8; but of the draws 40 % are connected, 1.6 % are trees and 2.7 % have one ring, where
each of the two kinds is a third of the data: edges that are independent given the latents do not control
their number. Takes two minutes on two cores.
"""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jgen import models, objectives, plots
from jgen.applications import fit
from jgen.data import load
from jgen.data.datasets.graphs import TYPES
from jgen.decoders import Graph, check_graphs
from jgen.encoders import GraphEncoder
from jgen.evaluation.results import against_best
from jgen.experiment.command_line import Run, as_usage_error, at_least, main
from jgen.training import ema_params, shuffled
from jgen.types import Array, PyTree

BATCH, PARTICLES, DRAWS, SHOWN, ROW = 64, 256, 2000, 12, 6
NUM_TYPES = len(TYPES) - 1


@dataclass(frozen=True)
class Config:
    """Does a model that does not depend on node labels learn how nodes are connected?"""

    latent: int = 16
    """Latents of the whole graph."""
    node_latent: int = 4
    """Latents of each node."""
    steps: int = 4000
    """Training steps."""
    seed: int = 0
    """Seed of all randomness."""

    def __post_init__(self) -> None:
        """Check the options."""
        at_least(self, latent=1, node_latent=0, steps=1)


def graphs(config: Config, run: Run) -> None:
    """Train, evaluate and draw."""
    data = {split: load("graphs", split) for split in ("train", "validation", "test")}
    x = {
        split: {part: jnp.asarray(rows[part]) for part in ("nodes", "adjacency")}
        for split, rows in data.items()
    }
    num_nodes = x["train"]["nodes"].shape[1]
    with as_usage_error():
        for rows in x.values():
            check_graphs(rows, NUM_TYPES)
    train_key, bound_key, prior_key, draw_key, decode_key = jax.random.split(jax.random.key(config.seed), 5)
    event = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), x["train"])
    sizes: Any = {"num_types": NUM_TYPES, "node_dim": config.node_latent}
    latent_dim = config.latent + num_nodes * config.node_latent
    model: Any = models.vae(
        Graph(num_nodes, **sizes), GraphEncoder(config.latent, **sizes), latent_dim, event
    )

    run.section("Training")
    optimizer = optax.chain(
        optax.clip_by_global_norm(10.0),
        optax.adam(optax.cosine_decay_schedule(2e-3, config.steps)),
        ema_params(0.99),
    )
    options: Any = {"num_steps": config.steps, "make_batch": shuffled(BATCH), "validation": x["validation"]}
    found = fit(run, objectives.elbo(model), optimizer, model.init, x["train"], key=train_key, **options)
    curves = {"training": -found.curve("bound"), "validation": found.curve("validation_loss")}
    figure = plots.learning_curves(found.curve("step"), curves)
    run.figure("training", figure, "Negative bound in nats per graph.")

    run.section("Likelihood")
    with run.stage("likelihood"):
        bound = models.log_prob_bound(
            model, found.params, x["test"], bound_key, PARTICLES, batch_size=128
        ).values
    protocol = {"data": "graphs", "split": "test", "particles": PARTICLES}
    values = {"vae, lower bound": bound, "independent types and edges": independent(x)}
    compared = against_best(values, "log-probability", protocol)
    caption = (
        f"Nats per labelled graph on {len(bound)} test graphs, with 95 % intervals of paired differences."
    )
    run.table([{"model": name, **row} for name, row in compared.items()], caption, log=True)

    run.section("Draws")
    z = model.prior(found.params).sample(prior_key, (DRAWS,))
    drawn = jax.jit(model.decoder)(found.params, z).sample(draw_key)
    facts = [{"graphs": "training", **census(x["train"])}, {"graphs": "drawn", **census(drawn)}]
    run.table(facts, "Shares of each kind of graph, and mean counts.", log=True)
    run.figure("data", picture(first(SHOWN, x["test"])), "Test graphs.")
    run.figure("draws", picture(first(SHOWN, drawn)), "Draws of the model.")
    codes = model.encoder(found.params, x["test"]).mean
    decoded = model.decoder(found.params, codes[:ROW]).sample(decode_key)
    pair = jax.tree.map(lambda *leaves: jnp.concatenate(leaves), first(ROW, x["test"]), decoded)
    run.figure(
        "reconstructions",
        picture(pair),
        "Test graphs; below each a draw of the decoder at the mean of its code.",
    )
    figure = plots.latent_scatter(codes[:, : config.latent], data["test"]["label"])
    run.figure("codes", figure, "Codes of whole test graphs: 0 trees, 1 rings, 2 block graphs.")


def independent(x: dict[str, dict[str, Array]]) -> np.ndarray:
    """Return the log-probability ``[graph]`` of test graphs with independent types and edges."""
    train, test = ({part: np.asarray(leaf) for part, leaf in x[split].items()} for split in ("train", "test"))
    num_nodes = train["nodes"].shape[1]
    sizes = np.bincount((train["nodes"] > 0).sum(1), minlength=num_nodes + 1)[1:] + 0.5
    kinds = np.bincount(train["nodes"][train["nodes"] > 0], minlength=NUM_TYPES + 1)[1:] + 0.5
    edges, met = (np.zeros((NUM_TYPES + 1, NUM_TYPES + 1)) for _ in range(2))
    for a, b, edge in pairs(train):
        np.add.at(edges, (a, b), edge)
        np.add.at(met, (a, b), 1.0)
    probability = (edges + edges.T + 0.5) / (met + met.T + 1.0)
    log_size, log_kind = np.log(sizes / sizes.sum()), np.log(kinds / kinds.sum())
    found = []
    for nodes, (a, b, edge) in zip(test["nodes"], pairs(test), strict=True):
        types = nodes[nodes > 0]
        log_edges = np.where(edge > 0, np.log(probability[a, b]), np.log1p(-probability[a, b])).sum()
        found.append(log_size[len(types) - 1] + log_kind[types - 1].sum() + log_edges)
    return np.array(found)


def pairs(graphs: dict[str, np.ndarray]) -> Any:
    """Yield, for each graph, the types of both nodes of every pair, and whether they are connected."""
    for nodes, adjacency in zip(graphs["nodes"], graphs["adjacency"], strict=True):
        i, j = np.triu_indices((nodes > 0).sum(), 1)
        yield nodes[i], nodes[j], adjacency[i, j]


def census(graphs: PyTree) -> dict[str, float]:
    """Return the share of each kind of graph, and mean counts."""
    kinds: dict[str, list[float]] = {"connected": [], "tree": [], "one ring": [], "nodes": [], "edges": []}
    for nodes, adjacency in zip(np.asarray(graphs["nodes"]), np.asarray(graphs["adjacency"]), strict=True):
        size = int((nodes > 0).sum())
        edges = int((adjacency > 0).sum()) // 2
        connected = len(reached(adjacency[:size, :size])) == size
        kinds["connected"].append(connected)
        kinds["tree"].append(connected and edges == size - 1)
        kinds["one ring"].append(connected and edges == size)
        kinds["nodes"].append(size)
        kinds["edges"].append(edges)
    return {name: float(np.mean(values)) for name, values in kinds.items()}


def first(count: int, graphs: PyTree) -> PyTree:
    """Return the first graphs."""
    return jax.tree.map(lambda leaf: leaf[:count], graphs)


def picture(graphs: PyTree) -> Any:
    """Draw each graph as nodes and lines, with types as colours."""
    return plots.graphs(
        graphs["adjacency"], jnp.maximum(graphs["nodes"] - 1, 0), graphs["nodes"] > 0, types=TYPES[1:]
    )


def reached(adjacency: np.ndarray) -> set[int]:
    """Return the nodes that are connected to node 0, itself included."""
    seen, frontier = {0}, {0}
    while frontier:
        frontier = {int(j) for i in frontier for j in np.flatnonzero(adjacency[i])} - seen
        seen |= frontier
    return seen


if __name__ == "__main__":
    main(graphs, Config)
