"""Distributions and operations on them, against SciPy and NumPy in float64."""

from itertools import permutations

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.tree_util import Partial
from scipy import special, stats
from scipy.special import log_softmax, logsumexp, softmax

import jgen.distributions as d
from tests.helpers.fuzz import Row, Unbuildable

DIM = 3


def made(family, *parameters, **named):
    """Make a distribution of NumPyro, whose own refusals are not jgen's."""
    values = [*parameters, *named.values()]
    if any(np.asarray(value).dtype == bool or np.isinf(np.asarray(value, float)).any() for value in values):
        raise Unbuildable
    try:
        named = {name: jnp.asarray(value) for name, value in named.items()}
        return family(*map(jnp.asarray, parameters), **named)
    except (
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        ZeroDivisionError,
        NotImplementedError,
    ) as error:
        raise Unbuildable from error


def event(distribution, ndim=1):
    try:
        return distribution.to_event(ndim)
    except (ValueError, AssertionError) as error:
        raise Unbuildable from error


def require(condition):
    if not np.all(condition):
        raise ValueError("outside of the domain")


def fits(shape, into):
    return np.broadcast_shapes(shape, into) == into


def positive(rng, *shape):
    return rng.uniform(0.3, 2.0, shape)


def normal_arguments(rng):
    return {"x": rng.normal(size=DIM), "loc": rng.normal(size=DIM), "scale": positive(rng, DIM)}


def pair_arguments(rng):
    first, second = normal_arguments(rng), normal_arguments(rng)
    return {"m": first["loc"], "s": first["scale"], "n": second["loc"], "r": second["scale"]}


def full_arguments(rng):
    root = rng.normal(size=(2, DIM, DIM))
    covariance = root @ root.swapaxes(1, 2) + 0.5 * np.eye(DIM)
    return {"m": rng.normal(size=DIM), "S": covariance[0], "n": rng.normal(size=DIM), "R": covariance[1]}


def probabilities(rng, size=4):
    return rng.dirichlet(np.ones(size))


def normal_log_prob(x, loc, scale):
    return -(((x - loc) / scale) ** 2) / 2 - np.log(scale) - np.log(2 * np.pi) / 2


# --- Gaussians ---------------------------------------------------------------------------------------


def check_gaussian(loc, scale):
    require(np.isfinite(loc))
    require(np.isfinite(scale))
    require(scale > 0)
    require(fits(scale.shape, loc.shape))


def check_value(x, loc):
    require(loc.ndim == 0 or (x.ndim and x.shape[-1] == loc.shape[-1]))


def gaussian(x, loc, scale):
    check_gaussian(loc, scale)
    check_value(x, loc)
    each = normal_log_prob(x, loc, scale)
    found = each.sum(-1) if loc.ndim else each
    return np.where(np.isnan(x).any(-1) if loc.ndim else np.isnan(x), np.nan, found)


def check_full(mean, covariance):
    require(np.isfinite(mean))
    require(np.isfinite(covariance))
    require(mean.ndim and covariance.shape[-2:] == mean.shape[-1:] * 2)
    require(fits(covariance.shape[:-2], mean.shape[:-1]))
    require(np.abs(covariance - covariance.swapaxes(-1, -2)) <= 1e-5 * np.abs(covariance).max(initial=0))
    return np.linalg.cholesky(covariance)


def full_log_prob(x, mean, covariance):
    unit = 2.0 ** np.floor(np.log2(np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1).max(initial=1e-300))))
    factor = np.linalg.cholesky(covariance / unit**2)
    white = np.linalg.solve(factor, ((x - mean) / unit)[..., None])[..., 0]
    log_det = np.log(unit * np.diagonal(factor, axis1=-2, axis2=-1)).sum(-1)
    return -(white**2).sum(-1) / 2 - log_det - x.shape[-1] * np.log(2 * np.pi) / 2


def full(x, loc, covariance):
    check_full(loc, covariance)
    check_value(x, loc)
    return full_log_prob(x, loc, covariance)


def any_full(x, loc, covariance):
    """Evaluate a density of any batch: NumPyro broadcasts mean and covariance."""
    check_value(x, loc)
    batch = np.broadcast_shapes(loc.shape[:-1], covariance.shape[:-2])
    check_full(np.broadcast_to(loc, batch + loc.shape[-1:]), covariance)
    return full_log_prob(x, loc, covariance)


