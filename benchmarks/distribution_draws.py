"""Measure draws per second of mixtures by jgen, NumPyro and a Python loop."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist

from benchmarks.timing import time_in_rounds
from jgen.distributions import mixture
from jgen.samplers import direct
from jgen.sampling.driver import resume, start
from jgen.types import Array, Key

NUM_DRAWS = 100_000
LOOP_DRAWS = 200


def mixture_rows(seconds: float) -> list[dict[str, Any]]:
    """Measure draws per second of mixtures of 5 and 40 components, in one and four dimensions.

    Args:
        seconds: Budget of each row.

    Returns:
        A row for each method; ``jgen_ratio`` is its time per draw divided by that of ``mixture.sample``,
        for NumPyro the speedup by jgen.
    """
    rows = []
    for num_components in (5, 40):
        for dim in (1, 4):
            calls = methods(num_components, dim)
            with jax.numpy_rank_promotion("allow"):  # NumPyro promotes
                timed = time_in_rounds({name: call for name, (_, call) in calls.items()}, seconds)
            ours = timed["jgen mixture.sample"]
            for name, (num_draws, _) in calls.items():
                per_draw = NUM_DRAWS / num_draws
                rows.append(
                    {
                        "components": num_components,
                        "dim": dim,
                        "method": name,
                        "draws_per_second": num_draws / timed[name].median,
                        "jgen_ratio": timed[name].ratio(ours) * per_draw,
                        "compile_seconds": timed[name].compile_seconds,
                    }
                )
    return rows


def methods(num_components: int, dim: int) -> dict[str, tuple[int, Callable[[], Any]]]:
    """Return the methods: name -> number of draws of a call, and the call."""
    weights = np.arange(1, num_components + 1) / (num_components * (num_components + 1) / 2)
    means = np.linspace(-10, 10, num_components * dim).reshape(num_components, dim)
    components = gaussians(means)
    ours = mixture(weights, components)
    theirs = dist.MixtureSameFamily(dist.Categorical(jnp.asarray(weights)), components)
    key = jax.random.key(0)
    sampler = direct(ours)
    state, _ = start(key, sampler, num_chains=NUM_DRAWS // 100)
    calls: dict[str, tuple[int, Callable[[], Any]]] = {
        "jgen mixture.sample": (NUM_DRAWS, partial(draw, ours, key)),
        "numpyro MixtureSameFamily": (NUM_DRAWS, partial(draw, theirs, key)),
        "normals alone": (NUM_DRAWS, partial(normals, key, dim)),
        "jgen direct, 1,000 chains": (
            NUM_DRAWS,
            lambda: resume(state, sampler, num_draws=100).draws,
        ),
    }
    if dim == 1:
        calls["a loop over draws"] = (LOOP_DRAWS, lambda: loop(weights, means[:, 0]))
    return calls


def gaussians(means: np.ndarray) -> dist.Distribution:
    """Return unit normals in one dimension; in more, normals with correlations of a half."""
    dim = means.shape[1]
    if dim == 1:
        return dist.Normal(jnp.asarray(means[:, 0]), jnp.ones(len(means)))
    covariance = 0.5 * np.eye(dim) + 0.5
    tril = np.broadcast_to(np.linalg.cholesky(covariance), (len(means), dim, dim))
    return dist.MultivariateNormal(jnp.asarray(means), scale_tril=jnp.asarray(tril))


@jax.jit
def draw(distribution: dist.Distribution, key: Key) -> Array:
    """Draw all samples in one call."""
    return distribution.sample(key, (NUM_DRAWS,))


@partial(jax.jit, static_argnums=1)
def normals(key: Key, dim: int) -> Array:
    """Draw the normals that any mixture of normals needs."""
    return jax.random.normal(key, (NUM_DRAWS, dim))


def loop(weights: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Draw one component and one normal at a time, as a simple script does."""
    generator = np.random.default_rng(0)
    draws = np.empty(LOOP_DRAWS)
    for i in range(LOOP_DRAWS):
        component = generator.choice(len(weights), p=weights)
        draws[i] = generator.normal(means[component], 1.0)
    return draws
