"""Compare the speed of every sampler with its gradients alone, hand-written HMC and other libraries.

``python -m benchmarks.samplers --peers --json samplers.json``

Every sampler in ``jgen.samplers`` that can sample a target is warmed up on it once, and then draws through
the driver, at each number of chains. Within a group (one target, one number of chains) all calls are timed
in turn, so ratios are stable on a busy machine; times are not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from rich.console import Console

import jgen.samplers
import jgen.targets
from benchmarks.command_line import check_seconds, main, show_rows
from benchmarks.contenders import Contender, Drawn, min_ess
from benchmarks.distribution_draws import mixture_rows
from benchmarks.hand_written_hmc import hand_written_hmc
from benchmarks.lanes import lanes_rows
from benchmarks.peers import Problem, peers, require
from benchmarks.timing import Timed, bare_evaluation, choose_size, time_in_rounds
from benchmarks.warm_up import Warm, draw_with_driver, place_chains, warm_up
from jgen.errors import UsageError
from jgen.experiment.command_line import among, at_least
from jgen.sampling.chains import RunState
from jgen.targets import Target
from jgen.testing import members
from jgen.types import LogDensity

MIN_DRAWS, MAX_DRAWS = 16, 4096


@dataclass(frozen=True)
class Config:
    """How fast is every sampler, and how much of that is the gradients?"""

    targets: tuple[str, ...] = ("standard_gaussian", "banana", "eight_schools", "breast_cancer")
    """Names of files in jgen/targets; none for all of them, which takes an hour."""
    samplers: tuple[str, ...] = ()
    """Names of files in jgen/samplers; none for all of them."""
    chains: tuple[int, ...] = (1, 64, 1024)
    """Numbers of chains."""
    seconds: float = 0.4
    """Time budget of each row, without compilation."""
    lanes_chains: int = 256
    """Chains of NUTS in the table of lanes; 0 leaves it out."""
    num_warmup: int = 400
    """Warm-up steps, of 32 chains, before each sampler's first row on a target."""
    peers: bool = False
    """Whether to add BlackJAX and NumPyro (the extra bench)."""

    def __post_init__(self) -> None:
        """Check the options."""
        among("targets", self.targets, members(jgen.targets, "{name}"))
        among("samplers", self.samplers, members(jgen.samplers, "recipe"))
        if not self.chains or min(self.chains) < 1:
            raise UsageError(f"--chains must be numbers of 1 or more; got {self.chains}")
        at_least(self, lanes_chains=0, num_warmup=1)
        check_seconds(self.seconds)
        if self.peers:
            require("blackjax", "numpyro")


def group(config: Config, target: Target, warm: Mapping[str, Warm], num_chains: int) -> Iterator[dict]:
    """Yield the rows of one target at one number of chains."""
    share = config.seconds / 5
    contenders: dict[str, tuple[Contender, int]] = {}
    compiled = {}
    for name, one in warm.items():
        state = place_chains(one, num_chains)
        ours = Contender(name, name, partial(draw_with_driver, one.sampler, state))
        count, compiled[name] = choose_size(ours.draw, share, MIN_DRAWS, MAX_DRAWS)
        both = (ours, *comparisons(config, target, one, state, ours.draw(1)))
        contenders |= {
            contender.name: (contender, count) for contender in both if contender.counterpart == name
        }
    bares = bare_calls(target, num_chains, share)
    calls = bares | {name: partial(contender.draw, count) for name, (contender, count) in contenders.items()}
    timed = time_in_rounds(calls, config.seconds, compiled)
    drawn = {name: contender.draw(count) for name, (contender, count) in contenders.items()}
    spent = {name: max(one.num_grads, one.num_log_densities) for name, one in drawn.items()}
    spent |= {name: call.args[0] * num_chains for name, call in bares.items()}
    for name, (contender, count) in contenders.items():
        yield {
            "target": target.name,
            "chains": num_chains,
            "sampler": name,
            "counterpart": contender.counterpart,
            "draws_per_call": count,
            **figures(contender, drawn[name], timed, spent),
        }