def call_multivariate_normal(x, loc, covariance):
    if np.shape(loc)[-1:] != np.shape(covariance)[-1:]:
        raise Unbuildable  # NumPyro broadcasts a location
    return d.log_prob_of(made(d.MultivariateNormal, loc, covariance_matrix=covariance), x)


def affine(loc, scale, a, b):
    check_gaussian(loc, scale)
    require(np.isfinite(a))
    require(np.isfinite(b))
    require(a != 0)
    event_shape = loc.shape[-1:]
    require(a.shape in ((), event_shape))
    require(b.shape in ((), event_shape))
    return (
        a * loc + b,
        np.abs(a) * np.broadcast_to(scale, loc.shape),
        normal_log_prob(*np.broadcast_arrays(a * loc, a * loc, np.abs(a) * scale)).sum(
            -1 if loc.ndim else ()
        ),
    )


def parameters_of(distribution):
    """Return location and scale of a normal, or of a vector of them."""
    base = distribution.base_dist if isinstance(distribution, dist.Independent) else distribution
    return base.loc, base.scale


def call_affine(loc, scale, a, b):
    moved = d.affine(d.gaussian(loc, scale=scale), b, a)
    return *parameters_of(moved), d.log_prob_of(moved, moved.mean)


def affine_of_matrix(m, S, A):
    check_full(m, S)
    require(np.isfinite(A))
    if A.shape in ((), m.shape[-1:]):  # elementwise
        A = np.diag(np.broadcast_to(A, m.shape[-1:]))
    require(A.ndim == 2 and A.shape[1] == m.shape[-1] and A.shape[0] <= A.shape[1])
    unit = np.abs(A).max()
    require(np.linalg.matrix_rank(A) == len(A))
    spread = unit**2 * ((A / unit) @ S @ (A / unit).T)
    return (A @ m[..., None])[..., 0], np.broadcast_to(spread, (*m.shape[:-1], len(A), len(A)))


def covariance_of(distribution):
    factor = np.asarray(distribution.scale_tril, np.float64)
    return (factor @ factor.swapaxes(-1, -2)).astype(np.asarray(distribution.scale_tril).dtype)


def call_affine_of_matrix(m, S, A):
    moved = d.affine(d.gaussian(m, covariance=S), 0.0, A)
    return moved.loc, covariance_of(moved)


def diagonal_pair(m, s, n, r):
    check_gaussian(m, s)
    check_gaussian(n, r)
    require(m.shape[-1:] == n.shape[-1:])
    np.broadcast_shapes(m.shape, n.shape)
    return np.broadcast_to(s, m.shape), np.broadcast_to(r, n.shape)


def product(m, s, n, r):
    s, r = diagonal_pair(m, s, n, r)
    both = np.hypot(s, r)
    small, large = np.minimum(s, r), np.maximum(s, r)
    ratio = (small / large) ** 2  # in units of the smaller scale
    near, far = np.where(s <= r, m, n), np.where(s <= r, n, m)
    mean = near + (far - near) * ratio / (1 + ratio)
    log_z = normal_log_prob(m, n, both)
    return mean, small / np.sqrt(1 + ratio), log_z.sum(-1) if m.ndim else log_z


def gaussians(m, s, n, r):
    return d.gaussian(m, scale=s), d.gaussian(n, scale=r)


def call_product(m, s, n, r):
    both, log_z = d.product(*gaussians(m, s, n, r))
    return *parameters_of(both), log_z


def interpolate(m, s, n, r, t=0.3):
    s, r = diagonal_pair(m, s, n, r)
    a, b = s / np.sqrt(1 - t), r / np.sqrt(t)
    return product(m, np.broadcast_to(a, m.shape), n, np.broadcast_to(b, n.shape))[:2]


def call_interpolate(m, s, n, r):
    return parameters_of(d.interpolate(*gaussians(m, s, n, r), 0.3))


def path_density(x, m, s, n, r):
    return 0.7 * gaussian(x, m, s) + 0.3 * gaussian(x, n, r)


