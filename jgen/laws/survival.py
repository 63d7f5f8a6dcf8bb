"""The law of survival: no NaN and no infinity of a density gets into a chain."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

from jgen.laws.base import LawBroken, Make, by_particle, flat_values, positions
from jgen.sampling import sample
from jgen.targets.base import Target
from jgen.types import Array, Key, Law, LogDensity, PyTree


def survival(make: Make, target: Target, key: Key) -> None:
    """Where half of the space answers NaN, -inf, or a NaN gradient, chains stay in the other half.

    The wall stands at the first coordinate of the start, a little beyond it, so that chains meet it
    often. Markov chains must never cross it, except where only a gradient is NaN and the kernel also moves
    by values alone; weighted draws beyond it must weigh nothing.

    Args:
        make: Makes the sampler.
        target: A target that the sampler claims.
        key: Any key.

    Raises:
        LawBroken: If a draw is not finite, lies beyond the wall, or has a NaN weight.
    """
    wall = ravel_pytree(target.start)[0][0] + 0.1
    for name, value, slope in (
        ("NaN", jnp.nan, 1.0),
        ("-inf", -jnp.inf, 1.0),
        ("a NaN gradient", 0.0, jnp.nan),
    ):
        # The poison is data, so that the three cases are one program.
        poison = jnp.array([wall, value, slope])
        poisoned = dataclasses.replace(
            target, log_density=Partial(poisoned_density, target.log_density, poison)
        )
        draws = sample(
            key, make(poisoned, 1.0), num_chains=4, num_draws=50, position=positions(target, 4)
        ).draws
        assert draws is not None
        values = flat_values(by_particle(draws))
        if not np.isfinite(values).all():
            raise LawBroken(f"with {name} draws are not finite: guard NaN where a proposal is accepted")
        beyond = values[..., 0] > wall
        sees_no_poison = value == 0.0 and np.sum(draws.info["num_log_densities"]) > 0
        if draws.law in (Law.MARKOV, Law.BIASED) and beyond.any() and not sees_no_poison:
            raise LawBroken(f"with {name} a chain moved where the density is unusable")
        if draws.law in (Law.WEIGHTED, Law.ENSEMBLE):
            assert draws.log_weight is not None
            log_weight = np.asarray(draws.log_weight).reshape(beyond.shape)
            if np.isnan(log_weight).any():
                raise LawBroken(f"with {name} a log-weight is NaN; it must be -inf")
            if value != 0.0 and np.isfinite(log_weight[beyond]).any():
                raise LawBroken(f"with {name} a draw of no density has weight")


def poisoned_density(log_density: LogDensity, poison: Array, position: PyTree) -> Array:
    """The density, poisoned where the first coordinate passes a wall; ``poison`` is (wall, value, slope)."""
    wall, value, slope = poison
    is_beyond = ravel_pytree(position)[0][0] > wall
    poisoned = log_density(position) + jnp.where(is_beyond, value, 0.0)
    return _with_slope(poisoned, jnp.where(is_beyond, slope, 1.0))


@jax.custom_jvp
def _with_slope(value: Array, slope: Array) -> Array:
    """The value, whose gradient is multiplied by a slope."""
    del slope
    return value


@_with_slope.defjvp
def _with_slope_jvp(primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    value, slope = primals
    return value, tangents[0] * slope
