"""Every exact sampler, on every target it claims: means within chance of the truth, log Z too."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from scipy import stats

from jgen.diagnostics.summary import log_evidence
from jgen.sampling.adaptation import window
from jgen.sampling.driver import sample
from jgen.testing.sampler_checks.target_draws import by_particle, exact_draws, flat_values
from jgen.types import DrawKind
from tests.helpers.members import SAMPLERS, TARGETS, first_claimed, law_of, recipe_of, target_of
from tests.helpers.random_keys import fresh_key


def marks(sampler, target):
    """One quick target and one in 96 of the others in CI, all of them weekly.

    In the default suite the samplers whose draws stand alone: of the others the gate tells there.
    """
    if target == first_claimed(sampler):
        return () if law_of(sampler) in (DrawKind.INDEPENDENT, DrawKind.WEIGHTED) else pytest.mark.slow
    place = list(SAMPLERS).index(sampler) + list(TARGETS).index(target)
    return pytest.mark.slow if place % 96 == 0 else pytest.mark.weekly


PAIRS = [
    pytest.param(sampler, target, id=f"{sampler}-{target}", marks=marks(sampler, target))
    for sampler in SAMPLERS
    if law_of(sampler) is not DrawKind.BIASED
    for target in TARGETS
]
FALSE_ALARM = 1e-6
"""Of a run of all pairs; each has an equal share, which its coordinates and log Z share out in their turn."""
EPS = float(np.finfo(np.float32).eps)
NUM_CHAINS, NUM_DRAWS, NUM_WEIGHTED, NUM_POPULATIONS = 128, 200, 2000, 20


@pytest.mark.parametrize(("sampler", "target"), PAIRS)
def test_means_and_log_evidence_are_right(sampler, target):
    """Chains start from exact draws where there are any, and are independent: the variance of their means
    is a valid standard error whatever the autocorrelation, with 127 degrees of freedom."""
    truth, recipe = target_of(target), recipe_of(sampler, target)
    if recipe is None or truth.mean is None:
        pytest.skip(f"{sampler} declines {target}, or its mean is not known")
    key = fresh_key()
    is_markov, is_tuned = law_of(sampler) is DrawKind.MARKOV, recipe.target_acceptance is not None
    start = exact_draws(key, truth, NUM_CHAINS) if truth.sample is not None else _spread(truth)
    run = sample(
        jax.random.fold_in(key, 1),
        recipe.sampler,
        num_chains=NUM_CHAINS,
        num_draws={DrawKind.MARKOV: NUM_DRAWS, DrawKind.ENSEMBLE: NUM_POPULATIONS}.get(
            law_of(sampler), NUM_WEIGHTED
        ),
        position=start if is_markov else None,
        num_warmup=300 if is_tuned else 0,
        adaptation=window(recipe.target_acceptance) if is_tuned else None,
    )
    draws = by_particle(run.draws)
    values = flat_values(draws).astype(np.float64)
    weights = np.ones(values.shape[:2])
    if draws.log_weight is not None:
        log_weight = draws.log_weight.astype(np.float64)
        weights = np.exp(log_weight - log_weight.max())
    mean = np.einsum("cd,cdi->i", weights, values) / weights.sum()
    deviations = np.einsum("cd,cdi->ci", weights, values - mean) / weights.mean() / values.shape[1]
    error = deviations.std(axis=0, ddof=1) / np.sqrt(NUM_CHAINS)
    # Where few draws weigh anything, a discrete coordinate may show no spread at all: it has the truth's.
    independent = np.asarray(truth.variance) * (weights**2).sum() / weights.sum() ** 2
    error = np.maximum(error, np.sqrt(independent)) if not is_markov else error
    rounding = 64 * EPS * (1.0 + np.abs(values).max(axis=(0, 1)))
    share = FALSE_ALARM / len(PAIRS) / (mean.size + 1)
    allowed = stats.t(NUM_CHAINS - 1).isf(share / 2) * error + rounding
    assert np.all(np.abs(mean - np.asarray(truth.mean)) <= allowed)
    if run.draws.kind in (DrawKind.WEIGHTED, DrawKind.ENSEMBLE) and truth.log_evidence is not None:
        found = log_evidence(run.draws)
        allowed = stats.t(found.dof).isf(share / 2) * float(found.standard_error)
        # Where all weights are equal there is no error but the rounding of log densities, of which some are
        # sums of as many terms as there are coordinates, and of the size of log Z.
        size = values.shape[-1] + abs(float(truth.log_evidence))
        assert abs(float(found.value) - float(truth.log_evidence)) <= allowed + 8 * EPS * size


def _spread(truth):
    """Starts around the target's own, where there are no exact draws."""
    flat, unravel = ravel_pytree(truth.start)
    noise = jax.random.normal(jax.random.key(0), (NUM_CHAINS, flat.size))
    return jax.vmap(lambda row: unravel(flat + 0.1 * row))(jnp.asarray(noise))
