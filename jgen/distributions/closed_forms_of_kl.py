r"""Give the closed forms of Kullback-Leibler divergences, one function for each pair of families.

``CLOSED_FORMS`` is the whole table: a pair that is not in it has no closed form here, whatever NumPyro says.
Each function takes (p, q) and returns $KL(p \| q)$ in nats, ``[*batch]``: infinite where p has mass outside
the support of q, and without differences of large numbers, so that float32 serves parameters of any size.
``tests/distributions/test_closed_forms_of_kl.py`` holds every entry to quadrature in float64.
"""

from collections.abc import Callable
from functools import singledispatch
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.scipy.linalg import solve_triangular
from jax.scipy.special import i0e

from jgen._internal.validation import is_traced
from jgen.distributions.atoms import measure_of
from jgen.distributions.excess import (
    exp_excess,
    gamma_excess,
    log_gamma_excess,
    log_gamma_of_one_plus_excess,
    log_ratio,
    mass_excess,
    resultant_gap,
)
from jgen.distributions.gaussian_algebra import dense, gaussian_parameters
from jgen.distributions.input_checks import to_float
from jgen.distributions.parameters import Bernoulli, Categorical, bernoulli_log_probs
from jgen.types import Array

ClosedForm = Callable[[Any, Any], Array]
CLOSED_FORMS: dict[tuple[type, type], ClosedForm] = {}
"""(family of p, family of q) -> the function of (p, q)."""


def closed_form(p: Any, q: Any) -> Array:
    """Compute KL(p || q) by the entry of the nearest classes.

    Raises:
        NotImplementedError: No closed form for this pair.
    """
    for pair in product(type(p).__mro__, type(q).__mro__):
        if pair in CLOSED_FORMS:
            return CLOSED_FORMS[pair](p, q)
    raise NotImplementedError(f"kl has no closed form for {type(p).__name__} and {type(q).__name__}")


def register(p_families: Any, q_families: Any) -> Callable[[ClosedForm], ClosedForm]:
    """Enter a function for each family of p, or of a union of them, with each of q."""

    def enter(function: ClosedForm) -> ClosedForm:
        for pair in product(*(getattr(f, "__args__", (f,)) for f in (p_families, q_families))):
            CLOSED_FORMS[pair] = function
        return function

    return enter


def broadcast_floats(*parameters: Any) -> list[Array]:
    """Return parameters as floats of one shape."""
    return jnp.broadcast_arrays(*map(to_float, parameters))


# ---------------------------------------------------------------------------------------------------
# Wrappers of other distributions.
# ---------------------------------------------------------------------------------------------------


def _expanded(value: Array, p: Any, q: Any) -> Array:
    return jnp.broadcast_to(value, jnp.broadcast_shapes(p.batch_shape, q.batch_shape))


@register(dist.ExpandedDistribution, dist.Distribution)
def expanded_and_any(p: Any, q: Any) -> Array:
    """Compute the divergence of the distribution that was expanded."""
    return _expanded(closed_form(p.base_dist, q), p, q)


@register(dist.Distribution, dist.ExpandedDistribution)
def any_and_expanded(p: Any, q: Any) -> Array:
    """Compute the divergence from the distribution that was expanded."""
    return _expanded(closed_form(p, q.base_dist), p, q)


@register(dist.Independent, dist.Independent)
def independent(p: Any, q: Any) -> Array:
    """Sum the divergences of independent parts."""
    shared = min(p.reinterpreted_batch_ndims, q.reinterpreted_batch_ndims)
    parts = []
    for each in (p, q):
        rest = each.reinterpreted_batch_ndims - shared
        parts.append(each.base_dist.to_event(rest) if rest else each.base_dist)
    divergences = _expanded(closed_form(*parts), *parts)
    return divergences.sum(tuple(range(-shared, 0)))


@register(dist.MaskedDistribution, dist.MaskedDistribution)
def masked(p: Any, q: Any) -> Array:
    """Leave out what either mask leaves out."""
    mask, divergences = jnp.broadcast_arrays(
        jnp.asarray(p._mask) & jnp.asarray(q._mask), closed_form(p.base_dist, q.base_dist)
    )
    return jnp.where(mask, divergences, 0)


