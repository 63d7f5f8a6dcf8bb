"""Measure what a call costs more when a function reads its data from outside than when they are bound to it.

``python -m benchmarks.closures --json closures.json``

A function that reads arrays from outside (a closure, a global) is traced again at each public call, so that
it runs for the values of now. One whose data are bound by ``Partial`` is not. Both are evaluated here by
the same compiled program; the difference of their times is the cost of that trace, once a call of
``sample`` or ``train``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from jax.tree_util import Partial
from rich.console import Console

from benchmarks.command_line import check_seconds, main, show_rows
from benchmarks.timing import time_in_rounds
from jgen.interop import from_model
from jgen.samplers import importance
from jgen.sampling import sample
from jgen.types import Array

CALLS = 20
BASE = dist.Normal(jnp.zeros(4), 1.0).to_event(1)
COLUMNS = {
    "log density": "density",
    "equations": "equations",
    "bound, us": "bound_us",
    "read from outside, us": "read_us",
    "difference, us": "difference_us",
    "x bound": "ratio",
}


@dataclass(frozen=True)
class Config:
    """What does it cost a call that a function reads its data from outside?"""

    seconds: float = 5.0
    """Time budget of each row, over 3 to 15 rounds."""

    def __post_init__(self) -> None:
        """Check the options."""
        check_seconds(self.seconds)


def gaussian(y: Array, x: Array) -> Array:
    """Compute a Gaussian log likelihood, of seven equations."""
    return -0.5 * jnp.sum((y - x[None]) ** 2) - 0.5 * x @ x


def network(y: Array, x: Array) -> Array:
    """Compute the log likelihood of a network of 32 layers."""
    for _ in range(32):
        x = jnp.tanh(x + 0.1 * jnp.roll(x, 1))
    return gaussian(y, x)


def model(y: Array) -> None:
    """Define a NumPyro model of a regression."""
    slope = numpyro.sample("slope", dist.Normal(jnp.zeros(4), 1.0).to_event(1))
    scale = numpyro.sample("scale", dist.HalfNormal(1.0))
    with numpyro.plate("row", len(y)):
        numpyro.sample(
            "y", dist.Normal(slope[0] + slope[1] * jnp.linspace(-1.0, 1.0, len(y)), scale), obs=y[:, 0]
        )


def of_model(y: Array, x: Array) -> Array:
    """Compute the log density of the NumPyro model, built anew."""
    return from_model(model, y).log_density({"slope": x, "scale": x[0]})


def equations_of(jaxpr: Any) -> int:
    """Count the equations of a program, inner programs included."""
    inner = [
        leaf for eqn in jaxpr.eqns for leaf in jax.tree.leaves(list(eqn.params.values()), is_leaf=_is_program)
    ]
    return len(jaxpr.eqns) + sum(
        equations_of(getattr(one, "jaxpr", one)) for one in inner if _is_program(one)
    )


def _is_program(value: Any) -> bool:
    return hasattr(value, "eqns")


def call_of(log_density: Callable[[Array], Array]) -> Callable[[], Any]:
    """Return a function that runs a cheap sampler many times: time of one call is that of its overheads."""
    sampler = importance(log_density, BASE)

    def call() -> Any:
        for _ in range(CALLS):
            run = sample(jax.random.key(0), sampler, num_draws=1, num_chains=1)
        return run.cost

    return call


def row(name: str, density: Callable[[Array, Array], Array], seconds: float) -> dict[str, Any]:
    """Measure one density."""
    y = jnp.linspace(-1.0, 1.0, 40).reshape(10, 4)

    def read(x: Array) -> Array:
        return density(y, x)

    timed = time_in_rounds({"bound": call_of(Partial(density, y)), "read": call_of(read)}, seconds)
    bound, outside = (1e6 * timed[kind].median / CALLS for kind in ("bound", "read"))
    return {
        "density": name,
        "equations": equations_of(jax.make_jaxpr(read)(jnp.zeros(4)).jaxpr),
        "bound_us": bound,
        "read_us": outside,
        "difference_us": outside - bound,
        "ratio": timed["read"].ratio(timed["bound"]),
    }


def run(config: Config, console: Console) -> dict[str, Any]:
    """Measure, show and return all figures."""
    densities = {"Gaussian": gaussian, "network of 32 layers": network, "NumPyro regression": of_model}
    rows = [row(name, density, config.seconds) for name, density in densities.items()]
    show_rows(console, "a call of sample, one draw of one chain by importance sampling", rows, COLUMNS)
    return {"rows": rows}


if __name__ == "__main__":
    main(run, Config)
