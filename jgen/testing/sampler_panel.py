"""Make targets of many kinds, on which a sampler shows faults that one target hides."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.tree_util import Partial

from jgen import targets
from jgen.distributions.mixture import mixture
from jgen.distributions.parameters import log_prob_of
from jgen.types import Array, Key, LogDensity, Target


class Case(NamedTuple):
    """Target of the panel.

    Attributes:
        make: Makes the target.
        unit: Its unit of length; steps of usual size are multiplied by it.
        x64: Whether it is sampled in float64.
        num_chains: Chains of the checks of Markov kernels.
    """

    make: Callable[[], Target]
    unit: float = 1.0
    x64: bool = False
    num_chains: int = 10_000


def moved(target: Target, *, loc: Any = 0.0, unit: float = 1.0, constant: float = 0.0) -> Target:
    """Return the distribution of loc + unit x, with a constant added to its log density.

    Args:
        target: A target on vectors with exact draws, mean, variance and log Z.
        loc: Where its origin moves to.
        unit: What one becomes.
        constant: In nats.
    """
    mean, variance, log_z = target.mean, target.variance, target.log_evidence
    assert mean is not None
    assert variance is not None
    assert log_z is not None
    is_held = np.finfo(np.float32).tiny < unit**2 < np.finfo(np.float32).max
    change = jnp.asarray(loc, float), jnp.asarray(unit, float)
    dim = np.size(target.start)
    return replace(
        target,
        log_density=Partial(_moved_log_density, target.log_density, *change, jnp.asarray(constant, float)),
        start=_move(target.start, *change),
        sample=Partial(_moved_draw, target.sample, *change),
        mean=_move(mean, *change),
        variance=variance * unit**2 if is_held else None,
        log_evidence=log_z + constant + dim * float(np.log(unit)),
        proposal=None,
        log_bound=None,
        conditionals=None,
        expectations={},
    )


def _move(x: Array, loc: Array, unit: Array) -> Array:
    return jnp.broadcast_to(loc, jnp.shape(x)) + unit * x


def _moved_log_density(log_density: LogDensity, loc: Array, unit: Array, constant: Array, x: Array) -> Array:
    return log_density((x - jnp.broadcast_to(loc, x.shape)) / unit) + constant


def _moved_draw(sample: Partial, loc: Array, unit: Array, key: Key) -> Array:
    return _move(sample(key), loc, unit)


def half_normals() -> Target:
    """Make two half-normal variables: a density that ends where it is highest."""
    return _of(dist.HalfNormal(jnp.ones(2)).to_event(1), "half_normals")


def unequal_hills() -> Target:
    """Make a narrow and a wide hill on a line, where faults at one end of an interval do not average out."""
    places, widths = jnp.array([[-2.0], [2.0]]), jnp.array([[0.1], [1.0]])
    return _of(mixture(jnp.array([0.3, 0.7]), dist.Normal(places, widths).to_event(1)), "unequal_hills")


def _of(whole: dist.Distribution, name: str) -> Target:
    return Target(
        log_density=Partial(log_prob_of, whole),
        start=jnp.ones(whole.event_shape),
        sample=Partial(_draw_of, whole),
        mean=whole.mean,
        variance=whole.variance,
        log_evidence=0.0,
        name=name,
    )


def _draw_of(distribution: dist.Distribution, key: Key) -> Array:
    return distribution.sample(key)


def correlated() -> Target:
    """Make a correlated Gaussian away from 0, where a mean that is left out shows."""
    return moved(targets.ill_conditioned_gaussian(2, 20.0), loc=[30.0, -20.0])


PANEL: Mapping[str, Case] = {
    "a correlated Gaussian away from 0": Case(correlated),
    "hills on a line": Case(unequal_hills, num_chains=40_000),
    "a bounded support": Case(half_normals),
    "heavy tails": Case(lambda: targets.student_t(2)),
    "discrete states": Case(lambda: targets.ising(3)),
    "a log density of -100,000": Case(lambda: moved(targets.standard_gaussian(2), constant=-1e5)),
    "a unit of 1e-10": Case(lambda: moved(targets.standard_gaussian(2), unit=1e-10), unit=1e-10),
    "a unit of 1e10": Case(lambda: moved(targets.standard_gaussian(2), unit=1e10), unit=1e10),
    "float64": Case(correlated, x64=True),
}
QUICK = ("a correlated Gaussian away from 0", "hills on a line")
"""Cases of a quick check."""


def in_units(make: Callable[[Target, Any], Any], unit: float) -> Callable[[Target, Any], Any]:
    """Return the maker of a sampler whose usual steps are in this unit."""
    return lambda target, scale: make(target, scale * unit)


def needs_unit(make: Callable[[Target, Any], Any], case: Case, target: Target) -> bool:
    """Return whether a sampler takes its steps in units of 1 on a target of another unit.

    A sampler that scales its steps by the variance of the target does not.
    """
    if case.unit == 1.0:
        return False
    sampler = make(target, jnp.float32(1.0))
    key = jax.random.key(0)
    _, draws = sampler.step(key, sampler.init(key, target.start))
    moved_by = np.max(np.abs(np.asarray(draws.value) - np.asarray(target.start)))
    tuning = getattr(sampler.init(key, target.start), "tuning", None)
    step = float(tuning.step_size) * float(np.max(tuning.inverse_mass_factor)) if tuning else moved_by
    return not 1e-3 < step / case.unit < 1e3