def kl_of_normals(m, s, n, r):
    s, r = diagonal_pair(m, s, n, r)
    ratio = s / r
    each = (ratio**2 + ((m - n) / r) ** 2 - 1) / 2 - np.log(ratio)
    return each.sum(-1) if m.ndim else each


def wasserstein2(m, s, n, r):
    s, r = diagonal_pair(m, s, n, r)
    apart = np.stack(np.broadcast_arrays(m - n, s - r))
    axes = (0, -1) if m.ndim else 0
    unit = np.abs(apart).max(axes, keepdims=True, initial=0)
    unit = np.where(unit > 0, unit, 1.0)
    return np.sqrt(((apart / unit) ** 2).sum(axes)) * unit.reshape(np.shape(((apart / unit) ** 2).sum(axes)))


def over_batches(function):
    """Check two full Gaussians, and map over their batches."""
    mapped = np.vectorize(function, signature="(d),(d,d),(d),(d,d)->()")

    def checked(m, S, n, R):
        full_pair(m, S, n, R)
        return mapped(m, S, n, R)

    return checked


def full_pair(m, S, n, R):
    check_full(m, S)
    check_full(n, R)
    require(m.shape[-1] == n.shape[-1])


@over_batches
def kl_of_full(m, S, n, R):
    inverse = np.linalg.inv(R / R.max()) / R.max()
    apart = n - m
    trace = np.trace(inverse @ S) + apart @ inverse @ apart - DIM
    return (trace + np.linalg.slogdet(R / R.max())[1] - np.linalg.slogdet(S / R.max())[1]) / 2


@over_batches
def wasserstein2_of_full(m, S, n, R):
    unit = np.sqrt(max(np.abs(S).max(), np.abs(R).max(), np.abs(m - n).max() ** 2))
    S, R, apart = S / unit**2, R / unit**2, (m - n) / unit
    left, values, _ = np.linalg.svd(S)
    root = (left * np.sqrt(values)) @ left.T
    cross = np.sqrt(np.linalg.svd(root @ R @ root)[1]).sum()
    return unit * np.sqrt(np.maximum(apart @ apart + np.trace(S) + np.trace(R) - 2 * cross, 0))


def conditional(m, S, v):
    check_full(m, S)
    require(m.shape[-1] == DIM and v.shape == (1,) and np.isfinite(v).all())
    S = np.broadcast_to(S, (*m.shape, DIM))
    unit = np.sqrt(S[..., 2:, 2:])
    gain = S[..., :2, 2:] / unit / unit  # [..., 2, 1]
    left = S[..., :2, :2] - gain * S[..., None, 2, :2]
    return m[..., :2] + gain[..., 0] * (v[0] - m[..., 2:]), left


def call_conditional(m, S, v):
    left = d.conditional(d.gaussian(m, covariance=S), [2], v)
    return left.loc, covariance_of(left)


def marginal(m, S):
    check_full(m, S)
    return m[..., [2, 0]], np.broadcast_to(S[..., [2, 0], :][..., [2, 0]], (*m.shape[:-1], 2, 2))


def call_marginal(m, S):
    left = d.marginal(d.gaussian(m, covariance=S), [2, -3])
    return left.loc, covariance_of(left)


# --- Mixtures and joints -----------------------------------------------------------------------------


def check_simplex(weights):
    require(weights >= 0)
    require(np.abs(weights.sum(-1) - 1) < 1e-5)
    require(weights.ndim and weights.shape[-1])


def mixture(x, weights, loc, scale):
    check_simplex(weights)
    require(np.broadcast_shapes(loc.shape, scale.shape)[-1:] == weights.shape[-1:])
    with np.errstate(divide="ignore"):
        terms = np.log(weights / weights.sum()) + normal_log_prob(x[..., None], loc, scale)
    return np.where(np.isnan(x), np.nan, logsumexp(terms, axis=-1))


def mixture_arguments(rng):
    return {"x": rng.normal(size=DIM), "weights": probabilities(rng, 2), "loc": rng.normal(size=2),
            "scale": positive(rng, 2)}  # fmt: skip


def call_mixture(x, weights, loc, scale):
    return d.log_prob_of(d.mixture(weights, made(dist.Normal, loc, scale)), x)


