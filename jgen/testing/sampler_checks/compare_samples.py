"""Compare two samples by Kolmogorov-Smirnov distances of several statistics."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from scipy import stats

from jgen.types import Array, PyTree, Target


@jax.jit
def statistics(target: Target, values: PyTree) -> Array:
    """Compute what samples are compared by ``[statistic, draw]``: coordinates, projections, log density.

    The projections are cosines of different frequencies over the coordinates, which no rotation of a
    coordinate system aligns with; they and the coordinates are standardised where the variance is known.
    """
    flat = jax.vmap(lambda value: ravel_pytree(value)[0])(values)  # [draw, dim]
    dim = flat.shape[1]
    scale = jnp.ones(dim) if target.variance is None else jnp.sqrt(target.variance)
    directions = jnp.cos(jnp.arange(1, 5)[:, None] * (jnp.arange(dim)[None] + 0.5)) / scale[None]
    chosen = np.unique(np.linspace(0, dim - 1, min(dim, 8)).astype(int))
    return jnp.concatenate([flat.T[chosen], directions @ flat.T, jax.vmap(target.log_density)(values)[None]])


def statistic_names(num_statistics: int) -> list[str]:
    """Name the rows of ``statistics``."""
    coordinates = [f"coordinate {index}" for index in range(num_statistics - 5)]
    return [*coordinates, *(f"projection {index}" for index in range(4)), "log density"]


def largest_distance(first: np.ndarray, second: np.ndarray) -> tuple[float, str]:
    """Compute the largest Kolmogorov-Smirnov distance of ``[statistic, draw]`` rows; name its statistic."""
    pairs = zip(first, second, strict=True)
    distances = [stats.ks_2samp(*pair, method="asymp").statistic for pair in pairs]
    worst = int(np.argmax(distances))
    return float(distances[worst]), statistic_names(len(distances))[worst]


def distance_threshold(num_draws: int, false_alarm: float) -> float:
    r"""Bound the distance of two samples of one distribution but for probability ``false_alarm``.

    Two-sample Dvoretzky-Kiefer-Wolfowitz: :math:`P(D > \epsilon) \le 2 e^{-n \epsilon^2}` for two
    samples of n >= 458 each (Wei and Dudley 2012, "Two-sample Dvoretzky-Kiefer-Wolfowitz inequalities").
    """
    if num_draws < 458:
        raise ValueError(f"the two-sample bound needs 458 draws or more; got {num_draws}")
    return math.sqrt(math.log(2 / false_alarm) / num_draws)