def comparisons(
    config: Config, target: Target, warm: Warm, state: RunState, one_draw: Drawn
) -> list[Contender]:
    """Return the programs to compare with, at the positions and tuning of this sampler."""
    if warm.tuning is None or warm.tuning.inverse_mass_factor.ndim != 1:
        return []
    positions = jax.vmap(lambda x: ravel_pytree(x)[0])(state.states.position)  # [chain, dim]
    num_steps = max(1, one_draw.num_grads // len(positions))
    step_size, factor = warm.tuning.step_size, warm.tuning.inverse_mass_factor
    problem = Problem(flat_density(target), positions, step_size, factor, num_steps)
    by_hand = hand_written_hmc(problem.log_density, positions, step_size, factor**2, num_steps)
    return [by_hand, *(peers(problem) if config.peers else [])]


def flat_density(target: Target) -> LogDensity:
    """Return the log density of a target as a function of a flat position ``[dim]``."""
    _, unravel = ravel_pytree(target.start)
    return lambda x: target.log_density(unravel(x))


def bare_calls(target: Target, num_chains: int, seconds: float) -> dict[str, partial]:
    """Return the batched gradient and the batched density alone, if positions are floats."""
    if not all(jnp.issubdtype(jnp.result_type(leaf), jnp.floating) for leaf in jax.tree.leaves(target.start)):
        return {}
    positions = jnp.stack([ravel_pytree(target.start)[0]] * num_chains)  # [chain, dim]
    log_density = flat_density(target)
    calls = {}
    for kind, function in (("gradient", jax.grad(log_density)), ("log density", log_density)):
        call = bare_evaluation(function, positions)
        calls[f"bare {kind}"] = partial(call, choose_size(call, seconds, 64, 2**20)[0])
    return calls


def figures(
    contender: Contender, drawn: Drawn, timed: Mapping[str, Timed], spent: Mapping[str, int]
) -> dict[str, Any]:
    """Return the numbers of a row; a ratio compares times per evaluation in the same rounds."""
    assert drawn.draws is not None
    mine, own = timed[contender.name], spent[contender.name]
    num_chains, num_draws = np.shape(jax.tree.leaves(drawn.draws.value)[0])[:2]
    ess, ess_squared = min_ess(drawn.draws, 1), min_ess(drawn.draws, 2)
    kind = "gradient" if drawn.num_grads else "log density" if drawn.num_log_densities else None

    def ratio(other: str | None) -> float | None:
        if kind is None or other is None or not spent.get(other):
            return None
        return mine.ratio(timed[other]) * spent[other] / own

    return {
        "draws_per_second": num_chains * num_draws / mine.median,
        "min_ess_per_second": ess / mine.median,
        "min_ess_squared_per_second": ess_squared / mine.median,
        "ess_per_gradient": min(ess, ess_squared) / drawn.num_grads if drawn.num_grads else None,
        "utilisation": drawn.utilisation,
        "evaluation": kind,
        "us_per_evaluation": 1e6 * mine.median / own if kind else None,
        "bare_ratio": ratio(f"bare {kind}"),
        "hand_written_ratio": ratio("hand-written hmc" if kind == "gradient" else None),
        "jgen_ratio": ratio(contender.counterpart),
        "compile_seconds": mine.compile_seconds,
        "rounds": len(mine.seconds),
    }


COLUMNS = {
    "chains": "chains",
    "sampler": "sampler",
    "draws/s": "draws_per_second",
    "min ESS/s\nof x": "min_ess_per_second",
    "min ESS/s\nof x²": "min_ess_squared_per_second",
    "ESS per\ngradient": "ess_per_gradient",
    "utili-\nsation": "utilisation",
    "µs per\nevaluation": "us_per_evaluation",
    "x bare": "bare_ratio",
    "x by hand": "hand_written_ratio",
    "x jgen": "jgen_ratio",
    "compile s": "compile_seconds",
}
MIXTURE_COLUMNS = {
    "components": "components",
    "dim": "dim",
    "method": "method",
    "draws/s": "draws_per_second",
    "x jgen": "jgen_ratio",
}


LANES_COLUMNS = {
    "target": "target",
    "chains": "chains",
    "lanes": "lanes",
    "utilisation": "utilisation",
    "µs per useful\ngradient": "us_per_evaluation",
    "x lockstep": "lockstep_ratio",
    "compile s": "compile_seconds",
}


def run(config: Config, console: Console) -> dict[str, Any]:
    """Measure and return all rows, and show each table when it is complete."""
    makers, modules = members(jgen.targets, "{name}"), members(jgen.samplers, "recipe")
    chosen = {name: module for name, module in modules.items() if name in (config.samplers or modules)}
    console.print(
        "A ratio compares times per evaluation within one run: x bare, with the gradient (or density) alone; "
        "x by hand, with a hand-written scan of HMC; x jgen, with the same sampler of jgen.",
        style="dim",
    )
    rows: list[dict[str, Any]] = []
    for name in config.targets or makers:
        target = getattr(makers[name], name)()
        tried = {name: warm_up(module, target, config.num_warmup) for name, module in chosen.items()}
        warm = {name: one for name, one in tried.items() if one is not None}
        if not warm:  # no sampler can sample it
            continue
        new = [row for num_chains in config.chains for row in group(config, target, warm, num_chains)]
        jax.clear_caches()  # programs of all targets together would be more than a process may map
        show_rows(console, f"{name} \\[{ravel_pytree(target.start)[0].size}]", new, COLUMNS)
        rows += new
    mixtures = mixture_rows(config.seconds) if "direct" in chosen else []
    if mixtures:
        show_rows(console, "direct draws of mixtures, 100,000 a call", mixtures, MIXTURE_COLUMNS)
    uses_lanes = "nuts" in chosen and config.lanes_chains
    lanes = lanes_rows(config.seconds, config.lanes_chains, config.num_warmup) if uses_lanes else []
    if lanes:
        show_rows(console, "NUTS in lockstep (no lanes) and over lanes", lanes, LANES_COLUMNS)
    return {"rows": rows, "mixtures": mixtures, "lanes": lanes}


if __name__ == "__main__":
    main(run, Config)
