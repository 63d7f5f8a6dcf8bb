"""Running means and squares that do not drift: sums carried as two floats."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from jgen.types import Array, DrawKind, Draws


class Compensated(NamedTuple):
    """A sum and what its roundings lost; the value is ``high + low``.

    Ten million float32 terms added plainly may lose all digits; so carried they lose none.

    Attributes:
        high: The rounded sum.
        low: What it lacks, less than half a unit in the last place of ``high``.
    """

    high: Array
    low: Array

    @property
    def value(self) -> Array:
        """The sum, rounded once."""
        return self.high + self.low

    def plus(self, term: Array) -> "Compensated":
        """Adds a term, keeping the rounding error exactly (Knuth's two-sum), then carries it into ``high``.

        Without the carry ``low`` would itself grow into a running sum that drifts.
        """
        total = self.high + term
        kept = total - self.high
        low = self.low + ((self.high - (total - kept)) + (term - kept))
        high = total + low
        return Compensated(high, low - (high - total))

    def times(self, factor: Array) -> "Compensated":
        """Scales the sum by a factor of the same shape."""
        return Compensated(self.high * factor, self.low * factor)


def zeros(shape: tuple[int, ...]) -> Compensated:
    """An empty sum."""
    return Compensated(jnp.zeros(shape), jnp.zeros(shape))


def align(leading: Array, like: Array) -> Array:
    """Gives ``[chain]`` as many axes as ``like`` ``[chain, *event]``."""
    return leading.reshape(leading.shape + (1,) * (like.ndim - leading.ndim))


def welford(
    mean: Compensated, scatter: Compensated, value: Array, weight: Array, total: Array
) -> tuple[Compensated, Compensated]:
    r"""Takes one more value into a weighted mean and its sum of squares.

    .. math:: \mu' = \mu + \frac{w}{W} (x - \mu), \qquad S' = S + w (x - \mu)(x - \mu')

    Args:
        mean: Mean so far ``[chain, *event]``.
        scatter: Sum of squares about the mean so far ``[chain, *event]``.
        value: x ``[chain, *event]``.
        weight: w ``[chain]``; a value of weight zero does not count, even if it is NaN.
        total: W ``[chain]``, w included.

    Returns:
        The two, updated.

    Reference:
        Welford (1962), Technometrics 4(3); West (1979), Communications of the ACM 22(9).
    """
    weight, total = align(weight, value), align(total, value)
    before = jnp.where(weight == 0, 0.0, (value - mean.high) - mean.low)  # [chain, *event]
    mean = mean.plus(before * jnp.where(weight == 0, 0.0, weight / total))
    after = jnp.where(weight == 0, 0.0, (value - mean.high) - mean.low)  # [chain, *event]
    return mean, scatter.plus(weight * before * after)


def pool(mean: Array, scatter: Array, total: Array) -> tuple[Array, Array]:
    """Merges chains: the mean over all, and the sum of squares about it.

    Args:
        mean: ``[chain, *event]``.
        scatter: ``[chain, *event]``.
        total: Sum of weights ``[chain]``.

    Returns:
        ``(mean, scatter)``, each ``[*event]``.

    Reference:
        Chan, Golub and LeVeque (1983), The American Statistician 37(3).
    """
    total = align(total, mean)  # [chain, 1, ...]
    offset = jnp.where(total == 0, 0.0, mean - mean[:1])  # [chain, *event]
    pooled = (total * offset).sum(axis=0) / total.sum(axis=0)  # [*event]
    return pooled + mean[0], (scatter + total * (offset - pooled[None]) ** 2).sum(axis=0)


def flat_draws(draws: Draws) -> tuple[Array, Array]:
    """One step of the population as rows: values ``[row, dim]``, log-weights ``[row]``, or zeros.

    A row is a chain; of a population carried along a path, each particle of each chain.
    """
    leading = 2 if draws.kind is DrawKind.ENSEMBLE else 1
    leaves = [jnp.asarray(leaf, dtype=float) for leaf in jax.tree.leaves(draws.value)]
    num_rows = math.prod(leaves[0].shape[:leading])
    value = jnp.concatenate([leaf.reshape(num_rows, -1) for leaf in leaves], axis=1)  # [row, dim]
    if draws.log_weight is None:
        return value, jnp.zeros(len(value))
    return value, draws.log_weight.reshape(-1)
