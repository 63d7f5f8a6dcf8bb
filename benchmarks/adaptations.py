"""Measure what warm-ups of jgen and of other libraries reach, and what that costs in gradients.

``python -m benchmarks.adaptations --peers --json adaptations.json``

Counts, not times: gradients of warm-up and of the draws, divergences, and the effective sample size of the
worst coordinate, computed by jgen for all. The hard targets are Neal's funnel, for trajectory lengths, and
the batting averages of 18 players with partial pooling (Efron and Morris 1975), for step sizes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jax.scipy.special import betaln
from jax.tree_util import Partial
from rich.console import Console

from benchmarks.command_line import main, show_rows
from benchmarks.peers import require
from jgen import targets
from jgen.diagnostics import ess_bulk
from jgen.experiment.command_line import at_least
from jgen.samplers import jittered_hmc, nuts
from jgen.sampling import sample
from jgen.sampling.adaptation import chees, window
from jgen.types import Adaptation, Array, Key, Sampler

HITS = (18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7)
"""Hits of each player at the first 45 at bats."""
AT_BATS = 45
LENGTHS = ("funnel", "standard_gaussian", "eight_schools", "breast_cancer", "ill_conditioned_gaussian")
STEPS = ("baseball", "eight_schools", "breast_cancer", "standard_gaussian")
COLUMNS = {
    "target": "target",
    "warm-up": "method",
    "step size": "step_size",
    "acceptance": "acceptance",
    "divergences": "divergences",
    "gradients of warm-up": "warmup_grads",
    "of draws": "grads",
    "ESS": "ess",
    "ESS / 1000 gradients": "efficiency",
}


@dataclass(frozen=True)
class Config:
    """How good are the step sizes and trajectory lengths that a warm-up finds, and at what cost?"""

    seeds: int = 6
    """Runs of each row; figures are means over them."""
    length_chains: int = 64
    """Chains of jittered HMC, for trajectory lengths."""
    step_chains: int = 4
    """Chains of NUTS, for step sizes."""
    steps: int = 1000
    """Steps of warm-up, and draws."""
    peers: bool = False
    """Whether to run BlackJAX's ChEES and NumPyro's NUTS too."""

    def __post_init__(self) -> None:
        """Check the options."""
        at_least(self, seeds=1, length_chains=2, step_chains=1, steps=4)


def baseball(z: Array) -> Array:
    """Compute the log density of logit m, log (kappa - 1) and logits of the abilities ``[20]``.

    m ~ Uniform(0, 1), kappa ~ Pareto(1, 1.5), abilities ~ Beta(m kappa, (1 - m) kappa), hits binomial.
    """
    m, kappa, hits = jax.nn.sigmoid(z[0]), 1.0 + jnp.exp(z[1]), jnp.asarray(HITS, z.dtype)
    prior = jax.nn.log_sigmoid(z[0]) + jax.nn.log_sigmoid(-z[0]) - 2.5 * jnp.log(kappa) + z[1]
    a, b = m * kappa, (1.0 - m) * kappa
    successes = (a + hits) * jax.nn.log_sigmoid(z[2:])
    failures = (b + AT_BATS - hits) * jax.nn.log_sigmoid(-z[2:])
    return prior + jnp.sum(successes + failures) - len(HITS) * betaln(a, b)


def density_of(name: str) -> tuple[Callable[[Array], Array], int]:
    """Return the log density of a target on vectors, and its dimension."""
    if name == "baseball":
        return baseball, 2 + len(HITS)
    target = getattr(targets, name)()
    flat, unravel = ravel_pytree(target.start)
    return Partial(lambda log_density, z: log_density(unravel(z)), target.log_density), flat.size


def total(counts: Any) -> float:
    """Add up counts without overflow."""
    return float(np.asarray(counts).sum(dtype=np.int64))


def of_jgen(
    sampler: Sampler, adaptation: Adaptation, key: Key, position: Array, steps: int
) -> tuple[Any, dict[str, Any]]:
    """Run a sampler of jgen; return its draws ``[chain, draw, dim]`` and figures by name."""
    options = {"num_chains": len(position), "num_warmup": steps, "num_draws": steps}
    run = sample(key, sampler, position=position, adaptation=adaptation, **options)
    assert run.draws is not None
    info = run.draws.info
    figures = {
        "step_size": float(run.state.states.tuning.step_size[0]),
        "acceptance": float(np.mean(info["acceptance_rate"])),
        "divergences": float(np.sum(info["diverging"])),
        "warmup_grads": float(run.warmup_cost.num_grads),
        "grads": float(run.cost.num_grads),
    }
    return run.draws.value, figures


def of_blackjax(
    log_density: Callable[[Array], Array], key: Key, position: Array, steps: int
) -> tuple[Any, dict[str, Any]]:
    """Run BlackJAX's ChEES, with the options of its documentation."""
    import blackjax
    import optax

    warm_key, draw_key = jax.random.split(key)
    warm_up = blackjax.chees_adaptation(log_density, len(position))
    optimizer = optax.adam(0.025, b1=0.0, b2=0.95)
    (states, found), warm = warm_up.run(warm_key, position, 0.1, optimizer, steps)
    step = jax.vmap(blackjax.dynamic_hmc(log_density, **found).step)

    @jax.jit
    def draw(states: Any, keys: Key) -> Any:
        def body(states: Any, key: Key) -> Any:
            states, info = step(jax.random.split(key, len(position)), states)
            return states, (states.position, info)

        return jax.lax.scan(body, states, keys)[1]

    value, info = draw(states, jax.random.split(draw_key, steps))
    figures = {
        "step_size": float(found["step_size"]),
        "acceptance": float(info.acceptance_rate.mean()),
        "divergences": float(info.is_divergent.sum()),
        "warmup_grads": total(warm.info.num_integration_steps),
        "grads": total(info.num_integration_steps),
    }
    return jnp.swapaxes(value, 0, 1), figures


