"""Interpolate two distributions along their geometric path."""

from functools import partial, singledispatch
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.tree_util import Partial

from jgen._internal.validation import is_traced
from jgen.distributions.gaussian_algebra import combine_gaussians
from jgen.distributions.input_checks import check_batches, no_closed_form
from jgen.distributions.parameters import (
    Bernoulli,
    Categorical,
    bernoulli_log_probs,
    log_prob_of,
    unchecked_logits,
)
from jgen.types import Array, LogDensity


def interpolate(p: Any, q: Any, t: Array | float) -> dist.Distribution:
    r"""Return the distribution proportional to $p(x)^{1-t}\, q(x)^t$, from p at t = 0 to q at t = 1.

    Gaussians: precisions mix linearly. Bernoulli and categorical: logits do. For anything else use
    ``interpolate_log_density``, which needs no normaliser.

    Args:
        p: Start of the path.
        q: End of the path, of the same kind and event shape.
        t: Position on the path, in [0, 1].

    Returns:
        A normalised distribution; a categorical one is given by its logits, a Bernoulli one by its
        probabilities unless both ends are given by logits.

    Raises:
        TypeError: No closed form for this pair.
        ValueError: A t outside [0, 1], events of different shapes, or no outcome in common.

    Example:
        >>> import numpyro.distributions as dist
        >>> middle = interpolate(dist.Normal(0.0, 1.0), dist.Normal(3.0, 0.5), 0.5)
        >>> round(float(middle.loc), 4), round(float(middle.scale**-2), 4)
        (2.4, 2.5)

    Reference:
        Gelman and Meng, Simulating normalizing constants (1998), Statistical Science 13(2).
    """
    _check_position(t)
    if p.event_shape != q.event_shape:
        raise ValueError(f"interpolate: events {p.event_shape} and {q.event_shape} are not of one shape.")
    check_batches("interpolate", p, q)
    return _interpolate(p, q, t)


def interpolate_log_density(p: Any, q: Any, t: Array | float) -> LogDensity:
    r"""Return the unnormalised log-density $(1-t) \log p(x) + t \log q(x)$ of the geometric path.

    A term of weight 0 is 0 even where its log-density is -inf.

    Args:
        p: A distribution, or a ``LogDensity`` (a ``Partial``, so that nothing recompiles).
        q: The same, for the other end.
        t: Position on the path, in [0, 1].

    Returns:
        A ``LogDensity`` with its data bound: a pytree.

    Example:
        >>> import numpyro.distributions as dist
        >>> path = interpolate_log_density(dist.Normal(0.0, 1.0), dist.Cauchy(0.0, 1.0), 0.0)
        >>> bool(path(2.0) == dist.Normal(0.0, 1.0).log_prob(2.0))
        True
    """
    _check_position(t)
    ends = (Partial(log_prob_of, x) if isinstance(x, dist.Distribution) else x for x in (p, q))
    return Partial(_mix_log_densities, *ends, t)


def _check_position(t: Any) -> None:
    if not is_traced(t) and not np.all((np.asarray(t) >= 0) & (np.asarray(t) <= 1)):
        raise ValueError(f"interpolate: t must lie in [0, 1], given {t}.")


def _mix_log_densities(p: LogDensity, q: LogDensity, t: Array, position: Any) -> Array:
    return _mix(p(position), q(position), t)


def _mix(start: Array, end: Array, t: Any) -> Array:
    t = jnp.asarray(t)
    return jnp.where(t < 1, (1 - t) * start, 0) + jnp.where(t > 0, t * end, 0)


@singledispatch
def _interpolate(p: Any, q: Any, _t: Any) -> dist.Distribution:
    raise no_closed_form("interpolate", _interpolate, p, q)


@_interpolate.register(dist.Normal | dist.MultivariateNormal)
def _(p: Any, q: Any, t: Any):
    return combine_gaussians(p, q, 1 - jnp.asarray(t), jnp.asarray(t))


@_interpolate.register
def _(p: dist.Independent, q: Any, t: Any):
    if isinstance(q, dist.MultivariateNormal):
        return combine_gaussians(p, q, 1 - jnp.asarray(t), jnp.asarray(t))
    if not isinstance(q, dist.Independent) or p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise no_closed_form("interpolate", _interpolate, p, q)
    return _interpolate(p.base_dist, q.base_dist, t).to_event(p.reinterpreted_batch_ndims)


@_interpolate.register(Bernoulli)
def _(p: Any, q: Any, t: Any):
    if not isinstance(q, Bernoulli):
        raise no_closed_form("interpolate", _interpolate, p, q)
    zero, one = map(partial(_mix, t=t), bernoulli_log_probs(p), bernoulli_log_probs(q))
    _check_overlap(jnp.maximum(zero, one))
    if isinstance(p, dist.BernoulliLogits) and isinstance(q, dist.BernoulliLogits):
        return dist.BernoulliLogits(one - zero)
    return dist.BernoulliProbs(jax.nn.sigmoid(one - zero))  # which may be 0 or 1


@_interpolate.register(Categorical)
def _(p: Any, q: Any, t: Any):
    if not isinstance(q, Categorical):
        raise no_closed_form("interpolate", _interpolate, p, q)
    if p.logits.shape != q.logits.shape:
        raise ValueError(f"interpolate: categories {p.logits.shape} and {q.logits.shape} differ.")
    logits = _mix(jax.nn.log_softmax(p.logits), jax.nn.log_softmax(q.logits), t)
    _check_overlap(logits.max(-1))
    return unchecked_logits(logits)


def _check_overlap(largest: Array) -> None:
    """Raise where no outcome has a positive probability under both ends."""
    if not is_traced(largest) and jnp.isneginf(largest).any():
        raise ValueError("interpolate: no outcome is possible under both distributions, so there is no path.")