def gather(x, loc, scale):
    loc, scale = np.broadcast_arrays(loc, scale)
    require(loc.ndim == 1 and len(loc) in (2, DIM) and len(loc) == DIM)
    return normal_log_prob(x, loc[[2, 0, 1]], scale[[2, 0, 1]])


def symmetrised(x, loc, scale):
    check_gaussian(loc, scale)
    require(loc.shape == x.shape == (DIM,))
    orders = [normal_log_prob(x[list(order)], loc, scale).sum() for order in permutations(range(DIM))]
    return logsumexp(orders) - np.log(len(orders))


# --- Discrete ----------------------------------------------------------------------------------------


def bernoulli(probs):
    require((probs >= 0) & (probs <= 1))
    return np.log1p(-probs), np.log(probs)


def call_bernoulli(probs):
    coin = d.bernoulli(probs=probs)
    return tuple(d.log_prob_of(coin, jnp.full(jnp.shape(probs), bit)) for bit in (0, 1))


def bernoulli_logits(logits):
    require(np.isfinite(logits))
    return special.log_expit(-logits), special.log_expit(logits)


def call_bernoulli_logits(logits):
    coin = d.bernoulli(logits=logits)
    return tuple(d.log_prob_of(coin, jnp.full(jnp.shape(logits), bit)) for bit in (0, 1))


def check_logits(logits):
    require(logits.ndim and logits.shape[-1])
    require(np.isfinite(logits.max(-1)))


def categorical(probs):
    check_simplex(probs)
    return np.log(probs[..., 0] / probs.sum(-1))


def call_categorical(probs):
    return d.log_prob_of(d.categorical(probs=probs), jnp.zeros(jnp.shape(probs)[:-1], int))


def categorical_logits(logits):
    check_logits(logits)
    return log_softmax(logits, -1)[..., 0]


def call_categorical_logits(logits):
    return d.log_prob_of(d.categorical(logits=logits), jnp.zeros(jnp.shape(logits)[:-1], int))


def two(rng, size=4):
    return {"p": probabilities(rng, size), "q": probabilities(rng, size)}


def check_two(p, q):
    check_simplex(p)
    check_simplex(q)
    require(p.shape[-1] == q.shape[-1])
    np.broadcast_shapes(p.shape, q.shape)
    return p / p.sum(-1, keepdims=True), q / q.sum(-1, keepdims=True)


def kl_of_categoricals(p, q):
    p, q = check_two(p, q)
    return special.rel_entr(p, q).sum(-1)


def total_variation(p, q):
    p, q = check_two(p, q)
    return np.abs(p - q).sum(-1) / 2


def categoricals(p, q):
    return d.categorical(probs=p), d.categorical(probs=q)


def coins(rng):
    return {"p": rng.uniform(size=DIM), "q": rng.uniform(size=DIM)}


def check_coins(p, q):
    require((p >= 0) & (p <= 1))
    require((q >= 0) & (q <= 1))
    np.broadcast_shapes(p.shape, q.shape)


def kl_of_coins(p, q):
    check_coins(p, q)
    return special.rel_entr(p, q) + special.rel_entr(1 - p, 1 - q)


def path_of_coins(p, q):
    check_coins(p, q)
    one = special.xlogy(0.7, p) + special.xlogy(0.3, q)
    zero = special.xlog1py(0.7, -p) + special.xlog1py(0.3, -q)
    require(np.maximum(one, zero) > -np.inf)
    return special.expit(one - zero)


def path_of_categoricals(p, q):
    require(p.shape == q.shape)
    p, q = check_two(p, q)
    logits = 0.7 * np.log(p) + 0.3 * np.log(q)
    require(logits.max(-1) > -np.inf)
    return softmax(logits, -1)


def two_coins(p, q):
    return d.bernoulli(probs=p), d.bernoulli(probs=q)


def temper_coin(probs, beta=3.0):
    require((probs >= 0) & (probs <= 1))
    return special.expit(beta * special.logit(probs))


def temper_categorical(probs, beta=0.5):
    check_simplex(probs)
    return softmax(beta * np.log(probs), -1)


def temper_normal(loc, scale, beta=4.0):
    check_gaussian(loc, scale)
    return loc, np.broadcast_to(scale, loc.shape) / np.sqrt(beta)


