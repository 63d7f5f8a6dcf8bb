"""Compare samplers on one density with known moments."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax

from jgen.evaluation.sampler_metrics import evaluate_draws
from jgen.evaluation.timing import timed_sample
from jgen.sampling.adaptation import window
from jgen.types import Adaptation, Array, Draws, Key, PyTree, Sampler

NUM_WARMUP = 100


class Entry(NamedTuple):
    """Sampler of a comparison, and how it is run.

    Attributes:
        sampler: The sampler.
        warm_up: The target acceptance rate of a dense ``window``, or another adaptation; None for a sampler
            that needs neither warm-up nor a start.
        num_chains: Its own number of chains, for a sampler each of whose draws is a population of particles;
            None for that of the others.
    """

    sampler: Sampler
    warm_up: float | Adaptation | None = None
    num_chains: int | None = None


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
    samplers: Mapping[str, Entry],
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
        samplers: Name -> sampler, and its warm-up of 100 steps.
        exact: Exact draws to start at, ``[sampler, chain, *event]``, for which the error between chains is
            right even if they do not mix; None if no sampler needs a start.
        mean: E x, ravelled ``[dim]``.
        variance: Var x, ravelled ``[dim]``.
        num_chains: Chains of each, if its entry has no number of its own.
        num_draws: Draws of each chain.
        on_row: Called with 1 after each sampler.

    Returns:
        Scores and draws of each sampler.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.samplers import direct
        >>> entry = {"direct": Entry(direct(dist.Normal(3.0, 2.0)))}
        >>> moments = {"mean": jnp.array([3.0]), "variance": jnp.array([4.0])}
        >>> found = compare_samplers(jax.random.key(0), entry, None, **moments, num_chains=10, num_draws=10)
        >>> found.draws["direct"].value.shape
        (10, 10)
    """
    rows, draws = {}, {}
    for i, (name, entry) in enumerate(samplers.items()):
        sampler, warm_up, own_chains = entry
        chains = num_chains if own_chains is None else own_chains
        options: dict[str, Any] = {"num_draws": num_draws, "num_chains": chains}
        if warm_up is not None:
            adaptation = warm_up if isinstance(warm_up, Adaptation) else window(warm_up, dense=True)
            options |= {"num_warmup": NUM_WARMUP, "adaptation": adaptation}
            options["position"] = jax.tree.map(lambda leaf, i=i, n=chains: leaf[i, :n], exact)
        run, seconds = timed_sample(jax.random.fold_in(key, i), sampler, **options)
        assert run.draws is not None
        rows[name] = evaluate_draws(run, seconds=seconds, mean=mean, variance=variance)
        draws[name] = run.draws
        on_row(1)
    return SamplerComparison(rows, draws)
