"""Rows of bounds on the log-likelihood of models, and of their gap on simulated examples."""

from functools import partial
from typing import Any

import jax
import numpy as np

from benchmarks.intervals.row import Ends, Row, ends_of, key_of
from jgen.evaluation import log_likelihood, mean_result
from jgen.models import linear_vae

SIZE = 50
OPTIONS: dict[str, Any] = {"num_chains": 2, "num_temperatures": 4, "num_leapfrogs": 2, "step_size": 0.5}


def wide_params() -> dict[str, Any]:
    """Return parameters of a linear decoder with an encoder that is wider than the posterior."""
    weight, scale = np.diag([1.5, 1.0])[[0, 1, 0, 1]], 0.7
    variance = 1 / (1 + np.square(weight).sum(0) / scale**2)
    to_mean = variance[:, None] * weight.T / scale**2
    encoder = {"weight": 0.9 * to_mean, "bias": np.zeros(2), "log_scale": np.log(variance) / 2 + 0.3}
    decoder = {"weight": weight, "bias": np.zeros(4), "log_scale": np.log(scale)}
    return {"prior": {}, "decoder": decoder, "encoder": encoder}


def of_bound(method: str, rng: np.random.Generator, repeats: int) -> Ends:
    """Estimate the expected bound, about the mean of all repeats."""
    params = wide_params()
    z = rng.normal(size=(repeats * SIZE, 2))
    x = z @ params["decoder"]["weight"].T + 0.7 * rng.normal(size=(len(z), 4))
    found = log_likelihood(
        *(key_of(rng), linear_vae(4, 2), params, x, [method]), num_particles=16, batch_size=5000, **OPTIONS
    )
    bound = getattr(found, method)
    values = bound.values.reshape(repeats, SIZE) - bound.values.mean()
    return ends_of(mean_result(one, bound.mean.method, {}) for one in values)


def of_gap(rng: np.random.Generator, repeats: int) -> Ends:
    """Estimate the expected gap of simulated examples, about the mean of all repeats."""
    found = log_likelihood(
        *(key_of(rng), linear_vae(4, 2), wide_params(), np.zeros((1, 4)), ["bdmc"]),
        num_simulated=repeats * SIZE,
        batch_size=5000,
        **OPTIONS,
    ).bdmc
    assert found is not None
    values = found.upper_values - found.lower_values
    values = jax.device_get(values).reshape(repeats, SIZE) - values.mean()
    return ends_of(mean_result(one, "gap", {}) for one in values)


def rows() -> list[Row]:
    """List the rows."""
    cases = {"elbo": "ELBO, 16 draws", "iwae": "IWAE, K = 16", "ais": "annealing, 2 chains"}
    return [
        *(
            Row(log_likelihood, "mean of the bound", f"linear model, {case}, {SIZE} examples", repeat)
            for method, case in cases.items()
            for repeat in [partial(of_bound, method)]
        ),
        Row(log_likelihood, "gap between the bounds", f"linear model, {SIZE} simulated examples", of_gap),
    ]
