r"""A first generative model in five steps, start to finish, on handwritten digits.

1. A distribution: a standard normal over a small latent, and draws of it.
2. A decoder, which makes a distribution over images of each latent; before training, of noise.
3. An objective: the evidence lower bound, for which an encoder is needed.
4. Training, and how much of an image a code keeps.
5. Draws of the trained model, and their worth: the likelihood of test images against a model without a
   latent, and what a classifier makes of the draws. A sharp classifier is sure of a good draw, and draws of
   all kinds make it say all ten names: the two numbers in nats are 0 and :math:`\log 10 = 2.30` at best.

Each step is a few lines of the parts that everything else in jgen is made of, and the report says what they
did. ``jgen.applications.SimpleGenerativeModel`` is the same in three lines, for rows of any numbers.

Seen by default: a test digit costs 83.6 nats at most, pixels apart 107.7; the classifier is unsure by 0.35
nats of a draw, by 0.07 of a test image, and sees 2.29 nats of kinds among the draws. A minute of two cores.
"""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import optax
from scipy.stats import norm

from jgen import models, objectives, plots
from jgen.applications import fit, train_digits_classifier
from jgen.data import load
from jgen.decoders import MLP, DiscretisedLogisticMixture, check_support
from jgen.encoders import MLPEncoder
from jgen.evaluation.results import against_best, mean_result
from jgen.experiment.command_line import Run, at_least, main
from jgen.training import ema_params, shuffled
from jgen.types import Array

LEVELS, SHAPE = 17, (8, 8, 1)
"""Grey values 0 to 16 of 8 x 8 pixels."""


@dataclass(frozen=True)
class Config:
    """What are the parts of a generative model, and what does each of them do?"""

    latent: int = 8
    """Size of the latent."""
    steps: int = 800
    """Training steps."""
    draws: int = 1000
    """Draws that the classifier looks at."""
    seed: int = 0
    """All randomness is drawn from it."""

    def __post_init__(self) -> None:
        """Refuses counts too small to mean anything."""
        at_least(self, latent=2, steps=1, draws=64)


def exercise(config: Config, run: Run) -> None:
    """The five steps."""
    images = {split: jnp.asarray(load("digits", split)["x"], jnp.float32) for split in SPLITS}
    head = DiscretisedLogisticMixture(LEVELS)
    for x in images.values():
        check_support(head, x)
    keys = jax.random.split(jax.random.key(config.seed), 7)

    run.section("1. A distribution")
    prior = dist.Normal(jnp.zeros(config.latent), 1.0).to_event(1)
    z = prior.sample(keys[0], (config.draws,))
    run.text(
        f"The latent has {config.latent} coordinates, each standard normal. Of {config.draws} draws the "
        f"means are within {jnp.abs(z.mean(0)).max():.3f} of 0; 19 times in 20 chance keeps them all within "
        f"{largest_mean(config.latent, config.draws):.3f}."
    )

    run.section("2. A decoder")
    decoder = MLP(SHAPE, head)
    encoder = MLPEncoder(config.latent, shift=(LEVELS - 1) / 2, scale=LEVELS / 4)
    model: Any = models.vae(decoder, encoder, config.latent, SHAPE, prior=models.fixed_prior(prior))
    untrained = model.decoder(model.init(keys[1]), z[:16])
    show(run, "untrained", untrained.mean, "Means of the decoder before training: it has seen no digit.")

    run.section("3. An objective")
    objective = objectives.elbo(model)
    _, aux = jax.jit(objective)(model.init(keys[1]), images["train"][:256], keys[2])
    told, code = -aux["reconstruction"].mean(), aux["kl"].mean()
    run.text(
        f"Before training a digit costs {-aux['bound'].mean():.0f} nats by the lower bound: {code:.1f} to "
        f"tell its code, {told:.0f} to tell the image from it."
    )

    run.section("4. Training")
    optimizer = optax.chain(optax.adam(optax.cosine_decay_schedule(2e-3, config.steps)), ema_params(0.99))
    options: Any = {
        "num_steps": config.steps,
        "make_batch": shuffled(128),
        "validation": images["validation"],
    }
    found = fit(run, objective, optimizer, model.init, images["train"], key=keys[3], chunk_size=50, **options)
    curves = {"training": -found.curve("bound"), "validation": found.curve("validation_loss")}
    run.figure(
        "training",
        plots.learning_curves(found.curve("step"), curves),
        "The negative bound, in nats an image.",
    )
    seen = images["test"][:12]
    again = model.decoder(found.params, model.encoder(found.params, seen).mean).mean
    figure = plots.reconstructions(seen / (LEVELS - 1), again / (LEVELS - 1))
    run.figure("reconstructions", figure, "Test images, and what the decoder makes of their codes.")

    run.section("5. Draws, and their worth")
    made = model.decoder(found.params, z)
    show(run, "draws", made.mean[:64], "Means of the decoder at draws of the prior.")
    with run.stage("likelihood"):
        bounds = models.log_prob_bound(model, found.params, images["test"], keys[4], 128).values
    values = {
        "the model, lower bound": bounds,
        "pixels apart, exact": models.independent_pixels(images["train"], LEVELS)(images["test"]),
    }
    compared = against_best(values, "log-probability", {"data": "digits", "split": "test"})
    rows = [{"log-probability of": name, **row} for name, row in compared.items()]
    run.table(rows, "Nats a test image, with 95 % intervals; the second model has no latent.")
    with run.stage("a classifier"):
        classifier = train_digits_classifier(keys[5])
    facts = [
        {"images": name, **opinion(classifier, x)}
        for name, x in {
            "test images": images["test"],
            "draws": made.sample(keys[6]),
            "their means": made.mean,
        }.items()
    ]
    run.table(
        facts,
        f"What a classifier says, which is right on {float(classifier.accuracy.value):.1%} of test images.",
    )
    for row in [*rows, *facts]:
        run.log(**row)


SPLITS = ("train", "validation", "test")


def show(run: Run, name: str, levels: Array, caption: str) -> None:
    """A grid of images whose pixels are levels."""
    run.figure(name, plots.image_grid(levels / (LEVELS - 1)), caption)


def largest_mean(coordinates: int, draws: int, share: float = 0.95) -> float:
    """What the largest absolute mean of a coordinate of draws of N(0, I) stays below, in a share of cases."""
    return float(norm.ppf((1 + share ** (1 / coordinates)) / 2) / draws**0.5)


def opinion(classifier: Any, levels: Array) -> dict[str, Any]:
    """How unsure a classifier is of each image, and how many kinds it sees in all, both in nats."""
    probs = np.asarray(classifier.labels(levels / (LEVELS - 1)).probs, np.float64)  # [image, digit]
    unsure = -(probs * np.log(np.maximum(probs, 1e-30))).sum(1)
    share = probs.mean(0)
    return {
        "unsure (nats)": mean_result(unsure, "entropy of the label", {"classifier": "DigitsClassifier"}),
        "kinds (nats)": float(-(share * np.log(np.maximum(share, 1e-30))).sum()),
    }


if __name__ == "__main__":
    main(exercise, Config)