def call_temper_normal(loc, scale):
    return parameters_of(d.temper(d.gaussian(loc, scale=scale), 4.0))


def truncated(logits, top_k, top_p, temperature):
    require(logits.ndim and logits.shape[-1])
    flat = logits.reshape(-1, logits.shape[-1]) / temperature
    rows = []
    for row in flat:
        if np.isnan(row).any() or not np.isfinite(row.max()):
            rows.append(np.full(row.shape, np.nan))
            continue
        order = np.argsort(-row, kind="stable")
        kept = np.zeros(len(row), bool)
        kept[order[:top_k]] = True
        p = softmax(np.where(kept, row, -np.inf))[order]
        before = np.concatenate([[0], p.cumsum()[:-1]])
        kept[order[(before >= top_p) & (np.arange(len(row)) > 0)]] = False
        rows.append(log_softmax(np.where(kept, row, -np.inf)))
    return np.stack(rows).reshape(logits.shape) if rows else logits


def truncation_row(**options):
    full_options = {"top_k": None, "top_p": np.inf, "temperature": 1.0} | options
    return Row(
        lambda logits: d.truncation(**options)(logits),
        lambda logits: truncated(logits, **full_options),
        lambda rng: {"logits": rng.normal(size=(2, 9))}, least_unit=1.0,
    )  # fmt: skip


# --- Supports ----------------------------------------------------------------------------------------

OPEN = {"Gamma", "InverseGamma", "LogNormal", "HalfNormal", "Weibull"}  # without their edge in NumPyro


def uniform(a, b):
    if np.broadcast_shapes(np.shape(a), np.shape(b)) and not (np.asarray(b) > np.asarray(a)).all():
        raise ValueError  # NumPyro does not
    return dist.Uniform(a, b)


def log_normal(x, loc, scale):
    inside = np.where(x > 0, x, np.inf)
    return np.where(np.isnan(x), np.nan, stats.norm.logpdf(np.log(inside), loc, scale) - np.log(inside))


def gumbel(x, loc, scale):
    """SciPy's density at -inf is no number; it is zero."""
    is_least = np.isneginf(x) & np.isfinite(loc) & np.isfinite(scale)
    return np.where(is_least, -np.inf, stats.gumbel_r.logpdf(x, loc, scale))


FAMILIES = {
    "Gamma": (dist.Gamma, lambda x, a, b: stats.gamma.logpdf(x, a, scale=1 / b)),
    "InverseGamma": (dist.InverseGamma, lambda x, a, b: stats.invgamma.logpdf(x, a, scale=b)),
    "LogNormal": (dist.LogNormal, log_normal),
    "Beta": (dist.Beta, stats.beta.logpdf),
    "Laplace": (dist.Laplace, stats.laplace.logpdf),
    "Cauchy": (dist.Cauchy, stats.cauchy.logpdf),
    "StudentT": (lambda a, b: dist.StudentT(3.0, a, b), lambda x, a, b: stats.t.logpdf(x, 3, a, b)),
    "Uniform": (uniform, lambda x, a, b: stats.uniform.logpdf(x, a, b - a)),
    "HalfNormal": (lambda a, b: dist.HalfNormal(a), lambda x, a, b: stats.halfnorm.logpdf(x, 0, a)),  # noqa: ARG005
    "Weibull": (dist.Weibull, lambda x, a, b: stats.weibull_min.logpdf(x, b, scale=a)),
    "Logistic": (dist.Logistic, stats.logistic.logpdf),
    "Gumbel": (dist.Gumbel, gumbel),
}  # fmt: skip


def family_row(name, family, log_density):
    def reference(x, a, b):
        found = np.where(np.isnan(x), np.nan, log_density(x, a, b))
        return np.where((x == 0) & ~np.isnan(found), -np.inf, found) if name in OPEN else found

    return Row(
        lambda x, a, b: d.log_prob_of(made(family, a, b), x), reference,
        lambda rng: {"x": rng.normal(size=DIM), "a": positive(rng, DIM), "b": positive(rng, DIM)},
        least_unit=1.0,
    )  # fmt: skip


def poisson(x, rate):
    found = np.where(np.isinf(x), -np.inf, stats.poisson.logpmf(x, rate))
    return np.where(np.isnan(x) | np.isnan(rate), np.nan, found)


