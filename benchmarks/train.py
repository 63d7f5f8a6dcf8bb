"""Compare the time of a train step with that of a hand-written scan, Flax NNX and PyTorch.

``python -m benchmarks.train --json train.json``

All train the same variational autoencoder (64-256-16, batch 128, Adam) from the same weights on the same
data. The JAX programs draw the same batches and noise, so that their losses agree to rounding, as a test
checks. Calls of many steps are timed in turn, in rounds, and ratios are computed within a round: they are
stable on a busy machine, times are not. ``benchmarks/README.md`` lists the results.
"""

from dataclasses import dataclass
from typing import Any

from rich.console import Console

from benchmarks.command_line import check_seconds, main, show_rows
from benchmarks.hand_written_vae import hand_written_call
from benchmarks.nnx_vae import nnx_calls
from benchmarks.timing import Timed, time_in_rounds
from benchmarks.torch_vae import torch_calls
from benchmarks.vae_problem import Call, Problem, jgen_calls, problem
from jgen.experiment.command_line import at_least

HAND, OURS, TORCH = "hand-written scan", "jgen, scanned", "pytorch, eager"
NO_TORCH = 'PyTorch is not installed, so its rows are left out: .venv/bin/pip install -e ".[bench]"'
COLUMNS = {
    "contender": "contender",
    "us/step": "us_per_step",
    "best": "us_per_step_best",
    "x by hand": "hand_ratio",
    "x jgen": "jgen_ratio",
    "compile s": "compile_seconds",
    "rounds": "rounds",
}


@dataclass(frozen=True)
class Config:
    """How long does a train step take, and how much of that is overhead?"""

    steps: int = 500
    """Steps per call."""
    seconds: float = 10.0
    """Time budget of each row, over 3 to 15 rounds."""

    def __post_init__(self) -> None:
        """Check the options."""
        at_least(self, steps=1)
        check_seconds(self.seconds)


def contenders(start: Problem, num_steps: int) -> dict[str, Call]:
    """Return name -> function that trains for ``num_steps`` more steps and returns their losses."""
    calls = {HAND: hand_written_call(start, num_steps)}
    calls |= jgen_calls(start, num_steps) | nnx_calls(start, num_steps)
    try:
        return calls | torch_calls(start, num_steps)
    except ImportError:
        return calls


def rows_of(timed: dict[str, Timed], num_steps: int) -> list[dict[str, Any]]:
    """Return a row for each program; ``hand_ratio`` and ``jgen_ratio`` are medians over rounds."""
    return [
        {
            "contender": name,
            "us_per_step": 1e6 * one.median / num_steps,
            "us_per_step_best": 1e6 * min(one.seconds) / num_steps,
            "hand_ratio": one.ratio(timed[HAND]),
            "jgen_ratio": one.ratio(timed[OURS]),
            "compile_seconds": one.compile_seconds,
            "rounds": len(one.seconds),
        }
        for name, one in timed.items()
    ]


def run(config: Config, console: Console) -> dict[str, Any]:
    """Measure, show and return all figures."""
    calls = contenders(problem(), config.steps)
    rows = rows_of(time_in_rounds(calls, config.seconds), config.steps)
    show_rows(console, "a step of a VAE, 64-256-16, batch 128", rows, COLUMNS)
    if TORCH not in calls:
        console.print(NO_TORCH, style="dim", markup=False, highlight=False)
    return {"rows": rows}


if __name__ == "__main__":
    main(run, Config)
