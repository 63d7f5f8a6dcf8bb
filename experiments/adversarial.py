r"""Plays three games between a model and a critic, and counts what the models hold.

In the plane the truth is known: a generator learns 25 normals on a grid, or 8 on a ring, by the
non-saturating game and by Wasserstein's, and a mode counts as held if at least a tenth of its share of
the draws lies within three of its standard deviations. On digits an adversarial autoencoder draws the
codes of the data towards a normal prior, and what comes of decoding draws of that prior is looked at.

Each game is one objective and one train step: stop-gradients part the players, and each has an optimizer.

Seen by default: of 25 modes the non-saturating game holds 8, with 35 % of its draws near one; that of
Wasserstein, with a quarter of the steps for its generator, 15, with 11 %; exact draws hold 25, with 99 %. How
many they hold hangs on the key. Codes of test digits have deviations of 0.90 to 1.03; the error of a pixel is
0.115, that of the mean image 0.272. Two minutes of two cores.
"""

from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.tree_util import Partial

from jgen import models, objectives, plots, targets, training
from jgen.applications import fit
from jgen.data import load
from jgen.decoders import MLP, Delta, Normal
from jgen.encoders import MLPCritic, MLPEncoder, Point
from jgen.evaluation import mode_coverage
from jgen.experiment.command_line import Run, at_least, main
from jgen.training import ema_params, shuffled
from jgen.types import AdversarialModel, Array, Key, PyTree

BATCH, DRAWS, NOISE, LATENT, CODE = 256, 10_000, 0.1, 8, 10


@dataclass(frozen=True)
class Config:
    """How much of a law does a generator hold that never sees a density?"""

    modes: Literal["grid", "ring"] = "grid"
    """25 normals on a grid, or 8 on a ring."""
    steps: int = 6000
    """Training steps of each game in the plane."""
    critic_steps: int = 4
    """Of the critic, for each of the generator's, in Wasserstein's game."""
    digit_steps: int = 2000
    """Training steps of the adversarial autoencoder; 0 to leave it out."""
    seed: int = 0
    """All randomness is drawn from it."""

    def __post_init__(self) -> None:
        """Refuses counts too small to mean anything."""
        at_least(self, steps=1, critic_steps=1, digit_steps=0)


def adversarial(config: Config, run: Run) -> None:
    """The experiment: two games in the plane, one on digits."""
    plane_key, digit_key = jax.random.split(jax.random.key(config.seed))
    run.section("Games in the plane")
    in_the_plane(config, run, plane_key)
    if config.digit_steps:
        run.section("An adversarial autoencoder of digits")
        on_digits(config, run, digit_key)


def in_the_plane(config: Config, run: Run, key: Key) -> None:
    """Both games on one target: modes held, moments, pictures."""
    make, scale = MODES[config.modes]
    target: Any = make(scale=scale)
    centres = np.asarray(target.proposal.component_distribution.mean)  # [mode, 2]
    exact_key, *game_keys = jax.random.split(key, 3)
    game = models.gan(MLP((2,), Delta(), (128, 128, 128)), MLPCritic((128, 128, 128)), LATENT, (2,))
    games = {
        "non-saturating": (objectives.gan(game), 1),
        "wasserstein": (objectives.wasserstein_gan(game, penalty=1.0), config.critic_steps),
    }
    exact = fresh(target.sample, None, exact_key, jnp.int32(0), size=DRAWS)
    samples, rows = {"exact": exact}, [row("exact", exact, centres, scale, target)]
    for game_key, (name, (objective, critic_steps)) in zip(game_keys, games.items(), strict=True):
        play_key, draw_key = jax.random.split(game_key)
        params = play(run, name, objective, game, target.sample, config.steps, critic_steps, play_key)
        samples[name] = draws(game, params, draw_key)
        rows.append(row(name, samples[name], centres, scale, target))
    for each in rows:
        run.log(**each)
    run.table(
        rows, f"{DRAWS} draws of each; a mode is held by a tenth of its share within 3 standard deviations."
    )
    notes = {each["draws"]: f"{each['modes held']} of {len(centres)} modes" for each in rows}
    log_prob = jax.vmap(target.log_density)
    shown = plots.panels(samples, lambda x: log_prob(jnp.asarray(x)), (-5.5, 5.5), notes)
    run.figure("plane", shown, "Draws of each generator over contours of the truth.")


MODES: dict[str, Any] = {"grid": (targets.grid25, 0.1), "ring": (targets.ring_of_modes, 0.3)}
"""Targets, and the standard deviation of each mode."""


