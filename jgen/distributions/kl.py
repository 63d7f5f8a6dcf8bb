"""Compute the Kullback-Leibler divergence between two distributions."""

from functools import partial, singledispatch
from typing import Any

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from numpyro.distributions.kl import kl_divergence

from jgen._internal.validation import is_traced
from jgen.diagnostics.weights.log_evidence import FEWEST_FOR_K, LARGEST_K
from jgen.diagnostics.weights.psis import pareto_k
from jgen.distributions.gaussian_algebra import dense, is_dense
from jgen.distributions.input_checks import check_batches
from jgen.distributions.parameters import Bernoulli, Categorical, bernoulli_log_probs, log_prob_of
from jgen.types import Array, Key, Result


def kl(p: Any, q: Any, *, key: Key | None = None, num_samples: int = 10_000) -> Result:
    r"""Compute $KL(p \| q) = E_p[\log p(x) - \log q(x)]$, in nats.

    Exact where a formula is known (NumPyro's table, and here diagonal against full Gaussians, Bernoulli
    and categorical ones); else the mean over draws from p, with a 95 % interval from its standard error.
    A draw where q is zero proves the divergence infinite. Draws may miss a region where q
    is tiny: the interval is valid only where the log-ratio has a variance. Where the Pareto k of its upper
    tail is above 0.7 the result is flagged and has no interval (NaN).

    Args:
        p: The distribution the expectation is under.
        q: The other one, with events of the same shape.
        key: Needed only where there is no closed form.
        num_samples: Number of draws used there.

    Returns:
        A ``Result``; ``n`` is 0 and ``low == value == high`` for a closed form. The lower end is not
        clipped at 0.

    Raises:
        ValueError: Events of different shapes, no key where one is needed, or fewer than 2 samples.

    Example:
        >>> import numpyro.distributions as dist
        >>> float(kl(dist.Normal(1.0, 1.0), dist.Normal(0.0, 1.0)).value)
        0.5
    """
    if p.event_shape != q.event_shape:
        raise ValueError(f"kl: events {p.event_shape} and {q.event_shape} are not of one shape.")
    check_batches("kl", p, q)
    try:
        value = jnp.asarray(_closed_form(p, q))
        return Result(value, value, value, 0, "closed form", {"divergence": "KL", "unit": "nats"})
    except NotImplementedError:
        pass
    if key is None or num_samples < 2:
        raise ValueError(
            f"kl({type(p).__name__}, {type(q).__name__}) has no closed form: pass key= (and num_samples of "
            "2 or more) for a Monte Carlo estimate with its standard error."
        )
    value, error, k = _monte_carlo(key, p, q, num_samples)
    protocol = {"divergence": "KL", "unit": "nats"}
    if is_traced(k) or not (worst := float(jnp.max(k))) > LARGEST_K:
        low, high = value - 1.96 * error, value + 1.96 * error
        return Result(value, low, high, num_samples, "Monte Carlo", protocol)
    flag = (
        f"Pareto k {worst:.2f} of the log-ratios is above {LARGEST_K}: they may have no variance, or no mean"
    )
    none = jnp.full_like(value, jnp.nan)
    return Result(value, none, none, num_samples, "Monte Carlo", protocol, flags=(flag,))


@partial(jax.jit, static_argnums=3)
def _monte_carlo(key: Key, p: Any, q: Any, num_samples: int) -> tuple[Array, Array, Array]:
    """Return the mean log-ratio, its standard error and the shape of its upper tail, each ``[*batch]``."""

    def log_ratio(key: Key) -> Array:
        x = p.sample(key)
        return log_prob_of(p, x) - log_prob_of(q, x)

    ratios = jax.vmap(log_ratio)(jax.random.split(key, num_samples))  # [draw, *batch]
    mean = ratios.mean(0)
    error = ratios.std(0, ddof=1) / num_samples**0.5
    above = jnp.log(jnp.maximum(ratios - jnp.median(ratios, 0)[None], 0.0)).reshape(num_samples, -1)
    k = jax.vmap(pareto_k, in_axes=1)(above).reshape(mean.shape)
    is_infinite = jnp.isposinf(mean)  # a draw where q is zero proves it
    k = jnp.where(is_infinite | (num_samples < FEWEST_FOR_K), -jnp.inf, k)
    return mean, jnp.where(is_infinite, 0.0, error), k


@singledispatch
def _closed_form(p: Any, q: Any) -> Array:
    return kl_divergence(p, q)


@_closed_form.register
def _(p: dist.MultivariateNormal, q: Any):
    return kl_divergence(p, dense(q)) if _is_gaussian(q) else kl_divergence(p, q)


@_closed_form.register
def _(p: dist.Independent, q: Any):
    if is_dense(q) and _is_gaussian(p):
        return kl_divergence(dense(p), q)
    if isinstance(q, dist.Independent) and p.reinterpreted_batch_ndims == q.reinterpreted_batch_ndims:
        return _closed_form(p.base_dist, q.base_dist).sum(tuple(range(-p.reinterpreted_batch_ndims, 0)))
    return kl_divergence(p, q)


@_closed_form.register(Bernoulli)
def _(p: Any, q: Any):
    if not isinstance(q, Bernoulli):
        raise NotImplementedError
    return _discrete(*(jnp.stack(bernoulli_log_probs(d), axis=-1) for d in (p, q)))


@_closed_form.register(Categorical)
def _(p: Any, q: Any):
    if not isinstance(q, Categorical):
        raise NotImplementedError
    if p.logits.shape[-1] != q.logits.shape[-1]:
        raise ValueError(f"kl: {p.logits.shape[-1]} and {q.logits.shape[-1]} categories.")
    return _discrete(jax.nn.log_softmax(p.logits), jax.nn.log_softmax(q.logits))


def _discrete(p: Array, q: Array) -> Array:
    possible = p > -jnp.inf
    return jnp.where(possible, jnp.exp(p) * (jnp.where(possible, p, 0) - q), 0).sum(-1)


def _is_gaussian(distribution: Any) -> bool:
    base = distribution.base_dist if isinstance(distribution, dist.Independent) else distribution
    return isinstance(base, dist.Normal | dist.MultivariateNormal) and distribution.event_dim == 1
