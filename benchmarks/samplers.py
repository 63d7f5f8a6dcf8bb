"""How fast every sampler is: each against the bare gradient, a program written by hand, and its peers.

``python -m benchmarks.samplers --peers --json samplers.json``

Every sampler found in ``jgen.samplers`` is warmed up once on each target it claims, and draws through
the driver from there, at each number of chains. Within a group (one target, one number of
chains) all calls are timed in turn, so the ratios hold on a busy machine; times do not.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import jax
import jax.numpy as jnp
import tyro
from jax.flatten_util import ravel_pytree
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

import jgen.samplers
import jgen.targets
from benchmarks.base import Contender, Drawn, Timed, bare, flat, in_turn, min_ess, sized
from benchmarks.bounds_base import bounds_rows
from benchmarks.draws_base import mixture_rows
from benchmarks.hand_written_base import hand_written_hmc
from benchmarks.lanes_base import lanes_rows
from benchmarks.peers_base import Problem, peers, require
from benchmarks.warm_base import Warm, place, through_the_driver, warm_up
from jgen.errors import UsageError
from jgen.experiment import atomic_write, format_value, to_json
from jgen.experiment.command_line import among, mistakes_in_one_line
from jgen.experiment.provenance import program, provenance
from jgen.sampling.chains import RunState
from jgen.targets import Target
from jgen.testing import members
from jgen.types import LogDensity

MIN_DRAWS, MAX_DRAWS = 16, 4096
WIDTH = 140


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
    """Budget of each row, without compilation."""
    lanes_chains: int = 256
    """Chains of NUTS in a table of lanes; 0 leaves it out."""
    num_warmup: int = 400
    """Warm-up steps, of 32 chains, before each sampler's first row on a target."""
    peers: bool = False
    """Adds BlackJAX and NumPyro (the extra bench)."""
    json: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Where to write all figures."""


def check(config: Config) -> None:
    """Refuses options that no run could follow, before any work is done."""
    among("targets", config.targets, members(jgen.targets, "{name}"))
    among("samplers", config.samplers, members(jgen.samplers, "recipe"))
    if not config.chains or min(config.chains) < 1:
        raise UsageError(f"give chains of 1 or more; got {config.chains}")
    if not 0 < config.seconds < float("inf"):
        raise UsageError(f"seconds is {config.seconds}: give a positive number")
    if config.lanes_chains < 0:
        raise UsageError(f"lanes_chains is {config.lanes_chains}: give 0 or more")
    if config.num_warmup < 1:
        raise UsageError(f"num_warmup is {config.num_warmup}: give at least 1")
    if config.json is not None and not config.json.parent.is_dir():
        raise UsageError(f"cannot write {config.json}: {config.json.parent} is not a directory")


def group(config: Config, target: Target, warm: Mapping[str, Warm], num_chains: int) -> Iterator[dict]:
    """The rows of one target at one number of chains."""
    share = config.seconds / 5
    contenders: dict[str, tuple[Contender, int]] = {}
    compiled = {}
    for name, one in warm.items():
        state = place(one, num_chains)
        ours = Contender(name, name, partial(through_the_driver, one.sampler, state))
        count, compiled[name] = sized(ours.draw, share, MIN_DRAWS, MAX_DRAWS)
        both = (ours, *rivals(config, target, one, state, ours.draw(1)))
        contenders |= {rival.name: (rival, count) for rival in both if rival.counterpart == name}
    bares = bare_calls(target, num_chains, share)
    calls = bares | {name: partial(rival.draw, count) for name, (rival, count) in contenders.items()}
    timed = in_turn(calls, config.seconds, compiled)
    drawn = {name: rival.draw(count) for name, (rival, count) in contenders.items()}
    spent = {name: max(one.num_grads, one.num_log_densities) for name, one in drawn.items()}
    spent |= {name: call.args[0] * num_chains for name, call in bares.items()}
    for name, (rival, count) in contenders.items():
        yield {
            "target": target.name,
            "chains": num_chains,
            "sampler": name,
            "counterpart": rival.counterpart,
            "draws_per_call": count,
            **figures(rival, drawn[name], timed, spent),
        }


def rivals(config: Config, target: Target, warm: Warm, state: RunState, one_draw: Drawn) -> list[Contender]:
    """The programs that samplers of jgen are compared with, from this one's positions and tuning."""
    if warm.tuning is None or warm.tuning.inverse_mass_factor.ndim != 1:
        return []
    positions = jax.vmap(lambda x: ravel_pytree(x)[0])(state.states.position)  # [chain, dim]
    num_steps = max(1, one_draw.num_grads // len(positions))
    step_size, factor = warm.tuning.step_size, warm.tuning.inverse_mass_factor
    problem = Problem(flat_density(target), positions, step_size, factor, num_steps)
    by_hand = hand_written_hmc(problem.log_density, positions, step_size, factor**2, num_steps)
    return [by_hand, *(peers(problem) if config.peers else [])]


def flat_density(target: Target) -> LogDensity:
    """The target's log density of a ravelled position ``[dim]``."""
    _, unravel = ravel_pytree(target.start)
    return lambda x: target.log_density(unravel(x))


def bare_calls(target: Target, num_chains: int, seconds: float) -> dict[str, partial]:
    """The batched gradient and the batched density alone, where positions are floats."""
    if not all(jnp.issubdtype(jnp.result_type(leaf), jnp.floating) for leaf in jax.tree.leaves(target.start)):
        return {}
    positions = jnp.stack([ravel_pytree(target.start)[0]] * num_chains)  # [chain, dim]
    log_density = flat_density(target)
    calls = {}
    for kind, function in (("gradient", jax.grad(log_density)), ("log density", log_density)):
        call = bare(function, positions)
        calls[f"bare {kind}"] = partial(call, sized(call, seconds, 64, 2**20)[0])
    return calls


def figures(
    rival: Contender, drawn: Drawn, timed: Mapping[str, Timed], spent: Mapping[str, int]
) -> dict[str, Any]:
    """One row's numbers; a ratio is of times per evaluation, in the same rounds, None where there is none."""
    assert drawn.draws is not None
    mine, own = timed[rival.name], spent[rival.name]
    num_chains, num_draws, _ = flat(drawn.draws).shape
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
        "jgen_ratio": ratio(rival.counterpart),
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
    "way": "way",
    "draws/s": "draws_per_second",
    "x jgen": "jgen_ratio",
}