def of_numpyro(
    log_density: Callable[[Array], Array], key: Key, position: Array, steps: int
) -> tuple[Any, dict[str, Any]]:
    """Run NumPyro's NUTS, whose chains are warmed up one by one to a target of 0.8."""
    from numpyro.infer import MCMC, NUTS

    kernel = NUTS(potential_fn=lambda z: -log_density(z), target_accept_prob=0.8)
    options: Any = {"num_chains": len(position), "chain_method": "vectorized", "progress_bar": False}
    chains = MCMC(kernel, num_warmup=steps, num_samples=steps, **options)
    fields = ("diverging", "num_steps", "accept_prob")
    chains.run(key, init_params=position, extra_fields=fields)
    info = chains.get_extra_fields()
    figures = {
        "step_size": float(np.exp(np.log(chains.last_state.adapt_state.step_size).mean())),
        "acceptance": float(info["accept_prob"].mean()),
        "divergences": float(info["diverging"].sum()),
        "warmup_grads": None,
        "grads": total(info["num_steps"]),
    }
    return chains.get_samples(group_by_chain=True), figures


def row(name: str, method: str, run: Callable, config: Config, num_chains: int, dim: int) -> dict[str, Any]:
    """Return the means over seeds; the efficiency is that of all seeds together."""
    found = []
    for seed in range(config.seeds):
        key, start_key = jax.random.split(jax.random.key(seed))
        position = 0.5 * jax.random.normal(start_key, (num_chains, dim))
        with jax.numpy_rank_promotion("allow"):
            draws, figures = run(key, position, config.steps)
        draws = np.asarray(draws)
        ess = min(float(ess_bulk(draws[..., i])) for i in range(dim))
        found.append(figures | {"ess": ess})
    means: dict[str, Any] = {
        column: None if first is None else float(np.mean([one[column] for one in found]))
        for column, first in found[0].items()
    }
    return {"target": name, "method": method, **means, "efficiency": 1e3 * means["ess"] / means["grads"]}


def run(config: Config, console: Console) -> dict[str, Any]:
    """Measure, show and return all figures."""
    if config.peers:
        require("blackjax", "numpyro")
    lengths, steps = [], []
    for name in LENGTHS:
        density, dim = density_of(name)
        sampler = jittered_hmc(density, step_size=0.1, trajectory_length=0.1)
        methods = {"chees()": Partial(of_jgen, sampler, chees())}
        if config.peers:
            methods["BlackJAX, ChEES"] = Partial(of_blackjax, density)
        lengths += [row(name, *method, config, config.length_chains, dim) for method in methods.items()]
    show_rows(console, f"trajectory lengths, {config.length_chains} chains", lengths, COLUMNS)
    for name in STEPS:
        density, dim = density_of(name)
        sampler = nuts(density, step_size=0.1)
        aims = {"window(0.8)": window(0.8), "window()": window(), "window(0.95)": window(0.95)}
        methods = {aim: Partial(of_jgen, sampler, adaptation) for aim, adaptation in aims.items()}
        if config.peers:
            methods["NumPyro, 0.8"] = Partial(of_numpyro, density)
        steps += [row(name, *method, config, config.step_chains, dim) for method in methods.items()]
    show_rows(console, f"step sizes of NUTS, {config.step_chains} chains", steps, COLUMNS)
    return {"lengths": lengths, "steps": steps}


if __name__ == "__main__":
    main(run, Config)
