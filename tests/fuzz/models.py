"""Models in closed form, against NumPy and SciPy in float64."""

from itertools import permutations

import jax.numpy as jnp
import numpy as np

from jgen import models
from tests.helpers.fuzz import Row, Unbuildable

DIM, LATENT, LEVELS = 4, 2, 4


def require(condition):
    if not np.all(condition):
        raise ValueError("outside of the domain")


def bits(log_prob, step):
    require(step.shape in ((), (3,)))
    require(step > 0)
    return -(log_prob + 3 * np.log(step).mean()) / (3 * np.log(2))


def check_rows(rows, least_rank):
    require(rows.ndim == 2 and len(rows) >= 2 and rows.shape[1] >= 1)
    require(np.isfinite(rows))
    centred = rows - rows.mean(0)
    unit = np.abs(centred).max(initial=0)
    require(unit > 0)
    singular = np.linalg.svd(centred / unit, compute_uv=False)
    require((singular > singular.max() * max(rows.shape) * np.finfo(float).eps).sum() >= least_rank)
    values = np.zeros(rows.shape[1])
    values[: len(singular)] = singular**2 / len(rows)
    return values, unit


def pca(rows):
    values, unit = check_rows(rows, LATENT)
    return values[:LATENT] * unit**2, values[LATENT:].sum() * unit**2


def ppca(rows):
    values, unit = check_rows(rows, LATENT + 1)
    dim, noise = len(values), values[LATENT:].mean()
    logs = np.log(values[:LATENT]).sum() + (dim - LATENT) * np.log(noise)
    return -(dim * np.log(2 * np.pi) + logs + 2 * dim * np.log(unit) + dim) / 2


def linear_arguments(rng):
    return {"x": rng.normal(size=(3, DIM)), "weight": rng.normal(size=(DIM, LATENT)),
            "bias": rng.normal(size=DIM), "log_scale": np.array(0.3 * rng.normal())}  # fmt: skip


def linear_log_prob(x, weight, bias, log_scale):
    require(np.isfinite(weight))
    left, singular, _ = np.linalg.svd(weight)
    variance = np.exp(2 * log_scale) + np.append(singular, np.zeros(DIM - LATENT)) ** 2
    along = (x - bias) @ left
    return -(along**2 / variance).sum(-1) / 2 - np.log(variance).sum() / 2 - DIM * np.log(2 * np.pi) / 2


def call_linear_log_prob(x, weight, bias, log_scale):
    decoder = {"weight": weight, "bias": bias, "log_scale": log_scale}
    return models.linear_log_prob({"decoder": decoder}, x)


def relabelled(draws):
    """Relabel as the docstring says, in the unit of each part."""
    require(draws.ndim == 3 and np.isfinite(draws).all() and draws.size)
    draws = draws - draws[:1, :1]
    size = np.abs(draws).max((0, 1))
    scaled = draws / np.where(size > 0, size, 1.0)
    orders = np.array(list(permutations(range(draws.shape[1]))))
    floor = 1e-3 * scaled.std((0, 1))
    floor = np.where(floor > 0, floor, 1.0)

    def nearest(x, mean, sd):
        cost = (((x[:, orders] - mean) / sd) ** 2).sum((2, 3))  # [draw, order]
        least = np.sort(cost, 1)[:, :2]
        if (least[:, -1] - least[:, 0] < 1e-4 * least[:, -1]).any() and len(orders) > 1:
            raise Unbuildable  # two orders are as near
        chosen = orders[cost.argmin(1)]
        return np.take_along_axis(x, chosen[..., None], 1)

    found = nearest(scaled, scaled[0], scaled.std((0, 1)) + floor)
    for _ in range(5):
        found = nearest(found, found.mean(0), found.std(0) + floor)
    return found * np.where(size > 0, size, 1.0)


def modes(rng):
    draws = np.array([-2.0, 2.0])[None, :, None] + 0.3 * rng.normal(size=(20, 2, 2))
    return {"draws": rng.permuted(draws, axis=1)}


def call_relabel(draws):
    found, given = (
        np.asarray(x).astype(np.float64) for x in (models.relabel_components(draws), jnp.asarray(draws))
    )
    return found - given[:1, :1]


def pixels(images, x):
    for values in (images, x):
        require((values >= 0) & (values < LEVELS) & (values == np.floor(values)))
    require(images.size and x.shape[1:] == images.shape[1:])
    flat, points = images.reshape(len(images), -1), x.reshape(len(x), -1)
    counts = (flat[None] == points[:, None]).sum(1)  # [batch, pixel]
    return np.log((counts + 0.5) / (len(flat) + LEVELS / 2)).sum(1)


def images(rng):
    return {"images": rng.integers(0, LEVELS, (9, 3)).astype(float),
            "x": rng.integers(0, LEVELS, (2, 3)).astype(float)}  # fmt: skip


ROWS = {
    "models.bits_per_dimension": Row(
        lambda log_prob, step: models.bits_per_dimension(log_prob, 3, step=step),
        bits,
        lambda rng: {"log_prob": 5 * rng.normal(size=4), "step": rng.uniform(0.1, 1, 3)},
        least_unit=1.0,
    ),
    "models.pca": Row(
        lambda rows: (lambda fit: (fit.variances, fit.rest))(models.pca(rows, LATENT)),
        pca,
        lambda rng: {"rows": rng.normal(size=(20, DIM))},
        by_norm=True,
        is_wide=True,
    ),
    "models.ppca": Row(
        lambda rows: models.ppca(rows, LATENT).log_likelihood,
        ppca,
        lambda rng: {"rows": rng.normal(size=(20, DIM))},
        by_norm=True,
        least_unit=1.0,
    ),
    "models.linear_log_prob": Row(
        call_linear_log_prob,
        linear_log_prob,
        linear_arguments,
        by_norm=True,
        least_unit=1.0,
        has_shapes=False,
    ),
    "models.relabel_components": Row(call_relabel, relabelled, modes),
    "models.independent_pixels": Row(
        lambda images, x: models.independent_pixels(images, LEVELS)(x), pixels, images, is_wide=True
    ),
}
