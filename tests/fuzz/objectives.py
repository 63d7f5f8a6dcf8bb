"""Objectives, kernels and divergences, against NumPy in float64.

Encoders and priors are of points, so that nothing is random.
"""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from scipy.special import log_expit

from jgen import objectives
from jgen.distributions import log_prob_of
from jgen.types import LatentModel
from tests.helpers.fuzz import Row, Unbuildable

KEY = jax.random.key(0)
DIM = 3


def require(condition):
    if not np.all(condition):
        raise ValueError("outside of the domain")


def nothing(key):  # noqa: ARG001
    return {}


def model_of(decode, dim=DIM):
    """Return a model whose code is half of the example."""
    return LatentModel(
        nothing,
        lambda params: dist.Delta(jnp.zeros(dim), event_dim=1),  # noqa: ARG005
        lambda params, z: decode(z),  # noqa: ARG005
        lambda params, x: dist.Delta(jnp.asarray(x) / 2, event_dim=1),  # noqa: ARG005
    )


def normal(z):
    return dist.Normal(z, 1.5).to_event(1)


def coin(z):
    return dist.Bernoulli(logits=z).to_event(1)


def batch(rng):
    return {"x": rng.normal(size=(4, DIM))}


def loss_of(make, decode=normal, dim=DIM):
    def call(x):
        if np.ndim(x) != 2 or np.shape(x)[1] != dim or not np.size(x):
            raise Unbuildable  # the user's own encoder would fail
        return make(model_of(decode, dim))({}, jnp.asarray(x), KEY)[0]

    return call


def reconstruction(x):
    return np.square(x / 2 / 1.5).sum(1).mean() / 2 + x.shape[1] * np.log(1.5 * np.sqrt(2 * np.pi))


def bce(x):
    terms = -(x * log_expit(x / 2) + (1 - x) * log_expit(-x / 2))
    return np.where((x >= 0) & (x <= 1), terms, np.nan).mean(1).mean()


def mmd(x):
    """Compute by the kernel sum_l exp(-d / 2 l^2), l = 1, 2, against prior draws at 0."""
    z, n = x / 2, len(x)
    require(n >= 2)

    def kernel(squares):
        return np.exp(-squares / 2) + np.exp(-squares / 8)

    within = kernel(np.square(z[:, None] - z[None]).sum(-1))
    to_prior = kernel(np.square(z).sum(-1))
    return (within.sum() - 2 * n) / (n * (n - 1)) + 2 - 2 * to_prior.mean()


def posterior_arguments(rng):
    return {
        "loc": rng.normal(size=(4, 2)),
        "scale": rng.uniform(0.3, 2, (4, 2)),
        "z": rng.normal(size=(4, 2)),
    }


def parts(loc, scale, z):
    if not np.shape(loc) == np.shape(scale) == np.shape(z) or np.ndim(z) != 2 or np.shape(z)[1] != 2:
        raise Unbuildable
    if not (np.asarray(scale, float) > 0).all() or np.isinf(np.asarray(scale, float)).any():
        raise Unbuildable
    if not np.isfinite(np.asarray(loc, float)).all() or np.asarray(scale).dtype == bool or not np.size(z):
        raise Unbuildable
    posterior = dist.Normal(jnp.asarray(loc, float), jnp.asarray(scale, float)).to_event(1)
    prior = dist.Normal(jnp.zeros(2), 1.0).to_event(1)
    return posterior, prior, jnp.asarray(z, float)


def divergence(estimate):
    def call(loc, scale, z):
        posterior, prior, z = parts(loc, scale, z)
        return estimate(posterior, prior, z, log_prob_of(posterior, z))

    return call


def kl_by_coordinate(loc, scale, z):  # noqa: ARG001
    return (scale**2 + loc**2 - 1) / 2 - np.log(scale)


def closed_form_kl(loc, scale, z):
    return kl_by_coordinate(loc, scale, z).sum(1, keepdims=True)


def sampled_kl(loc, scale, z):
    log_q = -np.square((z - loc) / scale) / 2 - np.log(scale)
    return (log_q + np.square(z) / 2).sum(1, keepdims=True)


