"""Compare samplers on one density with known moments."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax

from jgen.evaluation.sampler_metrics import evaluate_draws
from jgen.evaluation.timing import timed_sample
from jgen.sampling.adaptation import window
from jgen.types import Array, Draws, Key, PyTree, Sampler

NUM_WARMUP = 100


class SamplerComparison(NamedTuple):
    """Scores and draws of each sampler.

    Attributes:
        rows: Name -> the columns of ``jgen.evaluation.sampler_metrics.evaluate_draws``.
        draws: Name -> draws, ``[chain, draw, *event]``.
    """

    rows: Mapping[str, Mapping[str, Any]]
    draws: Mapping[str, Draws]


def compare_samplers(
    key: Key,
    samplers: Mapping[str, tuple[Sampler, float | None]],
    exact: PyTree,
    *,
    mean: Array,
    variance: Array,
    num_chains: int,
    num_draws: int,
    on_row: Callable[[int], Any] = lambda _: None,
) -> SamplerComparison:
    """Run and score samplers one after another, with equally many chains and draws.

    Args:
        key: Random key, folded with the index of each sampler.
        samplers: Name -> sampler, and the target acceptance rate of its warm-up (a dense ``window`` of
            100 steps); None for a sampler that needs neither warm-up nor a start.
        exact: Exact draws to start at, ``[sampler, chain, *event]``, for which the error between chains is
            right even if they do not mix; None if no sampler needs a start.
        mean: E x, ravelled ``[dim]``.
        variance: Var x, ravelled ``[dim]``.
        num_chains: Chains, or particles, of each.
        num_draws: Draws of each chain.
        on_row: Called with 1 after each sampler.

    Returns:
        Scores and draws of each sampler.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.samplers import direct
        >>> entry = {"direct": (direct(dist.Normal(3.0, 2.0)), None)}
        >>> moments = {"mean": jnp.array([3.0]), "variance": jnp.array([4.0])}
        >>> found = compare_samplers(jax.random.key(0), entry, None, **moments, num_chains=10, num_draws=10)
        >>> found.draws["direct"].value.shape
        (10, 10)
    """
    rows, draws = {}, {}
    for i, (name, (sampler, target_acceptance)) in enumerate(samplers.items()):
        options: dict[str, Any] = {"num_draws": num_draws, "num_chains": num_chains}
        if target_acceptance is not None:
            options |= {"num_warmup": NUM_WARMUP, "adaptation": window(target_acceptance, dense=True)}
            options["position"] = jax.tree.map(lambda leaf, i=i: leaf[i], exact)
        run, seconds = timed_sample(jax.random.fold_in(key, i), sampler, **options)
        assert run.draws is not None
        rows[name] = evaluate_draws(run, seconds=seconds, mean=mean, variance=variance)
        draws[name] = run.draws
        on_row(1)
    return SamplerComparison(rows, draws)
