"""What every sampler makes of well-separated modes, when nobody tells it where they are.

A mixture of unit Gaussians around a circle, of unequal weights, in two coordinates (the others are standard
normal). Chains start in one mode; proposals, base distributions and ladders know the overall mean and spread
of the target, and no mode. Each sampler found in ``jgen.samplers`` is used as its ``recipe`` aims it at such
a target, with the trait that would have it decline a target of many modes hidden from it.

Expected: local kernels (Metropolis, MALA, HMC, NUTS, ...) stay in the mode they started in or near it, and as
all chains started there R-hat may see nothing. Tempering, annealing and populations find all modes in about
the right shares; so do importance sampling and rejection in two dimensions, but not in twenty.
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
from jgen.targets.bindable import sample_of
from jgen.testing import members
from jgen.types import Draws, Target

NUM_WARMUP, NUM_SHOWN = 300, 1000


@dataclass(frozen=True)
class Config:
    """Which samplers find modes that lie apart, and in the right shares?"""

    modes: int = 8
    """Modes, evenly around a circle; their weights go as 1, 2, 3, ..."""
    separation: float = 10.0
    """Distance between neighbours, in standard deviations of a mode."""
    dim: int = 2
    """Coordinates."""
    chains: int = 64
    """Chains (or populations, or particles) of each sampler."""
    draws: int = 200
    """Draws of each chain."""
    samplers: tuple[str, ...] = ()
    """Names of files in jgen/samplers; none for all."""
    seed: int = 0
    """All randomness is drawn from it."""

    def __post_init__(self) -> None:
        """Refuses sizes too small to mean anything, and samplers that there are not."""
        at_least(self, modes=2, dim=2, chains=2, draws=4)
        if not 0 < self.separation < float("inf"):
            raise UsageError(f"--separation must be a positive number; got {self.separation}")
        among("samplers", self.samplers, members(jgen.samplers, "recipe"))


def multimodal(config: Config, run: Run) -> None:
    """The experiment: every sampler on one target of many modes."""
    density = ring(config)
    target = blind(density)
    key = jax.random.key(config.seed)
    modules = members(jgen.samplers, "recipe")
    scale = 1 / jnp.sqrt(density.variance).max()  # a step fit for one mode, of deviation 1
    recipes = {name: modules[name].recipe(target, scale) for name in config.samplers or modules}
    truth = np.asarray(density.mixing_distribution.probs)
    shown, notes, table = {}, {}, []
    with run.stage("samplers", len(recipes)) as advance:
        for i, (name, recipe) in enumerate(recipes.items()):
            if recipe is not None:
                points, row = judged(jax.random.fold_in(key, i), recipe, target, density, config)
                shown[name], notes[name] = points[:, :2], f"finds {row['modes found']}"
                table.append({"sampler": name, **row})
                run.log(**table[-1])
            advance(1)
    run.table(table, CAPTION)
    run.text(JUDGED)
    radius = float(jnp.abs(density.component_distribution.mean).max()) + 4.0
    plane = ring(dataclasses.replace(config, dim=2))
    figure = plots.panels(shown, lambda x: log_probs(plane, jnp.asarray(x)), (-radius, radius), notes)
    run.figure(
        "modes", figure, "1000 draws of each, the weighted ones resampled, over 50, 80 and 95 % contours."
    )
    shares = {row["sampler"]: row["error of shares"] for row in table}
    rows = [{"sampler": name, "error of shares": error} for name, error in shares.items()]
    run.figure(
        "shares", plots.sampler_bars(rows), "Total variation between the shares of the modes and the truth."
    )
    run.log(truth=truth.tolist())


def ring(config: Config) -> Any:
    """Unit Gaussians around a circle, of weights 1, 2, 3, ..."""
    angles = 2 * np.pi * np.arange(config.modes) / config.modes
    radius = config.separation / (2 * np.sin(np.pi / config.modes))
    means = np.zeros((config.modes, config.dim))
    means[:, :2] = radius * np.stack([np.cos(angles), np.sin(angles)], -1)
    weights = np.arange(1, config.modes + 1) / (config.modes * (config.modes + 1) / 2)
    return mixture(weights, gaussian(jnp.asarray(means, jnp.float32), scale=jnp.ones(means.shape)))


def blind(density: Any) -> Target:
    """The density as a target whose proposal covers it, knowing its mean and spread but no mode.

    The ratio of a unit Gaussian at m to N(c, s^2 I) is at most exp(|m - c|^2 / (2 (s^2 - 1))) s^dim, which
    bounds that of the mixture too.
    """
    means, centre = density.component_distribution.mean, density.mean
    dim = len(centre)
    spread = jnp.sqrt(1.0 + jnp.sum((means - centre[None]) ** 2, 1).max() / 2)
    distance = jnp.sum((means - centre[None]) ** 2, 1).max()
    return Target(
        log_density=Partial(log_prob_of, density),
        start=means[0],
        sample=Partial(sample_of, density),
        mean=centre,
        variance=density.variance,
        log_evidence=0.0,
        proposal=gaussian(centre, scale=jnp.full(dim, spread)),
        log_bound=distance / (2 * (spread**2 - 1)) + dim * jnp.log(spread),
        name="modes",
    )


def judged(key: Any, recipe: Any, target: Target, density: Any, config: Config) -> tuple[np.ndarray, dict]:
    """Draws to look at ``[n, dim]``, and how well the modes are found."""
    start_key, key, pick_key = jax.random.split(key, 3)
    noise = jax.random.normal(start_key, (config.chains, config.dim))
    options: dict[str, Any] = {"num_chains": config.chains, "position": target.start[None] + noise}
    if recipe.target_acceptance is not None:
        options |= {"num_warmup": NUM_WARMUP, "adaptation": window(recipe.target_acceptance)}
    run = sample(key, recipe.sampler, num_draws=config.draws, **options)
    assert run.draws is not None
    points = np.asarray(run.draws.value).reshape(-1, config.dim)
    weights = share_of_each(run.draws)
    near = np.asarray(is_near(density, jnp.asarray(points)))
    shares = weights @ (near * np.asarray(responsibilities(density, jnp.asarray(points))))
    truth = np.asarray(density.mixing_distribution.probs)
    row = {
        "modes found": f"{(shares > truth / 2).sum()} of {config.modes}",
        "error of shares": 0.5 * float(np.abs(shares - truth).sum() + weights @ ~near[:, 0]),
        "R-hat": float(max(map(rhat, run.draws.value.transpose(2, 0, 1))))
        if run.draws.log_weight is None
        else None,
        "gradients": run.cost.num_grads + run.warmup_cost.num_grads,
        "log densities": run.cost.num_log_densities + run.warmup_cost.num_log_densities,
    }
    return points[
        np.asarray(jax.random.choice(pick_key, len(points), (NUM_SHOWN,), p=jnp.asarray(weights)))
    ], row


def share_of_each(draws: Draws) -> np.ndarray:
    """The normalised weight of every draw, flat."""
    count = np.asarray(draws.value).size // np.shape(draws.value)[-1]
    log_weight = np.zeros(count) if draws.log_weight is None else np.asarray(draws.log_weight, float).ravel()
    weight = np.exp(log_weight - log_weight.max())
    return weight / weight.sum()


log_probs = jax.jit(jax.vmap(log_prob_of, in_axes=(None, 0)))


@jax.jit
@functools.partial(jax.vmap, in_axes=(None, 0))
def responsibilities(density: Any, point: Any) -> Any:
    """The probability that a point belongs to each mode ``[mode]``."""
    return jax.nn.softmax(density.component_log_probs(point))


@jax.jit
def is_near(density: Any, points: Any) -> Any:
    """Whether a point is as near to some mode as all but one in ten thousand of its draws ``[point, 1]``."""
    means = density.component_distribution.mean  # [mode, dim]
    squared = ((points[:, None] - means[None]) ** 2).sum(-1).min(1, keepdims=True)
    return gammainc(means.shape[1] / 2, squared / 2) < 1 - 1e-4


CAPTION = """\
A mode is found if it has at least half of its share, counting draws near a mode alone; the error is the \
total variation between the shares of the modes and the truth (0 is perfect, 1 is hopeless)."""

JUDGED = """\
Chains of local kernels stay where they start: they find one mode, and where R-hat is near 1 all the \
same, it is because all chains tell the same half-truth. No diagnostic of the draws alone can see a \
mode that no chain has met. Tempering, annealing and populations come from a base distribution that \
covers all modes, and hand them their shares; importance sampling and rejection from the same base \
do so as long as few dimensions separate it from the target (try --dim 20)."""


if __name__ == "__main__":
    main(multimodal, Config)