LANES_COLUMNS = {
    "target": "target",
    "chains": "chains",
    "lanes": "lanes",
    "utilisation": "utilisation",
    "µs per useful\ngradient": "us_per_evaluation",
    "x together": "together_ratio",
    "compile s": "compile_seconds",
}
BOUNDS_COLUMNS = {"asked": "asked", "bound": "bound", "found": "found", "where": "where", "met": "met"}


def show_rows(console: Console, title: str, rows: list[dict[str, Any]], columns: Mapping[str, str]) -> None:
    """One table; a line parts the numbers of chains."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for heading in columns:
        is_text = heading in ("sampler", "way", "asked", "where")
        table.add_column(heading, justify="left" if is_text else "right", no_wrap=True)
    first = next(iter(columns.values()))
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        values = [row[name] for name in columns.values()]
        cells = [format_value(_rounded(value)) for value in values]
        table.add_row(*cells, end_section=following is not None and following[first] != row[first])
    console.print(table)


def _rounded(value: Any) -> Any:
    """Three figures of what is measured: the machine gives no more."""
    return float(f"{value:.3g}") if isinstance(value, float) else value


def run(config: Config) -> dict[str, Any]:
    """All rows, shown as they come."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    if config.peers:
        require("blackjax", "numpyro")
    makers, modules = members(jgen.targets, "{name}"), members(jgen.samplers, "recipe")
    chosen = {name: module for name, module in modules.items() if name in (config.samplers or modules)}
    facts = {name: value for name, value in provenance().items() if name != "command"}
    facts["device"]["cpus"] = os.cpu_count()
    console.print(f"{facts['device']}; jax {facts['versions']['jax']}", highlight=False)
    console.print(
        "A ratio compares times per evaluation within one run: x bare, with the gradient (or density) alone; "
        "x by hand, with a hand-written scan of HMC's leapfrogs; x jgen, with jgen's own.",
        style="dim",
    )
    rows: list[dict[str, Any]] = []
    for name in config.targets or makers:
        target = getattr(makers[name], name)()
        tried = {name: warm_up(module, target, config.num_warmup) for name, module in chosen.items()}
        warm = {name: one for name, one in tried.items() if one is not None}
        if not warm:  # none of the samplers claims it
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
        show_rows(console, "NUTS, all chains together (lanes None) and over lanes", lanes, LANES_COLUMNS)
    bounds = bounds_rows(rows, lanes, mixtures)
    if bounds:
        show_rows(console, "what was asked, and the worst that was found", bounds, BOUNDS_COLUMNS)
    config = replace(config, json=None)
    tables = {"rows": rows, "mixtures": mixtures, "lanes": lanes, "bounds": bounds}
    return {"machine": facts, "config": config, **tables}


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    with mistakes_in_one_line():
        config = tyro.cli(Config, prog=program(), description=Config.__doc__, args=argv)
        check(config)
        result = run(config)
        if config.json is not None:
            atomic_write(config.json, to_json(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
