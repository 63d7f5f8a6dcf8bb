"""Data transforms, averages of parameters, heads, conversion to ArviZ, and log densities of targets."""

import warnings
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
from scipy.special import log_expit, log_softmax, logsumexp

from jgen import data, interop, training
from jgen.decoders import heads
from jgen.distributions import log_prob_of
from jgen.types import DrawKind, Draws
from tests.fuzz.distributions import made
from tests.helpers.fuzz import Row, Unbuildable
from tests.helpers.members import TARGETS, target_of
from tests.targets.test_log_densities import DENSITIES

LEVELS = 5
EXTREME = {"log_gamma": 80.0, "horseshoe": 40.0}  # of logarithms


def require(condition):
    if not np.all(condition):
        raise ValueError("outside of the domain")


def threshold(x):
    require((x >= 0) & (x <= 1))
    return (x > 0.5).astype(float)


def whole_numbers(x):
    require((x >= 0) & (x < LEVELS) & (x == np.floor(x)))
    return x


def call_dequantise(x):
    y = data.dequantise(jax.random.key(0), x, LEVELS)
    return jnp.where((y >= 0) & (y < 1), jnp.floor(LEVELS * y), jnp.nan)


def average(params, decay=0.7):
    t = len(params) if params.ndim else 0
    if not t:
        raise ValueError("no update")
    weights = decay ** np.arange(t - 1, -1, -1)
    return np.tensordot(weights / weights.sum(), params, 1)


def call_average(params):
    if not np.ndim(params) or not len(params):
        raise Unbuildable
    average = training.ema_params(0.7)
    state = average.init(jnp.asarray(params[0]))
    for each in params:
        _, state = average.update(jnp.zeros_like(jnp.asarray(each)), state, jnp.asarray(each))
    train_state = training.init_state(jax.random.key(0), 0.0, optax.identity())
    return training.averaged_params(train_state._replace(opt_state=state))


def half_square(params, rows, key):  # noqa: ARG001
    return jnp.mean((params - rows) ** 2) / 2, {}


def call_mean_loss(rows):
    if not np.ndim(rows):
        raise Unbuildable
    return training.mean_loss(
        half_square, jnp.float32(0.25), jnp.asarray(rows), jax.random.key(0), batch_size=2
    )


def mean_loss(rows):
    require(rows.size)
    return np.square(0.25 - rows).mean() / 2


def log_normaliser(eta):
    """Compute log (e^eta - 1) / eta."""
    size = np.abs(eta)
    safe = np.where(size < 1e-4, 1.0, size)
    far = np.where(eta > 0, eta, 0) + np.log(-np.expm1(-safe)) - np.log(safe)
    return np.where(size < 1e-4, eta / 2 + eta**2 / 24, far)


def continuous_bernoulli(x, logits):
    found = x * logits - log_normaliser(logits)
    return np.where((x >= 0) & (x <= 1), found, np.where(np.isnan(x) | np.isnan(logits), np.nan, -np.inf))


def call_continuous_bernoulli(x, logits):
    if np.isinf(np.asarray(logits, float)).any() or np.isnan(np.asarray(logits, float)).any():
        raise Unbuildable
    return log_prob_of(made(heads.ContinuousBernoulliLogits, np.asarray(logits, np.float32)), x)


def logistic_levels(x, logits, loc, scale):
    """Compute the log-mass of levels under a mixture of logistics, cut at the ends."""
    require(logits.shape == loc.shape == scale.shape)
    level = x[..., None]
    upper, lower = (level + 0.5 - loc) / scale, (level - 0.5 - loc) / scale
    between = log_expit(upper) + log_expit(-lower) + np.log(-np.expm1(-1 / scale))
    mass = np.where(level <= 0, log_expit(upper), np.where(level >= LEVELS - 1, log_expit(-lower), between))
    found = logsumexp(log_softmax(logits, -1) + mass, axis=-1)
    inside = (x >= 0) & (x < LEVELS) & (x == np.floor(x))
    return np.where(inside, found, np.where(np.isnan(x), np.nan, -np.inf))


