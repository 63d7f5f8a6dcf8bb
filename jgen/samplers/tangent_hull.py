"""Bound a concave log density by a hull of tangents, whose exponential has exact draws."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp

from jgen._internal.compiled import jit
from jgen._internal.validation import is_traced
from jgen.types import Array, LogDensity

NUM_PROBES = 4
"""Quantiles of every segment of the first hull at which concavity is checked."""


class Hull(NamedTuple):
    """Tangents at the first ``num_used`` of ``[knot]`` knots, from left to right; the others are unused."""

    x: Array  # [knot]
    value: Array  # [knot] log density there, in nats
    slope: Array  # [knot]
    num_used: Array  # []


class Segments(NamedTuple):
    """Interval in which each tangent is the envelope, and its mass; zero for unused knots."""

    left: Array  # [knot]
    right: Array  # [knot]
    log_mass: Array  # [knot] +inf where it cannot be normalised


def tangents(log_density: LogDensity, x: Array) -> tuple[Array, Array, Array]:
    """Return ``x [knot]`` with the values and slopes there."""
    return (x, *jax.vmap(jax.value_and_grad(log_density))(x))


def make_hull(x: Array, value: Array, slope: Array, max_knots: int) -> Hull:
    """Make the hull of those tangents that are finite, with a capacity of ``max_knots``."""
    usable = jnp.isfinite(value) & jnp.isfinite(slope)
    order = jnp.argsort(jnp.where(usable, x, jnp.inf))
    x, value, slope = (
        jnp.zeros(max_knots, column.dtype).at[: x.size].set(jnp.where(usable, column, 0.0)[order])
        for column in (x, value, slope)
    )
    return Hull(x, value, slope, jnp.sum(usable, dtype=jnp.int32))


def segments(hull: Hull, support: Array) -> Segments:
    r"""Compute where neighbouring tangents intersect, and the integral of the exponential under each.

    Over :math:`[l, r]`, with s the slope, :math:`t = |s| (r - l)` and m the value at the higher end, the log
    mass is :math:`m + \log((1 - e^{-t}) / |s|)`. Where slopes are too close to compute the intersection, any
    point will do: both tangents are above a concave density everywhere.
    """
    x, value, slope, count = hull
    knot = jnp.arange(x.size)
    used, last = knot < count, knot == count - 1
    width = jnp.roll(x, -1) - x
    drop = slope - jnp.roll(slope, -1)
    eps = jnp.finfo(x.dtype).eps
    differ = drop > 8 * eps * (jnp.abs(slope) + jnp.abs(jnp.roll(slope, -1)))
    rise = jnp.roll(value, -1) - value - jnp.roll(slope, -1) * width
    meet = jnp.where(differ, rise / jnp.where(differ, drop, 1.0), 0.5 * width)
    meet = jnp.clip(x + meet, x, jnp.roll(x, -1))
    right = jnp.where(last, support[1], meet)
    left = jnp.where(knot == 0, support[0], jnp.roll(meet, 1))

    flat = slope == 0.0
    top = jnp.where(slope > 0, right, left)
    height = value + jnp.where(flat, 0.0, slope * (jnp.where(flat, x, top) - x))
    decay = jnp.where(flat, 0.0, jnp.abs(slope) * jnp.where(flat, 1.0, right - left))  # t
    curved = decay > eps
    size = jnp.where(curved, jnp.abs(slope), 1.0)
    exponential = jnp.log(-jnp.expm1(-jnp.where(curved, decay, 1.0))) - jnp.log(size)
    log_mass = height + jnp.where(curved, exponential, jnp.log(right - left))
    return Segments(left, right, jnp.where(used, log_mass, -jnp.inf))


def quantile(hull: Hull, parts: Segments, index: Array, uniform: Array) -> tuple[Array, Array]:
    """Return a quantile of the envelope inside one segment, and the envelope there."""
    slope, left, right = hull.slope[index], parts.left[index], parts.right[index]
    size, width = jnp.abs(slope), right - left
    decay = jnp.where(size == 0.0, 0.0, size * jnp.where(size == 0.0, 1.0, width))
    curved = decay > jnp.finfo(decay.dtype).eps
    drop = -jnp.log1p(uniform * jnp.expm1(-decay)) / jnp.where(curved, size, 1.0)
    drop = jnp.where(curved, drop, uniform * width)  # from the higher end
    x = jnp.where(slope > 0, right - drop, left + drop)
    return x, hull.value[index] + slope * (x - hull.x[index])


def refine_hull(log_density: LogDensity, hull: Hull, support: Array, num_knots: Array) -> Hull:
    """Add up to ``num_knots`` tangents to the hull, one after the other in its heaviest segment.

    Each is at the middle; where the density is not finite there, the next is elsewhere, by the golden ratio.
    """

    def add_knot(step: Array, hull: Hull) -> Hull:
        parts = segments(hull, support)
        golden = (jnp.sqrt(jnp.asarray(5.0, hull.x.dtype)) - 1) / 2
        x, _ = quantile(hull, parts, jnp.argmax(parts.log_mass), (0.5 + golden * step) % 1.0)
        return add_tangent(hull, *jax.tree.map(lambda leaf: leaf[0], tangents(log_density, x[None])))

    return jax.lax.fori_loop(0, num_knots, add_knot, hull)


def checked_hull(log_density: LogDensity, knots: Array, ends: Array, max_knots: int) -> tuple[Hull, Array]:
    """Make the first hull, half full, from these knots; return it, and its log mass ``[]``.

    Raises:
        ValueError: If a concrete density has no hull from these knots, or is not concave. With a traced one,
            errors show in the flags of draws.
    """
    hull, log_mass, place, is_wrong = first_hull(log_density, knots, ends, max_knots)
    if is_traced(hull.num_used):
        return hull, log_mass
    if hull.num_used == 0:
        raise ValueError("the log density and its slope are finite at none of the knots: move them")
    for side, end, index in (("left", ends[0], 0), ("right", ends[1], int(hull.num_used) - 1)):
        x, slope = float(hull.x[index]), float(hull.slope[index])
        falls = slope > 0 if side == "left" else slope < 0
        if jnp.isinf(end) and not falls:
            raise ValueError(
                f"the support is unbounded on the {side}, so the density must fall from the {side}most knot "
                f"on, but at {x:.6g} its slope is {slope:.6g}: add a knot further {side}, or give a support"
            )
    if not jnp.isfinite(log_mass):
        raise ValueError(f"the first hull has log mass {log_mass}: rescale the density")
    if is_wrong.any():
        raise ValueError(
            f"the log density is not concave: at {float(place[is_wrong][0]):.6g} it lies above a tangent, or "
            "its tangent below the density elsewhere, so a hull of tangents would sample another "
            "distribution; use rejection with a bound, or a Markov kernel"
        )
    return hull, log_mass


@functools.partial(jit, static_argnames="max_knots")
def first_hull(
    log_density: LogDensity, knots: Array, ends: Array, max_knots: int
) -> tuple[Hull, Array, Array, Array]:
    """Make the first hull, half full, and check concavity at quantiles of each of its segments.

    Returns:
        The hull; its log mass ``[]``; knots and quantiles ``[place]``; whether the other places contradict
        concavity there ``[place]``.
    """
    hull = make_hull(*tangents(log_density, knots), max_knots)
    hull = refine_hull(log_density, hull, ends, max_knots // 2 - hull.num_used)
    parts = segments(hull, ends)
    index = jnp.repeat(jnp.arange(max_knots), NUM_PROBES)
    probability = jnp.tile((jnp.arange(NUM_PROBES) + 0.5) / NUM_PROBES, max_knots)
    x, _ = jax.vmap(quantile, (None, None, 0, 0))(hull, parts, index, probability)
    known = jnp.where(jnp.arange(max_knots) < hull.num_used, hull.x, hull.x[0])
    x = jnp.concatenate([knots, known, jnp.where(index < hull.num_used, x, hull.x[0])])  # [place]
    lines = tangents(log_density, x)
    is_wrong = jax.vmap(contradicts, (None, 0, 0, 0))(make_hull(*lines, x.size), *lines)
    return hull, jax.nn.logsumexp(parts.log_mass), x, is_wrong


def rounding(hull: Hull, x: Array, value: Array) -> Array:
    """Return the rounding error of a tangent, or a chord, and a value at ``x`` ``[knot]``."""
    terms = jnp.abs(value) + jnp.abs(hull.value) + jnp.abs(hull.slope * (x - hull.x))
    return 64 * jnp.finfo(hull.x.dtype).eps * (1.0 + terms)


def contradicts(hull: Hull, x: Array, value: Array, slope: Array) -> Array:
    """Return whether no concave function has these knots, and this value and slope at ``x``.

    The value must lie below every tangent, every knot below the new one, and no -inf between two knots. A NaN
    is no contradiction.
    """
    used = jnp.arange(hull.x.size) < hull.num_used
    allowed = rounding(hull, x, value)
    above_hull = value > hull.value + hull.slope * (x - hull.x) + allowed
    new_tangent = value + slope * (hull.x - x) + allowed
    knot_above = hull.value > new_tangent + rounding(hull._replace(slope=slope), x, value)
    is_between = jnp.any(used & (hull.x < x)) & jnp.any(used & (hull.x > x))
    return jnp.any(used & (above_hull | knot_above)) | ((value == -jnp.inf) & is_between)


def add_tangent(hull: Hull, x: Array, value: Array, slope: Array) -> Hull:
    """Add a tangent to the hull, if it is finite and the hull is not full."""
    fits = (hull.num_used < hull.x.size) & jnp.isfinite(value) & jnp.isfinite(slope)
    knot = jnp.arange(hull.x.size)
    at = jnp.sum((knot < hull.num_used) & (hull.x < x))
    x, value, slope = (
        jnp.where(fits & (knot >= at), jnp.where(knot == at, new, jnp.roll(old, 1)), old)
        for old, new in ((hull.x, x), (hull.value, value), (hull.slope, slope))
    )
    return Hull(x, value, slope, hull.num_used + fits)
