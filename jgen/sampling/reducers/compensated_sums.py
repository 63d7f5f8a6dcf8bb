"""Accumulate means and squares without drift, in sums of two floats."""

from typing import NamedTuple

import jax.numpy as jnp

from jgen._internal.units import power_of_two
from jgen.types import Array


class Compensated(NamedTuple):
    """Compensated sum: the sum and its accumulated rounding error; the value is ``high + low``.

    A plain float32 sum of ten million terms may lose all digits; this one loses none.

    Attributes:
        high: The rounded sum.
        low: Its error, less than half a unit in the last place of ``high``.
    """

    high: Array
    low: Array

    @property
    def value(self) -> Array:
        """Sum, rounded once."""
        return self.high + self.low

    def add(self, term: Array) -> "Compensated":
        """Add a term with its exact rounding error (Knuth's two-sum), then carry ``low`` into ``high``.

        Without the carry ``low`` would itself grow into a running sum that drifts.
        """
        total = self.high + term
        added = total - self.high
        low = self.low + ((self.high - (total - added)) + (term - added))
        high = total + low
        return Compensated(high, low - (high - total))

    def times(self, factor: Array) -> "Compensated":
        """Multiply the sum by a factor of the same shape."""
        return Compensated(self.high * factor, self.low * factor)


def zeros(shape: tuple[int, ...]) -> Compensated:
    """Return an empty sum."""
    return Compensated(jnp.zeros(shape), jnp.zeros(shape))


class Scatter(NamedTuple):
    """Sum of products in a unit that grows with its factors, so that it neither underflows nor overflows.

    Attributes:
        sum: The sum, in squares of the unit.
        unit: Power of two.
    """

    sum: Compensated
    unit: Array

    def add(self, weight: Array, x: Array, y: Array) -> "Scatter":
        """Add ``weight x y``, where ``|y|`` is at most about ``|x|``."""
        scatter = self.in_unit(jnp.maximum(self.unit, power_of_two(x)))
        return scatter._replace(sum=scatter.sum.add(weight * (x / scatter.unit) * (y / scatter.unit)))

    def in_unit(self, unit: Array) -> "Scatter":
        """Convert to a unit that is not smaller."""
        return Scatter(self.sum.times((self.unit / unit) ** 2), unit)

    def times(self, factor: Array) -> "Scatter":
        """Multiply the sum by a factor of the same shape."""
        return self._replace(sum=self.sum.times(factor))


def no_scatter(shape: tuple[int, ...]) -> Scatter:
    """Return an empty sum of products."""
    return Scatter(zeros(shape), jnp.full(shape, jnp.finfo(float).tiny, float))


def as_stored(value: Array) -> Array:
    """Convert draws to floats; whole numbers to integers of 32 bits or more, whose differences are exact."""
    if jnp.issubdtype(value.dtype, jnp.floating):
        return value.astype(float)
    return value.astype(jnp.promote_types(value.dtype, jnp.int32))


def difference(value: Array, origin: Array) -> Array:
    """Compute ``value - origin`` in floats, from numbers ``as_stored``.

    A float32 has seven digits: integers are subtracted as such, unless the difference would overflow.
    """
    apart = value.astype(float) - origin.astype(float)
    if jnp.issubdtype(value.dtype, jnp.floating):
        return apart
    return jnp.where(jnp.abs(apart) < 2.0**30, (value - origin).astype(float), apart)


def products_of_pairs(weight: Array) -> Array:
    """Compute the sum of the products of all pairs of numbers ``[n]`` that are not negative.

    Twice that is the square of their sum, less the sum of their squares, without cancellation.
    """
    before = jnp.concatenate([jnp.zeros(1, weight.dtype), jnp.cumsum(weight)[:-1]])
    return weight @ before


def expand_like(leading: Array, like: Array) -> Array:
    """Append axes of length one to ``[chain]``, up to the axes of ``like`` ``[chain, *event]``."""
    return leading.reshape(leading.shape + (1,) * (like.ndim - leading.ndim))


def welford(
    mean: Compensated, scatter: Scatter, value: Array, weight: Array, previous: Array
) -> tuple[Compensated, Scatter]:
    r"""Add a value to a weighted mean and its sum of squares (Welford).

    .. math:: \mu' = \mu + \frac{w}{W + w} (x - \mu), \qquad S' = S + \frac{w W}{W + w} (x - \mu)^2

    Args:
        mean: Mean so far ``[chain, *event]``.
        scatter: Sum of squares about the mean so far ``[chain, *event]``.
        value: x ``[chain, *event]``.
        weight: w ``[chain]``; a value of weight zero does not count, even if it is NaN.
        previous: W, the sum of weights before ``[chain]``.

    Returns:
        The two, updated.

    Reference:
        Welford (1962), Technometrics 4(3); West (1979), Communications of the ACM 22(9).
    """
    weight, previous = expand_like(weight, value), expand_like(previous, value)
    share = jnp.where(weight == 0, 0.0, weight / (previous + weight))
    offset = jnp.where(weight == 0, 0.0, (value - mean.high) - mean.low)  # [chain, *event]
    return mean.add(offset * share), scatter.add(share * previous, offset, offset)


def pool(mean: Array, scatter: Scatter, total: Array) -> tuple[Array, Array, Array]:
    """Merge chains: compute the mean over all, and the sum of squares about it.

    Args:
        mean: ``[chain, *event]``.
        scatter: ``[chain, *event]``.
        total: Sum of weights ``[chain]``.

    Returns:
        ``(mean, scatter, unit)``, each ``[*event]``; the scatter in squares of the unit, a power of two.

    Reference:
        Chan, Golub and LeVeque (1983), The American Statistician 37(3).
    """
    total = expand_like(total, mean)  # [chain, 1, ...]
    offset = jnp.where(total == 0, 0.0, mean - mean[:1])  # [chain, *event]
    pooled = (total * offset).sum(axis=0) / total.sum(axis=0)  # [*event]
    apart = offset - pooled[None]  # [chain, *event]
    unit = jnp.maximum(scatter.unit, power_of_two(apart)).max(axis=0)  # [*event]
    within = scatter.in_unit(jnp.broadcast_to(unit, apart.shape)).sum.value
    return pooled + mean[0], (within + total * (apart / unit[None]) ** 2).sum(axis=0), unit
