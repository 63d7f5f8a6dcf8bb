"""Compute the Kullback-Leibler divergence between two distributions."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from jgen._internal.validation import is_traced
from jgen.diagnostics.student_interval import skewed_quantile, skewness_of
from jgen.diagnostics.weights.psis import pareto_k
from jgen.diagnostics.weights.unseen_tail import FEWEST_FOR_K, LARGEST_K, unseen_tail
from jgen.distributions.atoms import measure_of
from jgen.distributions.closed_forms_of_kl import closed_form
from jgen.distributions.input_checks import check_batches
from jgen.distributions.parameters import log_prob_of
from jgen.types import Array, Key, Result


def kl(p: Any, q: Any, *, key: Key | None = None, num_samples: int = 10_000) -> Result:
    r"""Compute $KL(p \| q) = E_p[\log p(x) - \log q(x)]$, in nats.

    Exact where ``closed_forms_of_kl`` has a formula: two members of one family (normal, log-normal,
    half-normal, Laplace, uniform, exponential, gamma, inverse gamma, beta, Dirichlet, von Mises, Bernoulli,
    categorical, binomial of as many trials, geometric, Poisson, discrete uniform), diagonal and full
    Gaussians, exponential and gamma, either of these under Weibull; and independent or expanded ones of
    these. It is infinite where p has mass outside the support of q, and between counts and a density.
    NumPyro's own table is not used: it holds a series that is cut off.

    Else the mean over draws from p, with the 95 % interval of the divergence, Student's corrected for
    skewness. A draw where q is zero proves the divergence infinite. Draws may miss a region where q is tiny:
    the interval is valid only where the log-ratio has a variance. Where the Pareto k of its upper tail is
    above 0.35 the upper end includes the heaviest tail that the draws allow (``unseen_tail``). Where it is
    above 0.7, there are fewer than 25 draws, or a draw of p is no point of positive and finite density of p
    (a library's draws may be rounded out of its support), the result is flagged and has no interval (NaN).

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
        value = jnp.asarray(closed_form(p, q))
        return Result(value, value, value, 0, "closed form", {"divergence": "KL", "unit": "nats"})
    except NotImplementedError:
        pass
    if {measure_of(p), measure_of(q)} == {"probabilities", "densities"}:
        value = jnp.full(jnp.broadcast_shapes(p.batch_shape, q.batch_shape), jnp.inf)
        return Result(value, value, value, 0, "closed form", {"divergence": "KL", "unit": "nats"})
    if key is None or num_samples < 2:
        raise ValueError(
            f"kl({type(p).__name__}, {type(q).__name__}) has no closed form: pass key= (and num_samples of "
            "2 or more) for a Monte Carlo estimate with its standard error."
        )
    value, low, high, k, lost = _monte_carlo(key, p, q, num_samples)
    protocol = {"divergence": "KL", "unit": "nats"}
    result = Result(value, low, high, num_samples, "Monte Carlo", protocol, num_samples - 1)
    if is_traced(k):
        return result
    is_proven = bool(jnp.isposinf(value).all())
    flags = _flags(num_samples, is_proven, float(jnp.max(k)), float(jnp.max(lost)))
    none = jnp.full_like(value, jnp.nan)
    return result._replace(low=none, high=none, flags=flags) if flags else result


def _flags(num_samples: int, is_proven: bool, k: float, lost: float) -> tuple[str, ...]:
    """Return what is wrong with draws of this Pareto k and this share outside the support of p."""
    flags = []
    if num_samples < FEWEST_FOR_K and not is_proven:
        flags.append(f"fewer than {FEWEST_FOR_K} draws do not show the tail of the log-ratios")
    if k > LARGEST_K:
        flags.append(
            f"Pareto k {k:.2f} of the log-ratios is above {LARGEST_K}: they may have no variance, or no mean"
        )
    if lost > 0:
        flags.append(
            f"{lost:.2g} of the draws from p are outside its support or where its density is infinite, as by "
            "rounding: use float64"
        )
    return tuple(flags)


@partial(jax.jit, static_argnums=3)
def _monte_carlo(key: Key, p: Any, q: Any, num_samples: int) -> tuple[Array, Array, Array, Array, Array]:
    """Estimate the mean log-ratio ``[*batch]`` from draws.

    Returns:
        The mean, the ends of its interval, the shape of the upper tail, and the share of draws that are no
        points of p, each ``[*batch]``.
    """

    def log_ratio(key: Key) -> tuple[Array, Array]:
        x = p.sample(key)
        log_p = log_prob_of(p, x)
        return log_p - log_prob_of(q, x), ~jnp.isfinite(log_p)

    ratios, lost = jax.vmap(log_ratio)(jax.random.split(key, num_samples))  # [draw, *batch]
    mean = ratios.mean(0)
    error = ratios.std(0, ddof=1) / num_samples**0.5
    above = jnp.log(jnp.maximum(ratios - jnp.median(ratios, 0)[None], 0.0)).reshape(num_samples, -1)
    k = jax.vmap(pareto_k, in_axes=1)(above).reshape(mean.shape)
    is_infinite = jnp.isposinf(mean)  # a draw where q is zero proves it
    has_no_tail = (
        jnp.isneginf(above).all(0).reshape(mean.shape)
    )  # as of counts, whose median may be the largest
    k = jnp.where(has_no_tail | is_infinite | (num_samples < FEWEST_FOR_K), -jnp.inf, k)
    lacking = jax.vmap(unseen_tail, in_axes=(1, 0))(ratios.reshape(num_samples, -1), k.ravel())
    skewness = skewness_of(ratios)
    up, down = (skewed_quantile(prob, num_samples - 1, skewness, num_samples) for prob in (0.975, 0.025))
    low, high = mean - up * error, mean + jnp.maximum(-down * error, lacking.reshape(mean.shape))
    low, high = (jnp.where(is_infinite, mean, end) for end in (low, high))
    return mean, low, high, k, lost.mean(0)