@register(dist.Delta, dist.Distribution)
def point(p: Any, q: Any) -> Array:
    """Return -log q at the point for counts; infinite for a density, of which a point has nothing."""
    if measure_of(q) == "densities and probabilities":
        raise NotImplementedError(f"kl has no closed form for {p} and {q}")
    value = jnp.asarray(p.v)
    log_probs = q.log_prob(value.astype(int) if q.is_discrete else value)
    return jnp.where(q.is_discrete, -log_probs, jnp.inf)


@register(dist.Delta, dist.Delta)
def two_points(p: Any, q: Any) -> Array:
    """Return 0 where the points are the same, else infinity."""
    ours, theirs = jnp.broadcast_arrays(p.v, q.v)
    return jnp.where((ours == theirs).all(tuple(range(-p.event_dim, 0))), 0.0, jnp.inf)


# ---------------------------------------------------------------------------------------------------
# Gaussians and their relatives.
# ---------------------------------------------------------------------------------------------------


def _normals(m: Any, s: Any, n: Any, r: Any) -> Array:
    m, s, n, r = broadcast_floats(m, s, n, r)
    return exp_excess(2 * log_ratio(s, r)) / 2 + jnp.square((m - n) / r) / 2


@register(dist.Normal, dist.Normal)
def normal(p: Any, q: Any) -> Array:
    r"""Compute $\tfrac12 (s^2 / r^2 - 1 - \log s^2 / r^2 + (m - n)^2 / r^2)$."""
    return _normals(p.loc, p.scale, q.loc, q.scale)


@register(dist.LogNormal, dist.LogNormal)
def log_normal(p: Any, q: Any) -> Array:
    """Compute the divergence of the logarithms, which are normal."""
    return _normals(p.loc, p.scale, q.loc, q.scale)


@register(dist.HalfNormal, dist.HalfNormal)
def half_normal(p: Any, q: Any) -> Array:
    r"""Compute $\tfrac12 (s^2 / r^2 - 1 - \log s^2 / r^2)$."""
    return _normals(0.0, p.scale, 0.0, q.scale)


@register(dist.MultivariateNormal, dist.MultivariateNormal)
def multivariate_normal(p: Any, q: Any) -> Array:
    r"""Compute $\tfrac12 (\|A\|_F^2 - d - \log |A|^2 + \|K^{-1} (m - n)\|^2)$, where $A = K^{-1} L$."""
    (m, ell), (n, k) = gaussian_parameters(p), gaussian_parameters(q)
    batch = jnp.broadcast_shapes(p.batch_shape, q.batch_shape)
    dim = p.event_shape[0]
    m, n = (jnp.broadcast_to(x, (*batch, dim)) for x in (m, n))
    ell, k = (jnp.broadcast_to(x, (*batch, dim, dim)) for x in (ell, k))
    both = jnp.concatenate([ell, (m - n)[..., None]], axis=-1)
    white = solve_triangular(k, both, lower=True)
    diagonals = (jnp.diagonal(x, axis1=-2, axis2=-1) for x in (ell, k))
    below = jnp.square(jnp.tril(white[..., :dim], -1)).sum((-2, -1))
    return (exp_excess(2 * log_ratio(*diagonals)).sum(-1) + below + jnp.square(white[..., dim]).sum(-1)) / 2


@register(dist.MultivariateNormal, dist.Independent)
@register(dist.Independent, dist.MultivariateNormal)
def diagonal_and_full_normal(p: Any, q: Any) -> Array:
    """Write the diagonal one in full."""
    if not (_is_gaussian(p) and _is_gaussian(q)):
        raise NotImplementedError(f"kl has no closed form for {p} and {q}")
    return multivariate_normal(dense(p), dense(q))


def _is_gaussian(distribution: Any) -> bool:
    base: Any = distribution
    while isinstance(base, dist.Independent):
        base = base.base_dist
    return isinstance(base, dist.Normal | dist.MultivariateNormal) and distribution.event_dim == 1


