"""Check that weighted draws, exact ones included, average to Z and to the target."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from jgen._internal.particles import merge_particles
from jgen.sampling.driver import sample
from jgen.testing.check_result import Measurement, require_within
from jgen.testing.sampler_checks.compare_samples import statistic_names, statistics
from jgen.testing.sampler_checks.target_draws import Make, exact_draws
from jgen.types import DrawKind, Key, Sampler, Target


def importance_weights(
    make: Make, target: Target, key: Key, *, num_draws: int = 40_000, false_alarm: float = 1e-6
) -> Measurement:
    r"""Test E[w] = Z, and E[w 1{g(x) <= t}] = Z P(g(x) <= t) at the deciles of each statistic g, both sides.

    Each identity is a mean of independent terms, compared with exact draws by a z-test; terms are bounded
    wherever the weights are. Wrong weights may have no variance at all, which would hide the error in its own
    standard error; on the side of high density even they are bounded. The thresholds are the normal quantiles
    at ``false_alarm`` over the number of identities, some 6 standard errors. A correct sampler passes them
    with that probability by the central limit theorem, which is no bound: weights of heavy tails, whose
    variance a sample underestimates, do so more often.

    The particles of an ensemble depend on each other, so a term is the mean over a whole population. The
    identities hold for a population of any size: one of eight particles makes many of them.

    Args:
        make: Makes the sampler.
        target: A target with exact draws and a known log Z.
        key: Any key.
        num_draws: Weighted draws, the particles of all populations together, and as many exact ones.
        false_alarm: Probability that a correct sampler fails, for means that are normal.

    Returns:
        The largest deviation, in standard errors.

    Raises:
        CheckFailed: If a mean is off by more than the threshold.
        ValueError: If the target lacks exact draws or log Z, or the sampler is a Markov kernel.

    Reference:
        Owen (2013), "Monte Carlo theory, methods and examples", chapter 9.
    """
    if target.log_evidence is None:
        raise ValueError(f"{target.name} has no known log Z; this check needs one")
    draw_key, exact_key = jax.random.split(key)
    sampler = make(target, 1.0)
    num_particles = _num_particles(sampler, draw_key)
    draws = sample(draw_key, sampler, num_chains=num_draws // num_particles, num_draws=1).draws
    assert draws is not None
    if draws.kind not in (DrawKind.INDEPENDENT, DrawKind.WEIGHTED, DrawKind.ENSEMBLE):
        raise ValueError(f"this check needs weighted draws; these are {draws.kind.value}")
    log_evidence = 0.0 if draws.kind is DrawKind.INDEPENDENT else target.log_evidence
    is_unweighted = draws.kind is DrawKind.INDEPENDENT and draws.log_weight is None
    log_weight = np.zeros(num_draws) if is_unweighted else np.asarray(draws.log_weight, np.float64)
    weights = np.exp(log_weight.reshape(-1, num_particles) - np.asarray(log_evidence, np.float64))
    merged = merge_particles(draws, 1).value  # [population, particle, *event]
    values = jax.tree.map(lambda leaf: jnp.asarray(leaf.reshape(-1, *leaf.shape[2:])), merged)
    weighted = np.asarray(statistics(target, values))  # [statistic, draw]
    exact = np.asarray(statistics(target, exact_draws(exact_key, target, num_draws)))

    names = statistic_names(len(weighted))
    probabilities = np.arange(1, 10) / 10
    identities = 1 + 2 * len(names) * len(probabilities)
    threshold = math.sqrt(2 * math.log(identities / false_alarm))  # exp(-z^2 / 2) bounds a normal's two tails
    deviations = {"the mean weight": _standard_errors(weights.mean(axis=1) - 1.0, np.zeros(1))}
    for name, ours, theirs in zip(names, weighted, exact, strict=True):
        # A decile of the exact draws misses its probability by their standard error, as below.
        for probability, decile in zip(probabilities, np.quantile(theirs, probabilities), strict=True):
            for side, is_in in (("below", np.less_equal), ("above", np.greater)):
                terms = (weights * is_in(ours, decile).reshape(weights.shape)).mean(axis=1)
                where = f"the weight of {name} {side} its {probability:.1f} quantile"
                deviations[where] = _standard_errors(terms, is_in(theirs, decile).astype(np.float64))
    found = [
        Measurement(value, threshold, f"standard errors of {name}") for name, value in deviations.items()
    ]
    require_within(
        found,
        f"weighted draws do not average to Z and to {target.name}",
        "a weight without the density of the proposal or a log-Jacobian, an increment of the wrong "
        "temperature, resampling that is biased",
    )
    return max(found)


def _num_particles(sampler: Sampler, key: Key) -> int:
    """Count the particles of a draw; 1 where it is no population."""
    draws = jax.eval_shape(lambda key: sampler.step(key, sampler.init(key, None)), key)[1]
    return draws.log_weight.size if draws.kind is DrawKind.ENSEMBLE else 1


def _standard_errors(first: np.ndarray, second: np.ndarray) -> float:
    """Compute the difference of two means in units of its standard error."""
    variance = first.var() / len(first) + second.var() / len(second)
    difference = abs(first.mean() - second.mean())
    return float(difference / math.sqrt(variance)) if variance > 0 else (0.0 if difference == 0 else math.inf)
