"""Run each method on a model with a latent."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jgen._internal.validation import check_positive
from jgen.evaluation.likelihood.annealing import Schedule, annealed_passes, passes_back, simulated_examples
from jgen.evaluation.likelihood.bounds import Units, annealed_bound, importance_bounds, simulated_gap
from jgen.evaluation.likelihood.decoder_model import DecoderModel, in_dtype, over_batches
from jgen.evaluation.likelihood.importance import weight_statistics
from jgen.evaluation.likelihood.latent_use import latent_use
from jgen.evaluation.likelihood.schedule_pilot import (
    NUM_CHAINS,
    NUM_EXAMPLES,
    TARGET_ACCEPTANCE,
    schedule_pilot,
)
from jgen.evaluation.likelihood.settings import Settings
from jgen.types import Key, PyTree

PURPOSES = ("importance", "pilot", "annealing", "simulation", "latents")
"""What keys are for: a method's draws do not depend on which other methods were asked for."""


def latent_model_bounds(
    key: Key,
    fitted: DecoderModel,
    x: PyTree,
    methods: set[str],
    settings: Settings,
    protocol: dict,
    units: Units,
) -> dict[str, Any]:
    """Return the results of the methods by name, and the use of the latents.

    Args:
        key: Any key.
        fitted: The model.
        x: Examples ``[example, *event]``.
        methods: Names of methods.
        settings: All settings.
        protocol: What all methods share.
        units: For bits.
    """
    keys = dict(zip(PURPOSES, jax.random.split(key, len(PURPOSES)), strict=True))
    run = partial(over_batches, x=x, batch_size=settings.batch_size, first_index=settings.first_index)
    found: dict[str, Any] = {}
    if methods & {"elbo", "iwae"}:
        counts = {"num_particles": settings.num_particles, "chunk_size": settings.chunk_size}

        def weigh(x: PyTree, index: Any) -> Any:
            return weight_statistics(fitted, x, index, keys["importance"], **counts)

        both = importance_bounds(run(weigh), settings.num_particles, units, protocol)
        found |= {name: bound for name, bound in both.items() if name in methods}
    if methods & {"ais", "bdmc"}:
        schedule, own = schedule_of(keys["pilot"], fitted, settings), protocol | annealing_protocol(settings)

        def pass_on(key: Key, x: PyTree, index: Any) -> Any:
            return annealed_passes(fitted, schedule, x, index, key, num_chains=settings.num_chains)

        if "ais" in methods:
            found["ais"] = annealed_bound(run(partial(pass_on, keys["annealing"])), units, own)
        if "bdmc" in methods:
            sample_key, forward_key, back_key = jax.random.split(keys["simulation"], 3)
            draw = partial(over_batches, batch_size=settings.batch_size, first_index=0)
            numbers = np.arange(settings.num_simulated)
            z, simulated = draw(lambda _, index: simulated_examples(fitted, index, sample_key), numbers)
            forward = draw(partial(pass_on, forward_key), simulated)

            def pass_back(pair: PyTree, index: Any) -> Any:
                return passes_back(fitted, schedule, pair, index, back_key, num_chains=settings.num_chains)

            found["bdmc"] = simulated_gap(forward, draw(pass_back, (z, simulated)), z, simulated, own)
        found["schedule"] = jax.device_get(schedule)
    if fitted.model.encoder is not None:
        found["latents"] = latent_use(run, fitted, keys["latents"])
    return found


def schedule_of(key: Key, fitted: DecoderModel, settings: Settings) -> Schedule:
    """Return the schedule of the pilot, or the one that is given in full."""
    size, betas = settings.num_temperatures, settings.betas
    if settings.step_size is None:
        schedule = schedule_pilot(fitted, key, size, settings.num_leapfrogs, betas)
    else:
        steps = jnp.full(size, check_positive("step_size", settings.step_size))
        betas = jnp.linspace(0.0, 1.0, size + 1) if betas is None else jnp.asarray(betas)
        schedule = Schedule(betas, steps, jnp.int32(settings.num_leapfrogs))
    return in_dtype(schedule, settings.dtype)


def annealing_protocol(settings: Settings) -> dict[str, Any]:
    """Return what must agree before results by annealing are compared."""
    pilot = (
        f"pilot with its own key, {NUM_EXAMPLES} simulated examples x {NUM_CHAINS} chains a run, then fixed"
    )
    tuned = f"tuned to acceptance {TARGET_ACCEPTANCE} or length pi / 2 by a {pilot}"
    evenly = "evenly spaced" if settings.step_size is not None else f"spaced by a {pilot}"
    return {
        "num_temperatures": settings.num_temperatures,
        "num_leapfrogs": settings.num_leapfrogs,
        "num_chains": settings.num_chains,
        "temperatures": evenly if settings.betas is None else tuple(map(float, settings.betas)),
        "step_size": tuned if settings.step_size is None else float(settings.step_size),
    }
