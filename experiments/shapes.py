r"""Learns solids from voxels by two decoders: one that makes a grid, and one that answers for any place.

Both are the decoder of a variational autoencoder of boxes, cylinders, cones and rings in 16 x 16 x 16 voxels.
They are judged by bits a solid, by a lower bound on the likelihood of test solids against voxels taken apart,
and by how much of a solid and of its reconstruction is common to both,

.. math:: \mathrm{IoU} = |A \cap B| / |A \cup B|.

The implicit decoder has no grid among its parameters, and is asked for solids twice as fine at the end.

Seen: 828 bits a solid for voxels apart, 205 +- 12 for the grid with an IoU of 0.71, and 294 +- 21 for the
implicit decoder with 0.54. Two busy CPU cores took nine minutes; ``--decoders implicit`` is a first look.
"""

from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jgen import models, objectives, plots
from jgen.applications import fit
from jgen.data import load
from jgen.decoders import Occupancy, VoxelConvNet, check_support
from jgen.encoders import VoxelEncoder
from jgen.errors import UsageError
from jgen.evaluation.results import mean_result
from jgen.experiment.command_line import Run, at_least, main
from jgen.models.flax_functions import apply_of
from jgen.training import ema_params, shuffled
from jgen.types import Array, LatentModel, PyTree

BATCH, PARTICLES, SHOWN, FINER = 16, 32, 4, 2


@dataclass(frozen=True)
class Config:
    """Is a solid better made as a grid, or as a function of place?"""

    decoders: tuple[Literal["grid", "implicit"], ...] = ("grid", "implicit")
    """Which to train."""
    latent: int = 10
    """Size of the latent."""
    steps: int = 800
    """Training steps of each."""
    seed: int = 0
    """All randomness is drawn from it."""

    def __post_init__(self) -> None:
        """Refuses counts too small to mean anything."""
        at_least(self, latent=1, steps=1)
        if not self.decoders:
            raise UsageError("--decoders is empty: name grid, implicit or both")


def shapes(config: Config, run: Run) -> None:
    """The experiment: train each decoder, judge it, look at what it makes."""
    solids = {split: jnp.asarray(load("shapes3d", split)["x"], jnp.float32) for split in SPLITS}
    shape, test = solids["train"].shape[1:], solids["test"]
    for x in solids.values():
        for name in config.decoders:
            check_support(DECODERS[name](shape).head, x)
    learn_key, draw_key = jax.random.split(jax.random.key(config.seed))

    rows = [
        {
            "model": "voxels apart",
            "bits a solid": in_bits(models.independent_pixels(solids["train"], 2)(test)),
        }
    ]
    curves: dict[str, np.ndarray] = {}
    shown = {"test solids": test[:SHOWN, ..., 0]}
    made = {}
    for number, name in enumerate(config.decoders):
        run.section(f"The {name} decoder")
        train_key, bound_key = jax.random.split(jax.random.fold_in(learn_key, number))
        decoder = DECODERS[name](shape)
        model: Any = models.vae(decoder, VoxelEncoder(config.latent, (8, 16)), config.latent, shape)
        found = learn(config, run, name, model, solids, train_key)
        curves |= {
            f"{name}, training": -found.curve("bound"),
            f"{name}, validation": found.curve("validation_loss"),
        }
        steps = found.curve("step")
        with run.stage(f"likelihood, {name}"):
            bounds = models.log_prob_bound(
                model, found.params, test, bound_key, PARTICLES, batch_size=32, chunk_size=8
            )
        again = probability(model, found.params, model.encoder(found.params, test).mean)
        rows.append({"model": name, "bits a solid": in_bits(bounds.values), "IoU": overlap(test, again)})
        shown[f"{name}, reconstructed"] = again[:SHOWN, ..., 0]
        made[name] = decoder, model, found.params
    for row in rows:
        run.log(**row)

    run.section("Compared")
    run.figure("training", plots.learning_curves(steps, curves), "Negative bound, in nats a solid.")
    run.table(rows, f"{len(test)} test solids with 95 % intervals; fewer bits and more overlap are better.")
    run.figure("reconstructions", picture(shown), "What the decoders make of the codes of test solids.")

    run.section("Draws, and a walk")
    for number, (name, (decoder, model, params)) in enumerate(made.items()):
        z = model.prior(params).sample(jax.random.fold_in(draw_key, number), (SHOWN,))
        ends = model.encoder(params, test[:2]).mean
        walk = jnp.stack([ends[0] + t * (ends[1] - ends[0]) for t in np.linspace(0, 1, SHOWN)])
        grids = {"draws": z, "from one test solid to another": walk}
        pictures = {label: probability(model, params, codes)[..., 0] for label, codes in grids.items()}
        run.figure(
            f"draws_{name}",
            picture(pictures),
            f"The {name} decoder at draws of the prior, and between codes.",
        )
        if isinstance(decoder, Occupancy):
            finer = decoder.clone(shape=(*(FINER * size for size in shape[:3]), 1))
            fine = apply_of(finer)(params["decoder"], walk[:3]).mean[..., 0]
            run.figure("finer", picture({"finer": fine}), "The same codes on a finer grid.")


SPLITS = ("train", "validation", "test")
DECODERS: dict[str, Any] = {
    "grid": lambda shape: VoxelConvNet(shape, features=(32, 16, 4)),
    "implicit": lambda shape: Occupancy(shape, hidden=(64, 64, 64)),
}


def learn(config: Config, run: Run, name: str, model: LatentModel, solids: dict[str, Array], key: Any) -> Any:
    """The evidence lower bound, by Adam at a falling rate; the best on validation is kept."""
    optimizer = optax.chain(
        optax.clip_by_global_norm(50.0),
        optax.adam(optax.cosine_decay_schedule(2e-3, config.steps)),
        ema_params(0.99),
    )
    options: Any = {"key": key, "num_steps": config.steps, "make_batch": shuffled(BATCH), "name": name}
    data, validation = solids["train"], solids["validation"]
    return fit(
        run,
        objectives.elbo(model),
        optimizer,
        model.init,
        data,
        validation=validation,
        chunk_size=100,
        **options,
    )


def probability(model: LatentModel, params: PyTree, z: Array) -> Array:
    """That each voxel is full ``[solid, *shape]``."""
    return jax.jit(model.decoder)(params, z).mean


def picture(solids: dict[str, Array]) -> Any:
    """Rows of solids, with a name over the first of each."""
    titles = [name if i == 0 else "" for name, row in solids.items() for i in range(len(row))]
    return plots.voxels(jnp.concatenate(list(solids.values())), titles)


def in_bits(log_prob: np.ndarray) -> Any:
    """Bits a solid, with its interval."""
    protocol = {"data": "shapes3d", "split": "test", "particles": PARTICLES}
    return mean_result(-log_prob / np.log(2), "minus log-probability", protocol)


def overlap(x: Array, again: Array) -> Any:
    """Intersection over union of solids and of the voxels more likely full than not, with its interval."""
    a, b = np.asarray(x) > 0.5, np.asarray(again) > 0.5
    axes = tuple(range(1, a.ndim))
    return mean_result((a & b).sum(axes) / (a | b).sum(axes), "IoU", {"data": "shapes3d", "split": "test"})


if __name__ == "__main__":
    main(shapes, Config)
