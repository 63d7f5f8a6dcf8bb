"""Estimate the ratio of two normalisers from draws of both densities."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.nn import log_sigmoid
from jax.scipy.special import logsumexp

from jgen._internal.compiled import jit
from jgen.types import Array


class Bridged(NamedTuple):
    """Estimate of a bridge.

    Attributes:
        value: log Z, in nats ``[]``.
        standard_error: Its standard error, by the delta method ``[]``.
        size: The smaller of the two effective numbers of draws ``[]``.
    """

    value: Array
    standard_error: Array
    size: Array


@partial(jit, static_argnames="effective_size")
def bridged(
    log_ratio_base: Array, log_ratio_target: Array, effective_size: Callable[[Array], Array]
) -> Bridged:
    r"""Compute Meng and Wong's optimal bridge between a normalised q and an unnormalised target.

    With :math:`l = \log \tilde p - \log q`, effective sizes :math:`n_p, n_q` and :math:`s = n / (n_p + n_q)`,
    log Z is the one root of

    .. math:: \frac{n_p}{n_q} \, \overline{\sigma(t - l)}^{\,p} = \overline{\sigma(l - t)}^{\,q}, \qquad
        t = \log Z - \log \frac{n_p}{n_q},

    since the left side rises with t and the right side falls. With
    :math:`f_q = p / (s_p p + s_q q)` and :math:`f_p = q / (s_p p + s_q q)`,

    .. math:: se^2 = \frac{Var_q(f_q)}{n_q E_q(f_q)^2} + \frac{Var_p(f_p)}{n_p E_p(f_p)^2}.

    Args:
        log_ratio_base: l at independent draws of q ``[m]``.
        log_ratio_target: l at draws of the target, of any shape that ``effective_size`` reads.
        effective_size: Effective number of independent draws of such values; static.

    Returns:
        The estimate. Where all draws of q lie outside the target's support it is -inf, with an error of inf.

    Reference:
        Meng and Wong (1996), Statistica Sinica 6; Bennett (1976), Journal of Computational Physics 22(2);
        Fruehwirth-Schnatter (2004), Econometrics Journal 7(1), for the error.
    """
    at_base, at_target = log_ratio_base, log_ratio_target.ravel()
    size = jnp.clip(effective_size(log_ratio_target), 1.0, at_target.size)
    log_odds = jnp.log(size / at_base.size)

    def excess(t: Array) -> Array:
        return log_odds + _log_mean(log_sigmoid(t - at_target)) - _log_mean(log_sigmoid(at_base - t))

    def halve(_: Array, bracket: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bracket
        middle = (low + high) / 2
        too_high = excess(middle) > 0
        return jnp.where(too_high, low, middle), jnp.where(too_high, middle, high)

    both = jnp.concatenate([at_base, at_target])
    margin = jnp.abs(log_odds) + jnp.log(both.size) + 1.0
    low = jnp.min(jnp.where(both > -jnp.inf, both, jnp.inf)) - margin
    high = jnp.max(both) + margin
    low, high = jax.lax.fori_loop(0, 60, halve, (low, high))
    t = (low + high) / 2

    # Up to factors that cancel, f_q = sigmoid(l - t) and f_p = sigmoid(t - l).
    from_base, from_target = jax.nn.sigmoid(at_base - t), jax.nn.sigmoid(t - log_ratio_target)
    size = jnp.clip(effective_size(from_target), 1.0, at_target.size)
    variance = _relative_variance(from_base) / at_base.size + _relative_variance(from_target) / size
    apart = jnp.max(at_base) == -jnp.inf
    value, error = jnp.where(apart, -jnp.inf, t + log_odds), jnp.where(apart, jnp.inf, jnp.sqrt(variance))
    return Bridged(value, error, jnp.minimum(size, at_base.size))


def _log_mean(log_values: Array) -> Array:
    return logsumexp(log_values) - jnp.log(log_values.size)


def _relative_variance(values: Array) -> Array:
    return values.var(ddof=1) / values.mean() ** 2