@register(dist.Independent, dist.CirculantNormal)
def circulant_normal(p: Any, q: Any) -> Array:
    r"""Compute the divergence of a diagonal normal by the eigenvalues of the circulant covariance.

    The discrete Fourier transform diagonalises it: each eigenvalue $\lambda_k$, $k = 0 ... n / 2$, counts
    twice but for those that are their own conjugates.
    """
    if not (_is_gaussian(p) and isinstance(p.base_dist, dist.Normal)):
        raise NotImplementedError(f"kl has no closed form for {p} and {q}")
    mean, scale = gaussian_parameters(p)
    n = mean.shape[-1]
    batch = jnp.broadcast_shapes(p.batch_shape, q.batch_shape)
    eigenvalues = jnp.broadcast_to(q.covariance_rfft, (*batch, n // 2 + 1))
    residual, scale = (jnp.broadcast_to(x, (*batch, n)) for x in (mean - q.mean, scale))
    times = np.full(n // 2 + 1, 2.0, eigenvalues.dtype)
    times[0] = 1
    if n % 2 == 0:
        times[-1] = 1
    count = jnp.broadcast_to(times, eigenvalues.shape)
    power = jnp.square(jnp.abs(jnp.fft.rfft(residual))) / n
    distance = (count * power / eigenvalues).sum(-1)
    trace = (count / eigenvalues).sum(-1) / n * jnp.square(scale).sum(-1)
    log_det = (count * jnp.log(eigenvalues)).sum(-1) - 2 * jnp.log(scale).sum(-1)
    return (distance + trace - n + log_det) / 2


# ---------------------------------------------------------------------------------------------------
# Continuous families on the line.
# ---------------------------------------------------------------------------------------------------


@register(dist.Laplace, dist.Laplace)
def laplace(p: Any, q: Any) -> Array:
    r"""Compute $\log(r / s) + (s e^{-d / s} + d) / r - 1$ at the distance $d = |m - n|$."""
    m, s, n, r = broadcast_floats(p.loc, p.scale, q.loc, q.scale)
    distance = jnp.abs(m - n) / s
    return exp_excess(log_ratio(s, r)) + s / r * exp_excess(-distance)


@register(dist.Uniform, dist.Uniform)
def uniform(p: Any, q: Any) -> Array:
    """Compute the log ratio of the lengths; infinite unless q's interval holds p's."""
    a, b, c, d = broadcast_floats(p.low, p.high, q.low, q.high)
    return jnp.where((c <= a) & (b <= d), log_ratio(d - c, b - a), jnp.inf)


def _gammas(a: Any, b: Any, alpha: Any, beta: Any) -> Array:
    """Compute the divergence of gamma distributions from concentrations and rates.

    With s the ratio of their means, it is that of a Poisson-like term in s and one in the concentrations.
    """
    a, b, alpha, beta = broadcast_floats(a, b, alpha, beta)
    mean_ratio = (a / alpha) * (beta / b)
    limits = jnp.finfo(mean_ratio.dtype)
    is_normal = (mean_ratio > limits.tiny) & (mean_ratio < limits.max)
    log_mean_ratio = jnp.where(
        is_normal,
        jnp.log(jnp.where(is_normal, mean_ratio, 1)),
        log_ratio(a, alpha) + log_ratio(beta, b),
    )
    return gamma_excess(a, alpha) + alpha * exp_excess(log_mean_ratio)


@register(dist.Gamma, dist.Gamma)
def gamma(p: Any, q: Any) -> Array:
    """Compute the divergence of gamma distributions."""
    return _gammas(p.concentration, p.rate, q.concentration, q.rate)


@register(dist.InverseGamma, dist.InverseGamma)
def inverse_gamma(p: Any, q: Any) -> Array:
    """Compute the divergence of the reciprocals, which are gamma distributed."""
    return _gammas(p.concentration, p.rate, q.concentration, q.rate)


@register(dist.Exponential, dist.Exponential)
def exponential(p: Any, q: Any) -> Array:
    r"""Compute $\mu / \lambda - 1 - \log(\mu / \lambda)$ for rates $\lambda$ of p and $\mu$ of q."""
    ours, theirs = broadcast_floats(p.rate, q.rate)
    return exp_excess(log_ratio(theirs, ours))


@register(dist.Exponential, dist.Gamma)
def exponential_and_gamma(p: Any, q: Any) -> Array:
    """Write the exponential as a gamma distribution of concentration 1."""
    return _gammas(1.0, p.rate, q.concentration, q.rate)


@register(dist.Gamma, dist.Exponential)
def gamma_and_exponential(p: Any, q: Any) -> Array:
    """Write the exponential as a gamma distribution of concentration 1."""
    return _gammas(p.concentration, p.rate, 1.0, q.rate)


def _weibull_and_gamma(k: Any, scale: Any, alpha: Any, beta: Any) -> Array:
    k, scale, alpha, beta = broadcast_floats(k, scale, alpha, beta)
    over = 1 / k
    bend = log_gamma_of_one_plus_excess(over)
    log_mean_ratio = log_ratio(scale, alpha) + jnp.log(beta) + bend - np.euler_gamma * over
    shape = jnp.log(k) - np.euler_gamma - 1 + log_gamma_excess(alpha)
    return shape + alpha * (exp_excess(log_mean_ratio) + bend)


@register(dist.Weibull, dist.Gamma)
def weibull_and_gamma(p: Any, q: Any) -> Array:
    """Compute the divergence of a Weibull distribution from a gamma one (Bauckhage 2014, formula 28)."""
    return _weibull_and_gamma(p.concentration, p.scale, q.concentration, q.rate)


@register(dist.Weibull, dist.Exponential)
def weibull_and_exponential(p: Any, q: Any) -> Array:
    """Write the exponential as a gamma distribution of concentration 1."""
    return _weibull_and_gamma(p.concentration, p.scale, 1.0, q.rate)


def _dirichlets(p: Array, q: Array) -> Array:
    p_total, q_total = p.sum(-1, keepdims=True), q.sum(-1, keepdims=True)
    expected = p / p_total * q_total  # what q's concentrations are at p's mean
    parts = gamma_excess(p, q) + mass_excess(q, expected, log_ratio(expected, q))
    return parts.sum(-1) - gamma_excess(p_total, q_total)[..., 0]


@register(dist.Dirichlet, dist.Dirichlet)
def dirichlet(p: Any, q: Any) -> Array:
    """Compute the divergence of Dirichlet distributions."""
    return _dirichlets(*broadcast_floats(p.concentration, q.concentration))


@register(dist.Beta, dist.Beta)
def beta(p: Any, q: Any) -> Array:
    """Compute that of Dirichlet distributions of two parts."""
    a, b, alpha, other = broadcast_floats(
        p.concentration1, p.concentration0, q.concentration1, q.concentration0
    )
    return _dirichlets(jnp.stack([a, b], -1), jnp.stack([alpha, other], -1))


@register(dist.VonMises, dist.VonMises)
def von_mises(p: Any, q: Any) -> Array:
    r"""Compute $\log I_0(\lambda) / I_0(\kappa) + A (\kappa - \lambda \cos(m - n))$.

    The mean resultant length A is $I_1(\kappa) / I_0(\kappa)$.
    """
    m, kappa, n, other = broadcast_floats(p.loc, p.concentration, q.loc, q.concentration)
    gap = resultant_gap(kappa)
    scales = jnp.log(i0e(other)) - jnp.log(i0e(kappa)) + (other - kappa) * gap
    return scales + 2 * (1 - gap) * other * jnp.square(jnp.sin((m - n) / 2))


# ---------------------------------------------------------------------------------------------------
# Counts.
# ---------------------------------------------------------------------------------------------------


@register(dist.Poisson, dist.Poisson)
def poisson(p: Any, q: Any) -> Array:
    r"""Compute $\lambda \log(\lambda / \mu) - \lambda + \mu$; a rate of 0 is the point 0."""
    ours, theirs = broadcast_floats(p.rate, q.rate)
    return mass_excess(ours, theirs, log_ratio(theirs, jnp.where(ours > 0, ours, 1)))


def _finite(p: Array, q: Array) -> Array:
    """Compute the divergence of log probabilities ``[*batch, outcome]``."""
    ratio = q - jnp.where(p > -jnp.inf, p, 0)
    return mass_excess(jnp.exp(p), jnp.exp(q), ratio).sum(-1)


def _coins(p: Any, q: Any) -> Array:
    logs = [jnp.stack(bernoulli_log_probs(each), axis=-1) for each in (p, q)]
    return _finite(*jnp.broadcast_arrays(*logs))


@register(Bernoulli, Bernoulli)
def bernoulli(p: Any, q: Any) -> Array:
    """Sum over both outcomes."""
    return _coins(p, q)


@register(Categorical, Categorical)
def categorical(p: Any, q: Any) -> Array:
    """Sum over the outcomes."""
    if p.logits.shape[-1] != q.logits.shape[-1]:
        raise ValueError(f"kl: {p.logits.shape[-1]} and {q.logits.shape[-1]} categories.")
    return _finite(*jnp.broadcast_arrays(jax.nn.log_softmax(p.logits), jax.nn.log_softmax(q.logits)))


@register(dist.DiscreteUniform, dist.DiscreteUniform)
def discrete_uniform(p: Any, q: Any) -> Array:
    """Compute the log ratio of the numbers of outcomes; infinite unless q's outcomes hold p's."""
    a, b, c, d = jnp.broadcast_arrays(p.low, p.high, q.low, q.high)
    return jnp.where((c <= a) & (b <= d), log_ratio(to_float(d - c + 1), to_float(b - a + 1)), jnp.inf)


@singledispatch
def one_trial(distribution: Any) -> Any:
    """Return the Bernoulli distribution of one trial."""
    raise NotImplementedError(f"kl has no closed form for {distribution}")


@one_trial.register(dist.BinomialProbs | dist.GeometricProbs)
def _(distribution: Any) -> Any:
    return dist.BernoulliProbs(distribution.probs, validate_args=False)


@one_trial.register(dist.BinomialLogits | dist.GeometricLogits)
def _(distribution: Any) -> Any:
    return dist.BernoulliLogits(distribution.logits, validate_args=False)


Geometric = dist.GeometricProbs | dist.GeometricLogits
Binomial = dist.BinomialProbs | dist.BinomialLogits


@register(Geometric, Geometric)
def geometric(p: Any, q: Any) -> Array:
    """Multiply the divergence of one trial by their expected number."""
    ours, theirs = one_trial(p), one_trial(q)
    trial, success = jnp.broadcast_arrays(_coins(ours, theirs), jnp.exp(bernoulli_log_probs(ours)[1]))
    return trial / success


@register(Binomial, Binomial)
def binomial(p: Any, q: Any) -> Array:
    """Multiply the divergence of one trial by the number of trials, which must be the same.

    More trials under p have outcomes that q has not, unless every one of p's fails. Fewer have no closed
    form; where the numbers are traced, they give NaN.
    """
    ours, theirs = one_trial(p), one_trial(q)
    log_failures = (bernoulli_log_probs(each)[0] for each in (ours, theirs))
    n, m, never, failure, trial = broadcast_floats(
        p.total_count, q.total_count, *log_failures, _coins(ours, theirs)
    )
    is_point = never == 0
    fewer = (n < m) & ~is_point
    if not is_traced(fewer) and jnp.any(fewer):
        raise NotImplementedError("kl has no closed form for binomials of which p has fewer trials")
    other = jnp.where(n > m, jnp.inf, jnp.nan)
    none = jnp.where(m > 0, -m * failure, 0)  # every trial fails
    same = jnp.where(n > 0, n * trial, 0)
    return jnp.where(is_point, none, jnp.where(n == m, same, other))
