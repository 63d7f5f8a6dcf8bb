"""Train five models of digits in a minute: linear, autoencoding, variational and adversarial."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.tree_util import Partial

from jgen import models, objectives, training
from jgen.applications.fit import fit
from jgen.data import dequantise
from jgen.decoders import MLP, Delta, DiscretisedLogisticMixture
from jgen.encoders import MLPCritic, MLPEncoder, Point
from jgen.experiment.run_folder import Run
from jgen.training import ema_params, shuffled
from jgen.types import Array, Key, LatentModel, PyTree

LEVELS, SHAPE, LATENT, LINEAR_LATENT = 17, (8, 8, 1), 8, 40
"""Grey values 0 to 16 of 8 x 8 pixels; sizes of the latents, that of pPCA as validation chooses it."""
BATCH, PARTICLES, CRITIC_STEPS, PENALTY = 128, 5, 2, 1.0


class DigitModel(NamedTuple):
    """Trained model of digits.

    Attributes:
        model: The generative model.
        params: Its parameters.
        is_dequantised: Whether it models y in [0, 1], of which ``floor(17 y)`` is a grey value; else grey
            values themselves.
        prior: What the prior is, in a few words.
    """

    model: LatentModel
    params: PyTree
    is_dequantised: bool
    prior: str = "N(0, I), as in training"

    def draw(self, key: Key, num_draws: int) -> np.ndarray:
        """Draw grey values 0 to 16 from the prior and the decoder ``[num_draws, 8, 8, 1]``."""
        x = np.asarray(_draw(self.model, self.params, key, num_draws)).reshape(num_draws, *SHAPE)
        return np.clip(np.floor(LEVELS * x) if self.is_dequantised else x, 0, LEVELS - 1).astype(np.uint8)


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
        fitted = models.ppca(flat, min(LINEAR_LATENT, len(train) - 2))
    return DigitModel(fitted.model, fitted.params, is_dequantised=True)


def _autoencoder(run: Run, name: str, key: Key, train: Array, validation: Array, steps: int) -> DigitModel:
    encoder = MLPEncoder(LATENT, posterior=Point(), shift=0.5, scale=0.25)
    model = models.autoencoder(MLP(SHAPE, Delta(jax.nn.sigmoid)), encoder, LATENT, SHAPE)
    fit_key, noise_key = jax.random.split(key)
    options = {"make_batch": Partial(_dequantised, shuffled(BATCH))}
    held_out = dequantise(noise_key, validation, LEVELS)
    params = _fit(run, name, objectives.mse(model), model, fit_key, train, held_out, steps, **options)
    return DigitModel(model, params, True, "N(0, I), which training did not use")


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
    model = models.vae(MLP(SHAPE, DiscretisedLogisticMixture(LEVELS)), encoder, LATENT, SHAPE)
    options = {"make_batch": shuffled(BATCH)}
    params = _fit(run, name, objective(model), model, key, train, validation, steps, **options)
    return DigitModel(model, params, is_dequantised=False)


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
    return DigitModel(model.model, found.params["model"], is_dequantised=True)


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


@jax.jit(static_argnums=3)
def _draw(model: LatentModel, params: PyTree, key: Key, num_draws: int) -> Array:
    prior_key, noise_key = jax.random.split(key)
    return model.decoder(params, model.prior(params).sample(prior_key, (num_draws,))).sample(noise_key)