def call_logistic_levels(x, logits, loc, scale):
    numbers = [np.asarray(value, float) for value in (logits, loc, scale)]
    if not all(np.isfinite(value).all() for value in numbers) or not (numbers[2] > 0).all():
        raise Unbuildable
    if not numbers[0].shape == numbers[1].shape == numbers[2].shape or not numbers[0].ndim:
        raise Unbuildable
    parts = (np.asarray(value, np.float32) for value in (logits, loc, scale))
    return log_prob_of(made(partial(heads.DiscretisedLogistics, num_levels=LEVELS), *parts), x)


def levels(rng):
    return {"x": rng.integers(0, LEVELS, 3).astype(float), "logits": rng.normal(size=(3, 2)),
            "loc": 2 + rng.normal(size=(3, 2)), "scale": rng.uniform(0.3, 2, (3, 2))}  # fmt: skip


def round_trip(draws, energy):
    require(draws.ndim >= 2 and energy.ndim >= 2 and energy.shape[:2] == draws.shape[:2])
    require(draws.shape[0] and draws.shape[1])
    return draws, energy


def call_round_trip(draws, energy):
    if any(np.asarray(value).dtype.name in ("bfloat16", "float16") for value in (draws, energy)):
        raise Unbuildable  # no type of xarray
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "More chains", UserWarning)  # of ArviZ, than draws
        data = interop.to_arviz(Draws(draws, {"energy": energy}, None, DrawKind.MARKOV))
    again = interop.from_arviz(data, like=0.0)
    return again.value, again.info["energy"]


def density_row(name):
    def reference(x):
        if (np.abs(x) >= EXTREME.get(name, np.inf)).any():
            raise Unbuildable  # no position of a sampler, or one where SciPy has no density
        return np.sum(DENSITIES[name](x))

    def call(x):
        x = jnp.asarray(x)
        if x.dtype.itemsize == 2:
            raise Unbuildable  # a density of half precision has two or three digits
        x = x if jnp.issubdtype(x.dtype, jnp.floating) else x.astype(float)
        return target_of(name).log_density(x)

    return Row(
        call, reference, lambda rng: {"x": rng.normal(size=np.shape(target_of(name).start))},
        has_shapes=False, least_unit=1.0, steps=200, is_x32=True,
    )  # fmt: skip


ROWS = {
    "data.threshold": Row(data.threshold, threshold, lambda rng: {"x": rng.uniform(size=(3, 4))}),
    "data.dequantise": Row(
        call_dequantise, whole_numbers, lambda rng: {"x": rng.integers(0, LEVELS, 6).astype(float)}
    ),
    "training.ema_params": Row(call_average, average, lambda rng: {"params": rng.normal(size=(5, 3))}),
    "training.mean_loss": Row(call_mean_loss, mean_loss, lambda rng: {"rows": rng.normal(size=(5, 2))}),
    "decoders.heads.ContinuousBernoulliLogits": Row(
        call_continuous_bernoulli,
        continuous_bernoulli,
        lambda rng: {"x": rng.uniform(size=4), "logits": 3 * rng.normal(size=4)},
        least_unit=1.0,
    ),
    "decoders.heads.DiscretisedLogistics": Row(call_logistic_levels, logistic_levels, levels, least_unit=1.0),
    "interop.to_arviz": Row(
        call_round_trip,
        round_trip,
        lambda rng: {"draws": rng.normal(size=(2, 5, 3)), "energy": rng.normal(size=(2, 5))},
        is_wide=True,
    ),
    **{
        f"targets.{name}": density_row(name)
        for name in DENSITIES
        if name in TARGETS and name not in ("dirichlet", "wishart", "breast_cancer", "rosenbrock", "funnel")
    },
}
