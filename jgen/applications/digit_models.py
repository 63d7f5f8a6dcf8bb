"""Train five models of digits in a minute: linear, autoencoding, variational and adversarial."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.tree_util import Partial

from jgen import models, objectives, training
from jgen._internal.compiled import jit
from jgen.applications.fit import fit
from jgen.data import dequantise
from jgen.decoders import MLP, Delta, DiscretisedLogisticMixture
from jgen.encoders import MLPCritic, MLPEncoder, Point
from jgen.evaluation.likelihood.log_likelihood import log_likelihood
from jgen.evaluation.results import against_best
from jgen.experiment.league_table import Line
from jgen.experiment.run_folder import Run
from jgen.training import ema_params, shuffled
from jgen.types import Array, Key, LatentModel, PyTree, Result

LEVELS, SHAPE, LATENT, LINEAR_LATENT, COMPONENTS = 17, (8, 8, 1), 8, 40, 3
"""Grey values 0 to 16 of 8 x 8 pixels; sizes of the latents, that of pPCA as validation chooses it; logistics
of a pixel."""
BATCH, PARTICLES, CRITIC_STEPS, PENALTY = 128, 5, 2, 1.0
EXACT = {"methods": {"exact"}}
WEIGHTED = {"methods": {"iwae"}, "num_particles": 512}
ANNEALED = {
    "methods": {"ais"},
    "num_chains": 2,
    "num_temperatures": 50,
    "num_leapfrogs": 3,
    "observation_noise": 0.15,
}
"""How the likelihood of each model is found."""


class DigitModel(NamedTuple):
    """Trained model of digits.

    Attributes:
        model: The generative model.
        params: Its parameters.
        shape: Shape of its examples.
        is_dequantised: Whether these are y in [0, 1], of which ``floor(17 y)`` is a grey value; else grey
            values themselves.
        likelihood: Options of ``log_likelihood``, with one method: the best that this model has.
        prior: What the prior is, in a few words.
    """

    model: LatentModel
    params: PyTree
    shape: tuple[int, ...]
    is_dequantised: bool
    likelihood: Mapping[str, Any]
    prior: str = "N(0, I), as in training"

    def draw(self, key: Key, num_draws: int) -> np.ndarray:
        """Draw grey values 0 to 16 from the prior and the decoder ``[num_draws, 8, 8, 1]``."""
        x = np.asarray(_draw(self.model, self.params, key, num_draws)).reshape(num_draws, *SHAPE)
        return np.clip(np.floor(LEVELS * x) if self.is_dequantised else x, 0, LEVELS - 1).astype(np.uint8)

    def bits(self, key: Key, images: np.ndarray) -> tuple[np.ndarray, Result]:
        """Bound the bits per pixel of grey values from above.

        Args:
            key: Random key.
            images: Grey values 0 to 16 ``[image, 8, 8, 1]``.

        Returns:
            Bits of each image ``[image]``, and their mean.
        """
        noise_key, key = jax.random.split(key)
        x: Any = images.astype(np.int32)
        step, options = 1.0, dict(self.likelihood)
        if self.is_dequantised:
            x = dequantise(noise_key, x, LEVELS).reshape(-1, *self.shape)
            options["bin_width"] = step = 1 / LEVELS
        (method,) = options["methods"]
        options["methods"] = set(options["methods"]) - {"exact"}  # which is there without being asked for
        bound = getattr(log_likelihood(key, self.model, self.params, x, **options), method)
        bits = np.asarray(models.bits_per_dimension(bound.values, images[0].size, step=step), np.float64)
        return bits, bound.bits


def bits_per_pixel(digit_models: Mapping[str, DigitModel], key: Key, images: np.ndarray) -> Line:
    """Bound the bits that a pixel of the same images takes by each model, with differences from the best.

    Args:
        digit_models: Name -> model.
        key: Random key.
        images: Grey values 0 to 16 ``[image, 8, 8, 1]``, that no model saw.

    Returns:
        Results whose notes say what each bound is. Differences are those of bounds.
    """
    keys = jax.random.split(key, len(digit_models))
    found = {name: one.bits(k, images) for k, (name, one) in zip(keys, digit_models.items(), strict=True)}
    negative = {name: -bits for name, (bits, _) in found.items()}
    better = against_best(negative, "paired difference", {})
    minus = {name: rows["minus best"] for name, rows in better.items()}
    return Line(
        {name: _explained(digit_models[name], result) for name, (_, result) in found.items()},
        {name: one._replace(value=-one.value, low=-one.high, high=-one.low) for name, one in minus.items()},
    )


def _explained(one: DigitModel, result: Result) -> Result:
    """Add to the flags how the number was found."""
    noise = one.likelihood.get("observation_noise")
    density = "pixels dequantised" if one.is_dequantised else "pixels as they are"
    stated = "" if noise is None else f", normal noise of {noise} on each pixel, as the model has no density"
    return result._replace(flags=(*result.flags, f"log-likelihood: {result.method}, {density}{stated}"))


def digit_models(
    run: Run, key: Key, train: Array, validation: Array, *, steps: int = 1000, adversarial_steps: int = 4000
) -> dict[str, DigitModel]:
    """Train probabilistic PCA, an autoencoder, two variational autoencoders and a GAN on digits.

    ======= ===========================================================================================
    pPCA    in closed form, of dequantised pixels
    AE      reconstruction alone, of dequantised pixels; N(0, I) is the prior that it is declared with,
            and nothing in its training moves the codes there
    VAE     the evidence lower bound, of grey values
    IWAE    the same model by the importance-weighted bound of 5 particles
    GAN     a Wasserstein critic with a gradient penalty, of dequantised pixels
    ======= ===========================================================================================

    Args:
        run: Run whose directory receives metrics and checkpoints.
        key: Random key.
        train: Grey values 0 to 16 ``[image, 8, 8, 1]``.
        validation: Others, by which the parameters of AE, VAE and IWAE are chosen.
        steps: Training steps of AE, VAE and IWAE.
        adversarial_steps: Those of the GAN.

    Returns:
        Name -> model, in this order.
    """
    train, validation = (jnp.asarray(x, jnp.float32) for x in (train, validation))
    keys = dict(zip(TRAININGS, jax.random.split(key, len(TRAININGS)), strict=True))
    counts = {"GAN": adversarial_steps}
    return {
        name: learn(run, name, keys[name], train, validation, counts.get(name, steps))
        for name, learn in TRAININGS.items()
    }


def _ppca(run: Run, name: str, key: Key, train: Array, _: Array, steps: int) -> DigitModel:  # noqa: ARG001
    with run.stage(name):
        flat = dequantise(key, train, LEVELS).reshape(len(train), -1)
        fitted = models.ppca(flat, LINEAR_LATENT)
    return DigitModel(fitted.model, fitted.params, flat.shape[1:], True, EXACT)


def _autoencoder(run: Run, name: str, key: Key, train: Array, validation: Array, steps: int) -> DigitModel:
    encoder = MLPEncoder(LATENT, posterior=Point(), shift=0.5, scale=0.25)
    model = models.autoencoder(MLP(SHAPE, Delta(jax.nn.sigmoid)), encoder, LATENT, SHAPE)
    fit_key, noise_key = jax.random.split(key)
    options = {"make_batch": Partial(_dequantised, shuffled(BATCH))}
    held_out = dequantise(noise_key, validation, LEVELS)
    params = _fit(run, name, objectives.mse(model), model, fit_key, train, held_out, steps, **options)
    return DigitModel(model, params, SHAPE, True, ANNEALED, "N(0, I), which training did not use")


def _variational(
    objective: Callable[[LatentModel], Partial],
    run: Run,
    name: str,
    key: Key,
    train: Array,
    validation: Array,
    steps: int,
) -> DigitModel:
    encoder = MLPEncoder(LATENT, shift=(LEVELS - 1) / 2, scale=LEVELS / 4)
    model = models.vae(MLP(SHAPE, DiscretisedLogisticMixture(LEVELS, COMPONENTS)), encoder, LATENT, SHAPE)
    options = {"make_batch": shuffled(BATCH)}
    params = _fit(run, name, objective(model), model, key, train, validation, steps, **options)
    return DigitModel(model, params, SHAPE, False, WEIGHTED)


def _adversarial(run: Run, name: str, key: Key, train: Array, _: Array, steps: int) -> DigitModel:
    model = models.gan(MLP(SHAPE, Delta(jax.nn.sigmoid)), MLPCritic(), LATENT, SHAPE)
    rate = optax.cosine_decay_schedule(1e-3, steps)
    both = (optax.adam(rate, b1=0.5), optax.adam(rate, b1=0.5))
    optimizer = optax.chain(
        training.adversarial_optimizer(*both, critic_steps=CRITIC_STEPS), ema_params(0.995)
    )
    objective = objectives.wasserstein_gan(model, penalty=PENALTY)
    options: Any = {"num_steps": steps, "make_batch": Partial(_dequantised, shuffled(BATCH)), "name": name}
    found = fit(run, objective, optimizer, model.init, train, key=key, chunk_size=500, **options)
    return DigitModel(model.model, found.params["model"], SHAPE, True, ANNEALED)


TRAININGS: Mapping[str, Callable[..., DigitModel]] = {
    "pPCA": _ppca,
    "AE": _autoencoder,
    "VAE": Partial(_variational, objectives.elbo),
    "IWAE": Partial(_variational, Partial(objectives.iwae, num_particles=PARTICLES)),
    "GAN": _adversarial,
}
"""Name -> ``training(run, name, key, train, validation, steps)``."""


def _fit(
    run: Run,
    name: str,
    objective: Partial,
    model: LatentModel,
    key: Key,
    train: Array,
    validation: Array,
    steps: int,
    **options: Any,
) -> PyTree:
    optimizer = optax.chain(optax.adam(optax.cosine_decay_schedule(2e-3, steps)), ema_params(0.99))
    options |= {"num_steps": steps, "validation": validation, "chunk_size": 100, "name": name}
    return fit(run, objective, optimizer, model.init, train, key=key, **options).params


def _dequantised(make_batch: Partial, data: Array, key: Key, step: Array) -> Array:
    """Draw a batch, and new noise for it."""
    return dequantise(jax.random.fold_in(key, step), make_batch(data, key, step), LEVELS)


@partial(jit, static_argnames="num_draws")
def _draw(model: LatentModel, params: PyTree, key: Key, num_draws: int) -> Array:
    prior_key, noise_key = jax.random.split(key)
    z = jax.vmap(model.prior(params).sample)(jax.random.split(prior_key, num_draws))
    return model.decoder(params, z).sample(noise_key)