def fresh(sample: Partial, data: PyTree, key: Key, step: Array, *, size: int = BATCH) -> Array:  # noqa: ARG001
    """A batch of draws that nobody has seen before ``[batch, 2]``."""
    return jax.vmap(sample)(jax.random.split(jax.random.fold_in(key, step), size))


def play(
    run: Run,
    name: str,
    objective: Any,
    game: AdversarialModel,
    sample: Partial,
    steps: int,
    critic_steps: int,
    key: Key,
) -> PyTree:
    """Trains both players in one step; the parameters of the model, averaged over the last thousand or so."""
    rate = optax.cosine_decay_schedule(1e-3, steps)
    optimizer = optax.chain(
        training.adversarial_optimizer(
            optax.adam(rate, b1=0.5), optax.adam(rate, b1=0.5), critic_steps=critic_steps
        ),
        ema_params(0.999),
    )
    options: Any = {"key": key, "num_steps": steps, "make_batch": Partial(fresh, sample), "name": name}
    found = fit(run, objective, optimizer, game.init, jnp.zeros(1), chunk_size=500, **options)
    scores = {player: found.curve(f"{player}_score") for player in ("real", "fake")}
    figure = plots.learning_curves(found.curve("step"), scores, ylabel="score of the critic")
    run.figure(
        f"scores_{name}", figure, f"{name}: what the critic makes of real and made draws, along training."
    )
    return found.params["model"]


@jax.jit
def draws(game: AdversarialModel, params: PyTree, key: Key) -> Array:
    """``[draw, 2]`` of a generator."""
    prior_key, noise_key = jax.random.split(key)
    z = game.model.prior(params).sample(prior_key, (DRAWS,))
    return game.model.decoder(params, z).sample(noise_key)


def row(name: str, x: Array, centres: np.ndarray, scale: float, target: Any) -> dict[str, Any]:
    """What a set of draws holds, and how far its moments are off."""
    held = mode_coverage(x, centres, 3 * scale)
    return {
        "draws": name,
        "modes held": held.num_held,
        "near a mode": held.share_near,
        "largest error of a mean": float(jnp.abs(x.mean(0) - target.mean).max()),
        "largest error of a variance": float(jnp.abs(x.var(0) - target.variance).max()),
    }


def on_digits(config: Config, run: Run, key: Key) -> None:
    """Point codes that, taken together, look like the prior; reconstructions and draws."""
    images = {
        split: jnp.asarray(load("digits", split)["x"] / 16.0, jnp.float32) for split in ("train", "test")
    }
    shape = images["train"].shape[1:]
    game = models.adversarial_autoencoder(
        MLP(shape, Normal(NOISE)), MLPEncoder(CODE, posterior=Point()), MLPCritic(), CODE, shape
    )
    optimizer = training.adversarial_optimizer(optax.adam(1e-3), optax.adam(1e-3, b1=0.5))
    objective = objectives.adversarial_autoencoder(game, weight=20.0)
    options: Any = {"num_steps": config.digit_steps, "make_batch": shuffled(128), "name": "digits"}
    fit_key, prior_key = jax.random.split(key)
    found = fit(run, objective, optimizer, game.init, images["train"], key=fit_key, **options)

    model: Any = game.model
    params, seen = found.params["model"], images["test"]
    codes = model.encoder(params, seen).mean
    again = model.decoder(params, codes).mean
    made = model.decoder(params, model.prior(params).sample(prior_key, (64,))).mean
    facts = {
        "root mean square error of a test pixel": float(jnp.sqrt(jnp.mean((again - seen) ** 2))),
        "that of the mean image": float(jnp.sqrt(jnp.mean((images["train"].mean(0)[None] - seen) ** 2))),
        "codes: mean, at most": float(jnp.abs(codes.mean(0)).max()),
        "codes: standard deviations": f"{codes.std(0).min():.2f} to {codes.std(0).max():.2f}",
    }
    run.log(**facts)
    run.table([facts], "Pixels are in [0, 1]; codes of the test images should have mean 0 and deviation 1.")
    run.figure(
        "reconstructions",
        plots.reconstructions(seen[:12], again[:12]),
        "Test images, and what is left of them.",
    )
    run.figure("digits", plots.image_grid(made), "Decoded draws of the prior.")
    labels = load("digits", "test")["label"]
    run.figure("codes", plots.latent_scatter(codes, labels), "Codes of the test images.")


if __name__ == "__main__":
    main(adversarial, Config)
