"""Compare all samplers on well-separated modes of unknown location.

A mixture of unit Gaussians around a circle, of unequal weights, in two coordinates (the others are standard
normal). Chains start in one mode; proposals, base distributions and temperature schedules use the overall
mean and scale of the target, and no mode. Each sampler in ``jgen.samplers`` is made by its ``recipe``; the
trait of many modes is removed, as local kernels have no recipe for it.

Expected: local kernels (Metropolis, MALA, HMC, NUTS, ...) stay in or near the mode they started in, and as
all chains started there R-hat may not detect it. Tempering, annealing and SMC find all modes with about the
right weights; so do importance sampling and rejection in two dimensions, but not in twenty.
"""

import dataclasses
import functools
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammainc
from jax.tree_util import Partial

import jgen.samplers
from jgen import plots
from jgen.diagnostics import rhat
from jgen.distributions import gaussian, log_prob_of, mixture
from jgen.errors import UsageError
from jgen.experiment.command_line import Run, among, at_least, main
from jgen.sampling.adaptation import window
from jgen.sampling.driver import sample
from jgen.targets.parts import sample_from
from jgen.testing import members
from jgen.types import Draws, Target

NUM_WARMUP, NUM_SHOWN = 300, 1000


@dataclass(frozen=True)
class Config:
    """Which samplers find separated modes, with the right weights?"""

    modes: int = 8
    """Modes, evenly around a circle; their weights are proportional to 1, 2, 3, ..."""
    separation: float = 10.0
    """Distance between neighbours, in standard deviations of a mode."""
    dim: int = 2
    """Coordinates."""
    chains: int = 64
    """Chains (or SMC populations, or particles) of each sampler."""
    draws: int = 200
    """Draws of each chain."""
    samplers: tuple[str, ...] = ()
    """Names of samplers; none for all."""
    seed: int = 0
    """Seed of all randomness."""

    def __post_init__(self) -> None:
        """Check the options."""
        at_least(self, modes=2, dim=2, chains=2, draws=4)
        if not 0 < self.separation < float("inf"):
            raise UsageError(f"--separation must be a positive number; got {self.separation}")
        among("samplers", self.samplers, members(jgen.samplers, "recipe"))


def multimodal(config: Config, run: Run) -> None:
    """Run every sampler on one target of many modes."""
    density = ring(config)
    target = blind(density)
    key = jax.random.key(config.seed)
    modules = members(jgen.samplers, "recipe")
    scale = 1 / jnp.sqrt(density.variance).max()  # a step fit for one mode, of deviation 1
    recipes = {name: modules[name].recipe(target, scale) for name in config.samplers or modules}
    if not any(recipes.values()):
        raise UsageError(f"none of {', '.join(recipes)} can sample this target; choose other --samplers")
    truth = np.asarray(density.mixing_distribution.probs)
    shown, notes, table = {}, {}, []
    with run.stage("samplers", len(recipes)) as advance:
        for i, (name, recipe) in enumerate(recipes.items()):
            if recipe is not None:
                points, row = evaluate(jax.random.fold_in(key, i), recipe, target, density, config)
                shown[name], notes[name] = points[:, :2], f"{row['modes found']} modes"
                table.append({"sampler": name, **row})
                run.log(**table[-1])
            advance(1)
    run.table(table, CAPTION)
    run.text(EXPLANATION)
    radius = float(jnp.abs(density.component_distribution.mean).max()) + 4.0
    plane = ring(dataclasses.replace(config, dim=2))
    figure = plots.panels(shown, lambda x: log_probs(plane, jnp.asarray(x)), (-radius, radius), notes)
    caption = "1000 draws of each sampler, resampled where weighted, over 50, 80 and 95 % contours."
    run.figure("modes", figure, caption)
    bars = plots.sampler_bars(table, columns=["error of weights"])
    run.figure("weights", bars, "Total variation distance between estimated and exact weights of the modes.")
    run.log(truth=truth.tolist())


def ring(config: Config) -> Any:
    """Return unit Gaussians around a circle, of weights proportional to 1, 2, 3, ..."""
    angles = 2 * np.pi * np.arange(config.modes) / config.modes
    radius = config.separation / (2 * np.sin(np.pi / config.modes))
    means = np.zeros((config.modes, config.dim))
    means[:, :2] = radius * np.stack([np.cos(angles), np.sin(angles)], -1)
    weights = np.arange(1, config.modes + 1) / (config.modes * (config.modes + 1) / 2)
    return mixture(weights, gaussian(jnp.asarray(means, jnp.float32), scale=jnp.ones(means.shape)))


