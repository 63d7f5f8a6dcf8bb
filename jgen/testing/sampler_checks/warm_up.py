"""Check that start, warm-up and sampling together draw from the posterior."""

import jax.numpy as jnp
import numpyro.distributions as dist
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen.sampling.driver import sample
from jgen.testing.check_result import Measurement
from jgen.testing.sampler_checks.calibration import calibration
from jgen.testing.sampler_checks.target_draws import Make
from jgen.types import Adaptation, Array, Key, LogDensity, Target

DIM, NUM_DATA, NOISE, DISTANCE = 2, 3, 0.5, 4.0
NUM_CHAINS, NUM_WARMUP, NUM_DRAWS = 16, 200, 100


def warm_up(
    make: Make,
    target: Target,
    key: Key,
    *,
    adaptation: Adaptation,
    num_replications: int = 2000,
    false_alarm: float = 1e-6,
) -> Measurement:
    r"""Calibrate start, warm-up and sampling together by simulation; see ``calibration``.

    Two parameters are standard normal, three data lie around their sum with an sd of 0.5: the posterior is a
    ridge, a fifth as wide as it is long. Each of 2000 posteriors is sampled by 16 chains that start four
    prior sds from the mean, have 200 warm-up steps and make 100 draws, of which the last is used. The check
    detects chains that have not converged, stored draws of the warm-up, and adaptation during sampling.

    Args:
        make: Makes the sampler, a Markov kernel; it is made for the posteriors with a scale of 1.
        target: Ignored: the check uses those posteriors.
        key: Any key.
        adaptation: How the sampler is tuned.
        num_replications: Posteriors.
        false_alarm: Probability that a correct procedure fails.

    Returns:
        The distance of the ranks from uniform.

    Raises:
        CheckFailed: If the ranks of the parameters that generated the data are not uniform.

    Example:
        >>> import jax
        >>> from jgen.sampling.adaptation import step_size
        >>> from jgen.samplers import mala
        >>> from jgen.targets import standard_gaussian
        >>> def make(target, scale):
        ...     return mala(target.log_density, step_size=scale)
        >>> options = {"adaptation": step_size(0.574), "num_replications": 30}
        >>> found = warm_up(make, standard_gaussian(2), jax.random.key(0), **options)
        >>> found.value < found.allowed
        True

    Reference:
        Talts et al. (2018), arXiv 1804.06788; Geweke (2004), "Getting it right", JASA 99(467).
    """
    del target
    far = jnp.full((NUM_CHAINS, DIM), DISTANCE)

    def infer(key: Key, log_density: LogDensity) -> Array:
        posterior = Target(as_partial(log_density), jnp.zeros(DIM), variance=jnp.ones(DIM), name="ridge")
        options = {"num_chains": NUM_CHAINS, "num_warmup": NUM_WARMUP, "num_draws": NUM_DRAWS}
        run = sample(key, make(posterior, 1.0), position=far, adaptation=adaptation, **options)
        assert run.draws is not None
        return run.draws.value[:, -1]

    prior = dist.Normal(jnp.zeros(DIM), 1.0).to_event(1)
    return calibration(
        infer, prior, Partial(likelihood), key, num_replications=num_replications, false_alarm=false_alarm
    )


def likelihood(position: Array) -> dist.Distribution:
    """Return the distribution of data around the sum of the parameters."""
    return dist.Normal(jnp.broadcast_to(position.sum(), (NUM_DATA,)), NOISE).to_event(1)
