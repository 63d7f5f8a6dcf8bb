"""Compare annealed importance sampling through decoders with its counted gradients alone; find its gap.

``python -m benchmarks.likelihood --json likelihood.json``

Both programs of a row evaluate the same batched log p(x, z) as often, in turn, round after round; times are
those of the processor.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from rich.console import Console

from benchmarks.command_line import check_seconds, main, show_rows
from benchmarks.timing import time_in_rounds
from jgen.decoders import MLP
from jgen.decoders.heads import NormalShared
from jgen.encoders import MLPEncoder
from jgen.evaluation import log_likelihood
from jgen.evaluation.likelihood.annealing import annealed_passes
from jgen.evaluation.likelihood.decoder_model import DecoderModel, decoder_model, log_joint
from jgen.evaluation.likelihood.latent_model_bounds import schedule_of
from jgen.evaluation.likelihood.settings import Settings
from jgen.experiment.command_line import at_least
from jgen.models import linear_log_prob, linear_vae, vae
from jgen.types import Array, LatentModel, PyTree

DIM, LATENT, SCALE = 64, 10, 0.5
WANTED_GAP = 0.02
BUDGET = 1000


@dataclass(frozen=True)
class Config:
    """What does annealing through a decoder cost more than its gradients, and how many does it need?"""

    examples: int = 64
    """Examples of a batch."""
    chains: int = 4
    """Chains of an example."""
    seconds: float = 2.0
    """Time budget of each program."""
    gap_examples: int = 2048
    """Examples that the gap is measured on."""
    hidden: tuple[int, ...] = (32, 128)
    """Widths of the two hidden layers of the decoders that are not linear, one decoder each."""

    def __post_init__(self) -> None:
        """Check the options."""
        at_least(self, examples=1, chains=1, gap_examples=2)
        check_seconds(self.seconds)


def linear_problem() -> tuple[LatentModel, PyTree]:
    """Return the linear decoder, with the best encoder that factorises: exact means, conditional scales."""
    rng = np.random.default_rng(0)
    weight = 0.3 * rng.normal(size=(DIM, LATENT))
    precision = np.eye(LATENT) + weight.T @ weight / SCALE**2
    decoder = {"weight": weight, "bias": np.zeros(DIM), "log_scale": np.log(SCALE)}
    to_mean = np.linalg.solve(precision, weight.T) / SCALE**2
    log_scale = -np.log(np.diag(precision)) / 2
    encoder = {"weight": to_mean, "bias": np.zeros(LATENT), "log_scale": log_scale}
    return linear_vae(DIM, LATENT), {"prior": {}, "decoder": decoder, "encoder": encoder}


def perceptron_problem(width: int) -> tuple[LatentModel, PyTree]:
    """Return a decoder of two hidden layers as it is initialised, and an encoder."""
    decoder = MLP(shape=(DIM,), head=NormalShared(start=SCALE), hidden=(width, width))
    model = vae(decoder, MLPEncoder(latent_dim=LATENT, hidden=(32,)), LATENT, (DIM,))
    return model, model.init(jax.random.key(0))


def settings(num_temperatures: int, num_leapfrogs: int, step_size: float | None) -> Settings:
    """Return settings of annealing; the others are not used."""
    return Settings(1, 1, num_temperatures, num_leapfrogs, None, step_size, 1, None, "float64", 1, 1, 0)


def cost_rows(config: Config) -> Iterator[dict[str, Any]]:
    """Yield the time of annealing over that of its gradients alone, decoder by decoder."""
    problems = {"linear": linear_problem}
    problems |= {f"{width} x {width}": partial(perceptron_problem, width) for width in config.hidden}
    for name, problem in problems.items():
        fitted = decoder_model(*problem(), None, "float64")
        x = jnp.asarray(np.random.default_rng(1).normal(size=(config.examples, DIM)))
        for num_temperatures, num_leapfrogs in ((100, 10), (100, 3)):
            plan = settings(num_temperatures, num_leapfrogs, 0.3)
            schedule = schedule_of(jax.random.key(1), fitted, plan)
            call = partial(
                annealed_passes,
                fitted,
                schedule,
                x,
                jnp.arange(len(x)),
                jax.random.key(2),
                num_chains=config.chains,
            )
            num_grads = int(call().num_grads[0]) // config.chains
            alone = partial(bare_gradients(fitted, x, config.chains), num_grads)
            calls = {"annealing": call, "bare": alone}
            timed = time_in_rounds(calls, config.seconds, timer=time.process_time)
            yield {
                "decoder": name,
                "temperatures": num_temperatures,
                "leapfrogs": num_leapfrogs,
                "gradients": num_grads,
                "us_per_gradient": 1e6 * timed["annealing"].median / (num_grads * len(x) * config.chains),
                "bare_ratio": timed["annealing"].ratio(timed["bare"]),
                "compile_seconds": timed["annealing"].compile_seconds,
                "rounds": len(timed["bare"].seconds),
            }


def bare_gradients(fitted: DecoderModel, x: Array, num_chains: int) -> Callable[[int], Array]:
    """Return a loop over the batched gradient of log p(x, z) alone, which the compiler cannot shorten."""
    gradient = jax.vmap(jax.vmap(jax.grad(log_joint, argnums=2), (None, None, 0)), (None, 0, 0))

    @jax.jit
    def evaluate(fitted: DecoderModel, x: Array, zero: Array, count: Array) -> Array:
        def body(_: Array, z: Array) -> Array:
            return z + zero * gradient(fitted, x, z)

        return jax.lax.fori_loop(0, count, body, jnp.zeros((len(x), num_chains, LATENT)))

    return lambda count: evaluate(fitted, x, jnp.zeros(()), count)


def gap_rows(config: Config) -> Iterator[dict[str, Any]]:
    """Yield how far the bound lies below the exact log p(x), by the gradients spent on an example."""
    model, params = linear_problem()
    rng = np.random.default_rng(2)
    z = rng.normal(size=(config.gap_examples, LATENT))
    x = z @ params["decoder"]["weight"].T + SCALE * rng.normal(size=(config.gap_examples, DIM))
    exact = np.asarray(linear_log_prob(jax.tree.map(jnp.asarray, params), jnp.asarray(x)))
    for num_temperatures, num_leapfrogs in ((100, 9), (100, 3), (100, 2), (30, 2)):
        found = log_likelihood(
            *(jax.random.key(3), model, params, x, ["ais", "bdmc"]),
            num_chains=1,
            num_temperatures=num_temperatures,
            num_leapfrogs=num_leapfrogs,
            num_simulated=config.gap_examples,
            batch_size=512,
        )
        assert found.ais is not None
        assert found.bdmc is not None
        gap = exact - found.ais.values
        yield {
            "temperatures": num_temperatures,
            "leapfrogs": num_leapfrogs,
            "gradients": int(found.ais.num_grads[0]),
            "below_exact": gap.mean(),
            "error": gap.std(ddof=1) / len(gap) ** 0.5,
            "gap": float(found.bdmc.gap.value),
            "gap_error": float(found.bdmc.gap.standard_error),
            "within": "yes" if found.bdmc.gap.value < WANTED_GAP else "no",
        }


COST_COLUMNS = {
    "decoder": "decoder",
    "temperatures": "temperatures",
    "leapfrogs": "leapfrogs",
    "gradients": "gradients",
    "µs per\ngradient": "us_per_gradient",
    "x bare": "bare_ratio",
    "compile s": "compile_seconds",
}
GAP_COLUMNS = {
    "temperatures": "temperatures",
    "leapfrogs": "leapfrogs",
    "gradients\nan example": "gradients",
    "below exact,\nnats": "below_exact",
    "+-": "error",
    "gap,\nnats": "gap",
    "± ": "gap_error",
    f"< {WANTED_GAP}": "within",
}


def run(config: Config, console: Console) -> dict[str, Any]:
    """Measure, show and return all figures, in float64."""
    with jax.enable_x64(True):
        costs = list(cost_rows(config))
        show_rows(
            console, f"annealing, {config.examples} examples x {config.chains} chains", costs, COST_COLUMNS
        )
        gaps = list(gap_rows(config))
        show_rows(console, "gap of the linear decoder, one chain", gaps, GAP_COLUMNS)
    return {"costs": costs, "gaps": gaps}


if __name__ == "__main__":
    main(run, Config)