def log_normal(params, x):
    return -np.square(x - params).sum(-1) / 2 - x.shape[-1] * np.log(2 * np.pi) / 2


def likelihood(params, x):
    require(params.shape == (DIM,) and x.ndim == 2 and x.shape[1] == DIM and len(x))
    return -log_normal(params, x).mean()


def likelihood_arguments(rng):
    return {"params": rng.normal(size=DIM), "x": rng.normal(size=(4, DIM))}


def given(params, x):
    if (
        np.shape(params) != (DIM,)
        or np.ndim(x) != 2
        or not np.size(x)
        or np.isinf(np.asarray(params, float)).any()
    ):
        raise Unbuildable
    if np.isnan(np.asarray(params, float)).any() or np.asarray(params).dtype == bool:
        raise Unbuildable
    return jnp.asarray(params), jnp.asarray(x)


def call_maximum_likelihood(params, x):
    params, x = given(params, x)
    return objectives.maximum_likelihood(lambda p: dist.Normal(p, 1.0).to_event(1))(params, x, KEY)[0]


def call_weighted(params, x):
    params, x = given(params, x)
    one = objectives.maximum_likelihood(lambda p: dist.Normal(p, 1.0).to_event(1))
    return objectives.weighted(a=(0.5, one), b=(2.0, one))(params, x, KEY)[0]


SQUARES = {"squares": lambda rng: {"squares": np.square(rng.normal(size=5))}}

ROWS = {
    "objectives.mse": Row(
        loss_of(objectives.mse), lambda x: np.square(x / 2).mean(1).mean(), batch, rounds_to_zero=True
    ),
    "objectives.latent_l2": Row(
        loss_of(objectives.latent_l2),
        lambda x: np.square(x / 2).sum(1).mean() / 2,
        batch,
        rounds_to_zero=True,
    ),
    "objectives.reconstruction": Row(
        loss_of(objectives.reconstruction), reconstruction, batch, least_unit=1.0
    ),
    "objectives.bce": Row(
        loss_of(objectives.bce, coin), bce, lambda rng: {"x": rng.uniform(size=(4, DIM))}, least_unit=1.0
    ),
    "objectives.mmd": Row(
        loss_of(lambda model: objectives.mmd(model, kernel=objectives.rbf([1.0, 2.0]))),
        mmd,
        batch,
        least_unit=1.0,
    ),
    "objectives.sliced_wasserstein": Row(
        loss_of(objectives.sliced_wasserstein, dim=1),
        lambda x: np.square(x / 2).mean(),
        lambda rng: {"x": rng.normal(size=(4, 1))},
        rounds_to_zero=True,
    ),
    "objectives.rbf": Row(
        lambda squares: objectives.rbf([0.5, 2.0])(squares),
        lambda squares: np.exp(-squares / 0.5) + np.exp(-squares / 8),
        SQUARES["squares"],
        least_unit=1.0,
    ),
    "objectives.imq": Row(
        lambda squares: objectives.imq([0.5, 2.0])(squares),
        lambda squares: 0.5 / (0.5 + squares) + 2 / (2 + squares),
        SQUARES["squares"],
        least_unit=1.0,
    ),
    "objectives.closed_form_kl": Row(
        divergence(objectives.closed_form_kl), closed_form_kl, posterior_arguments, least_unit=1.0
    ),
    "objectives.kl_by_coordinate": Row(
        divergence(objectives.kl_by_coordinate), kl_by_coordinate, posterior_arguments, least_unit=1.0
    ),
    "objectives.sampled_kl": Row(
        divergence(objectives.sampled_kl), sampled_kl, posterior_arguments, least_unit=1.0
    ),
    "objectives.maximum_likelihood": Row(
        call_maximum_likelihood, likelihood, likelihood_arguments, least_unit=1.0
    ),
    "objectives.weighted": Row(
        call_weighted, lambda params, x: 2.5 * likelihood(params, x), likelihood_arguments, least_unit=1.0
    ),
}