def next_logits(weights, tokens, position):
    previous = jnp.where(position > 0, tokens[jnp.maximum(position - 1, 0)], 0)
    return weights[previous]


def autoregressive(weights):
    require(weights.shape == (DIM, DIM))
    require(np.isfinite(weights.max(-1)))
    p = log_softmax(weights, -1)
    return p[0, 1] + p[1, 2] + p[2, 0]


def call_autoregressive(weights):
    if np.shape(weights) != (DIM, DIM):
        raise Unbuildable
    words = d.autoregressive(Partial(next_logits, jnp.asarray(weights, float)), 3)
    return words.log_prob(jnp.array([1, 2, 0]))


ROWS = {
    "distributions.gaussian, scale": Row(
        lambda x, loc, scale: d.log_prob_of(d.gaussian(loc, scale=scale), x),
        gaussian,
        normal_arguments,
        least_unit=1.0,
    ),
    "distributions.gaussian, covariance": Row(
        lambda x, loc, covariance: d.log_prob_of(d.gaussian(loc, covariance=covariance), x),
        full,
        lambda rng: {
            "x": rng.normal(size=DIM),
            "loc": rng.normal(size=DIM),
            "covariance": full_arguments(rng)["S"],
        },
        least_unit=1.0,
    ),
    "distributions.affine": Row(
        call_affine,
        affine,
        lambda rng: {
            "loc": rng.normal(size=DIM),
            "scale": positive(rng, DIM),
            "a": rng.normal(size=DIM),
            "b": rng.normal(size=DIM),
        },
        least_unit=0.0,
    ),
    "distributions.affine, matrix": Row(
        call_affine_of_matrix,
        affine_of_matrix,
        lambda rng: {
            "m": rng.normal(size=DIM),
            "S": full_arguments(rng)["S"],
            "A": rng.normal(size=(2, DIM)),
        },
        by_norm=True,
        least_unit=float(np.finfo(np.float32).tiny),  # the test multiplies factors in their type
    ),
    "distributions.product": Row(call_product, product, pair_arguments),
    "distributions.interpolate": Row(call_interpolate, interpolate, pair_arguments),
    "distributions.interpolate, coins": Row(
        lambda p, q: d.interpolate(*two_coins(p, q), 0.3).probs, path_of_coins, coins, rounds_to_zero=True
    ),
    "distributions.interpolate, categorical": Row(
        lambda p, q: d.interpolate(*categoricals(p, q), 0.3).probs,
        path_of_categoricals,
        two,
        rounds_to_zero=True,
    ),
    "distributions.interpolate_log_density": Row(
        lambda x, m, s, n, r: d.interpolate_log_density(*gaussians(m, s, n, r), 0.3)(x),
        path_density,
        lambda rng: {"x": rng.normal(size=DIM)} | pair_arguments(rng),
        least_unit=1.0,
    ),
    "distributions.kl": Row(
        lambda m, s, n, r: d.kl(*gaussians(m, s, n, r)).value, kl_of_normals, pair_arguments, least_unit=1.0
    ),
    "distributions.kl, full": Row(
        lambda m, S, n, R: d.kl(d.gaussian(m, covariance=S), d.gaussian(n, covariance=R)).value,
        kl_of_full,
        full_arguments,
        least_unit=1.0,
        by_norm=True,
    ),
    "distributions.kl, categorical": Row(
        lambda p, q: d.kl(*categoricals(p, q)).value, kl_of_categoricals, two, least_unit=1.0
    ),
    "distributions.kl, coins": Row(
        lambda p, q: d.kl(*two_coins(p, q)).value, kl_of_coins, coins, least_unit=1.0
    ),
    "distributions.wasserstein2": Row(
        lambda m, s, n, r: d.wasserstein2(*gaussians(m, s, n, r)).value, wasserstein2, pair_arguments
    ),
    "distributions.wasserstein2, full": Row(
        lambda m, S, n, R: d.wasserstein2(d.gaussian(m, covariance=S), d.gaussian(n, covariance=R)).value,
        wasserstein2_of_full,
        full_arguments,
        by_norm=True,
    ),
    "distributions.total_variation": Row(
        lambda p, q: d.total_variation(*categoricals(p, q)).value, total_variation, two, least_unit=1.0
    ),
    "distributions.conditional": Row(
        call_conditional,
        conditional,
        lambda rng: {"m": rng.normal(size=DIM), "S": full_arguments(rng)["S"], "v": rng.normal(size=1)},
        by_norm=True,
    ),
    "distributions.marginal": Row(
        call_marginal,
        marginal,
        lambda rng: {"m": rng.normal(size=DIM), "S": full_arguments(rng)["S"]},
        by_norm=True,
    ),
    "distributions.mixture": Row(call_mixture, mixture, mixture_arguments, least_unit=1.0),
    "distributions.gather": Row(
        lambda x, loc, scale: d.log_prob_of(
            d.gather(made(dist.Normal, loc, scale), jnp.array([2, 0, -2])), x
        ),
        gather,
        normal_arguments,
        least_unit=1.0,
    ),
    "distributions.symmetrised": Row(
        lambda x, loc, scale: d.symmetrised(d.gaussian(loc, scale=scale), DIM).log_prob(jnp.asarray(x)),
        symmetrised,
        normal_arguments,
        least_unit=1.0,
    ),
    "distributions.bernoulli, probs": Row(
        call_bernoulli, bernoulli, lambda rng: {"probs": rng.uniform(size=DIM)}, least_unit=1.0
    ),
    "distributions.bernoulli, logits": Row(
        call_bernoulli_logits, bernoulli_logits, lambda rng: {"logits": rng.normal(size=DIM)}, least_unit=1.0
    ),
    "distributions.categorical, probs": Row(
        call_categorical, categorical, lambda rng: {"probs": probabilities(rng)}, least_unit=1.0
    ),
    "distributions.categorical, logits": Row(
        call_categorical_logits,
        categorical_logits,
        lambda rng: {"logits": rng.normal(size=4)},
        least_unit=1.0,
    ),
    "distributions.temper, normal": Row(
        call_temper_normal,
        temper_normal,
        lambda rng: {"loc": rng.normal(size=DIM), "scale": positive(rng, DIM)},
    ),
    "distributions.temper, coin": Row(
        lambda probs: d.temper(d.bernoulli(probs=probs), 3.0).probs,
        temper_coin,
        lambda rng: {"probs": rng.uniform(size=DIM)},
        rounds_to_zero=True,
    ),
    "distributions.temper, categorical": Row(
        lambda probs: d.temper(d.categorical(probs=probs), 0.5).probs,
        temper_categorical,
        lambda rng: {"probs": probabilities(rng)},
        rounds_to_zero=True,
    ),
    "distributions.truncation, top_k": truncation_row(top_k=4, temperature=0.7),
    "distributions.truncation, top_p": truncation_row(top_p=0.7),
    "distributions.autoregressive": Row(
        call_autoregressive,
        autoregressive,
        lambda rng: {"weights": rng.normal(size=(DIM, DIM))},
        least_unit=1.0,
    ),
    "distributions.MultivariateNormal": Row(
        call_multivariate_normal,
        any_full,
        lambda rng: {
            "x": rng.normal(size=DIM),
            "loc": rng.normal(size=DIM),
            "covariance": full_arguments(rng)["S"],
        },
        least_unit=1.0,
    ),
    "distributions.joint": Row(
        lambda x, y: d.joint(a=dist.Normal(0.5, 2.0), b=dist.Exponential(1.5)).log_prob({"a": x, "b": y}),
        lambda x, y: (
            normal_log_prob(x, 0.5, 2.0) + np.where(y == 0, -np.inf, stats.expon.logpdf(y, 0, 1 / 1.5))
        ),
        lambda rng: {"x": rng.normal(size=DIM), "y": positive(rng, DIM)},
        least_unit=1.0,
    ),
    "distributions.log_prob_of, Poisson": Row(
        lambda x, rate: d.log_prob_of(made(dist.Poisson, rate), x),
        poisson,
        lambda rng: {"x": rng.poisson(2, DIM).astype(float), "rate": positive(rng, DIM)},
        least_unit=1.0,
    ),
    **{
        f"distributions.log_prob_of, {name}": family_row(name, family, log_density)
        for name, (family, log_density) in FAMILIES.items()
    },
}