def blind(density: Any) -> Target:
    """Return the density as a target whose proposal uses its mean and scale but no mode.

    The ratio of a unit Gaussian at m to N(c, s^2 I) is at most exp(|m - c|^2 / (2 (s^2 - 1))) s^dim, which
    bounds that of the mixture too.
    """
    means, centre = density.component_distribution.mean, density.mean
    dim = len(centre)
    scale = jnp.sqrt(1.0 + jnp.sum((means - centre[None]) ** 2, 1).max() / 2)
    distance = jnp.sum((means - centre[None]) ** 2, 1).max()
    return Target(
        log_density=Partial(log_prob_of, density),
        start=means[0],
        sample=Partial(sample_from, density),
        mean=centre,
        variance=density.variance,
        log_evidence=0.0,
        proposal=gaussian(centre, scale=jnp.full(dim, scale)),
        log_bound=distance / (2 * (scale**2 - 1)) + dim * jnp.log(scale),
        name="modes",
    )


def evaluate(key: Any, recipe: Any, target: Target, density: Any, config: Config) -> tuple[np.ndarray, dict]:
    """Run a sampler; return draws to plot ``[n, dim]`` and a row of results."""
    start_key, key, pick_key = jax.random.split(key, 3)
    noise = jax.random.normal(start_key, (config.chains, config.dim))
    options: dict[str, Any] = {"num_chains": config.chains, "position": target.start[None] + noise}
    if recipe.target_acceptance is not None:
        options |= {"num_warmup": NUM_WARMUP, "adaptation": window(recipe.target_acceptance)}
    run = sample(key, recipe.sampler, num_draws=config.draws, **options)
    assert run.draws is not None
    points = np.asarray(run.draws.value).reshape(-1, config.dim)
    weights = normalised_weights(run.draws)
    near = np.asarray(is_near(density, jnp.asarray(points)))
    shares = weights @ (near * np.asarray(responsibilities(density, jnp.asarray(points))))
    truth = np.asarray(density.mixing_distribution.probs)
    row = {
        "modes found": f"{(shares > truth / 2).sum()} of {config.modes}",
        "error of weights": 0.5 * float(np.abs(shares - truth).sum() + weights @ ~near[:, 0]),
        "R-hat": float(max(map(rhat, run.draws.value.transpose(2, 0, 1))))
        if run.draws.log_weight is None
        else None,
        "gradients": run.cost.num_grads + run.warmup_cost.num_grads,
        "log densities": run.cost.num_log_densities + run.warmup_cost.num_log_densities,
    }
    return points[
        np.asarray(jax.random.choice(pick_key, len(points), (NUM_SHOWN,), p=jnp.asarray(weights)))
    ], row


def normalised_weights(draws: Draws) -> np.ndarray:
    """Return the normalised weights of all draws ``[n]``."""
    count = np.asarray(draws.value).size // np.shape(draws.value)[-1]
    log_weight = np.zeros(count) if draws.log_weight is None else np.asarray(draws.log_weight, float).ravel()
    weight = np.exp(log_weight - log_weight.max())
    return weight / weight.sum()


log_probs = jax.jit(jax.vmap(log_prob_of, in_axes=(None, 0)))


@jax.jit
@functools.partial(jax.vmap, in_axes=(None, 0))
def responsibilities(density: Any, point: Any) -> Any:
    """Compute the probability that a point belongs to each mode ``[mode]``."""
    return jax.nn.softmax(density.component_log_probs(point))


@jax.jit
def is_near(density: Any, points: Any) -> Any:
    """Return whether points are within the 99.99 % region of some mode ``[point, 1]``."""
    means = density.component_distribution.mean  # [mode, dim]
    squared = ((points[:, None] - means[None]) ** 2).sum(-1).min(1, keepdims=True)
    return gammainc(means.shape[1] / 2, squared / 2) < 1 - 1e-4


CAPTION = """\
A mode counts as found if its estimated weight, from draws near a mode, is at least half of the exact \
one; the error is the total variation distance between estimated and exact weights (0 is exact, 1 the \
largest)."""

EXPLANATION = """\
Chains of local kernels stay where they start and find one mode. Their R-hat may still be near 1, because \
all chains miss the same modes: no diagnostic of the draws alone can detect a mode that no chain has \
visited. Tempering, annealing and SMC start from a base distribution that covers all modes, and find \
their weights; importance sampling and rejection from the same base do so in few dimensions (try --dim \
20)."""


if __name__ == "__main__":
    main(multimodal, Config)
