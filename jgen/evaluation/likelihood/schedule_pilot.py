r"""Choose temperatures and leapfrog steps by short annealing runs of simulated examples.

The pilot has draws of its own, and what it chose is fixed before anything is measured: weights of runs whose
steps were adapted on the way would not be unbiased. Its examples come from the model, so that the value of an
example depends on no other one.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgen._internal.compiled import jit
from jgen.evaluation.likelihood.annealing import Schedule, kernel_of, path_of
from jgen.evaluation.likelihood.decoder_model import DecoderModel, key_of, simulate
from jgen.samplers import annealing_path
from jgen.types import Array, Key

NUM_EXAMPLES, NUM_CHAINS = 8, 8
GAINS = (2.0, 1.0, 0.5, 0.25)
"""Gain of the logarithm of the step, in each run over all temperatures."""
TARGET_ACCEPTANCE = 0.7
EVEN_SHARE = 0.2
"""Share of the temperatures that are spaced evenly, so that none is far from the next."""
LONGEST = np.pi / 2
"""Longest trajectory, in standard deviations of the start: a quarter of a turn, after which the square of a
normal position forgets where it was. After half a turn it is what it was, and weights vary more."""
JITTER = 0.25
"""Steps of neighbouring temperatures differ by up to this share, or a trajectory might come back to where it
started at all of them."""


class PilotRun(NamedTuple):
    """What a run of the pilot tells at each temperature, each ``[temperature]``.

    Attributes:
        log_steps: Logarithm of the step after its adaptation.
        deviation: Standard deviation over the chains of an example of log p(x, z) - log q(z), the mean
            over examples: the speed at which densities change.
    """

    log_steps: Array
    deviation: Array


def schedule_pilot(
    fitted: DecoderModel, key: Key, num_temperatures: int, num_leapfrogs: int, betas: Array | None
) -> Schedule:
    """Return the schedule of a model.

    Args:
        fitted: The model.
        key: Of the pilot alone.
        num_temperatures: Temperatures above 0.
        num_leapfrogs: Leapfrog steps at each.
        betas: Inverse temperatures, which are then fixed ``[temperature + 1]``; None to space them evenly in
            thermodynamic length.
    """
    power = 1 if fitted.model.encoder is not None else 4  # from the prior most changes where beta is small
    ladder = np.linspace(0.0, 1.0, num_temperatures + 1) ** power if betas is None else np.asarray(betas)
    log_steps = np.zeros(num_temperatures)
    for run, gain in enumerate(GAINS):
        schedule = Schedule(jnp.asarray(ladder), jnp.exp(jnp.asarray(log_steps)), jnp.int32(num_leapfrogs))
        found = jax.device_get(_pilot_run(fitted, schedule, key_of(key, run), gain))
        log_steps = np.asarray(found.log_steps, np.float64)
        if betas is None and run < len(GAINS) - 1:
            ladder, log_steps = respaced(ladder, log_steps, np.asarray(found.deviation, np.float64))
    log_steps = np.minimum(log_steps, np.log(LONGEST / num_leapfrogs))
    turn = (np.arange(num_temperatures) * (5**0.5 - 1) / 2) % 1  # the golden ratio: no two are alike
    steps = np.exp(log_steps) * (1 + JITTER * (2 * turn - 1))
    return Schedule(jnp.asarray(ladder), jnp.asarray(steps), jnp.int32(num_leapfrogs))


def respaced(ladder: np.ndarray, log_steps: np.ndarray, deviation: np.ndarray) -> tuple:
    """Space temperatures evenly in thermodynamic length, and interpolate the steps between them."""
    speed = np.nan_to_num(np.r_[deviation[0], deviation], nan=0.0, posinf=0.0)  # [temperature + 1]
    pieces = np.diff(ladder) * (speed[1:] + speed[:-1]) / 2
    if not pieces.sum() > 0:
        return ladder, log_steps
    length = np.r_[0.0, np.cumsum(pieces)] / pieces.sum()
    length = (1 - EVEN_SHARE) * length + EVEN_SHARE * ladder
    new = np.interp(np.linspace(0.0, 1.0, len(ladder)), length, ladder)
    new[0], new[-1] = 0.0, 1.0
    return new, np.interp(new[1:], ladder[1:], log_steps)


@jit
def _pilot_run(fitted: DecoderModel, schedule: Schedule, key: Key, gain: Array) -> PilotRun:
    """Anneal chains of simulated examples, and move the step towards the wanted acceptance on the way."""
    sample_key, start_key, move_key = jax.random.split(key, 3)
    _, x = jax.vmap(partial(simulate, fitted))(jax.random.split(sample_key, NUM_EXAMPLES))

    def start(x: Array, key: Key) -> Array:
        return jax.vmap(path_of(fitted, x).base.sample)(jax.random.split(key, NUM_CHAINS))

    def move(shift: Array, beta: Array, x: Array, z: Array, key: Key) -> tuple[Array, Array, Array]:
        path = path_of(fitted, x)
        shifted = schedule._replace(step_sizes=schedule.step_sizes * jnp.exp(shift))
        one_step = partial(annealing_path.move, path, kernel_of(shifted, path), jnp.int32(1), beta)
        z, info = jax.vmap(one_step)(jax.random.split(key, NUM_CHAINS), z)
        return z, info["acceptance_rate"], jax.vmap(partial(annealing_path.log_ratio, path))(z)[0].std()

    def climb(carry: tuple[Array, Array], rung: tuple[Array, Array, Key]) -> tuple[tuple, PilotRun]:
        (z, shift), (beta, step_size, key) = carry, rung
        keys = jax.random.split(key, NUM_EXAMPLES)
        z, rates, deviations = jax.vmap(partial(move, shift, beta))(x, z, keys)
        shift = shift + gain * (rates.mean() - TARGET_ACCEPTANCE)
        return (z, shift), PilotRun(jnp.log(step_size) + shift, jnp.nanmean(deviations))

    starts = jax.vmap(start)(x, jax.random.split(start_key, NUM_EXAMPLES))
    keys = jax.random.split(move_key, len(schedule.step_sizes))
    rungs = schedule.betas[1:], schedule.step_sizes, keys
    return jax.lax.scan(climb, (starts, jnp.zeros_like(schedule.betas[0])), rungs)[1]
