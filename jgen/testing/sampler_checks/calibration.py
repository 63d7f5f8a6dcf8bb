"""Check by simulation-based calibration that a whole procedure draws from its posteriors."""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial
from numpyro.distributions import Distribution

from jgen._internal.compiled import jit
from jgen.testing.check_result import Measurement, require_within
from jgen.testing.sampler_checks.rank_uniformity import farthest_from_uniform
from jgen.testing.sampler_checks.target_draws import select_index
from jgen.types import Array, Key, LogDensity, PyTree

Infer = Callable[[Key, LogDensity], PyTree]
"""``infer(key, log_density) -> draws [draw, *event]``: the procedure from start to end."""


def calibration(
    infer: Infer,
    prior: Distribution,
    likelihood: Callable[[PyTree], Distribution],
    key: Key,
    *,
    num_replications: int = 2000,
    false_alarm: float = 1e-6,
) -> Measurement:
    r"""Calibrate a whole procedure by simulation: start, warm-up, adaptation and sampling together.

    Parameters :math:`\theta_0` are drawn from the prior, data y given them, and the procedure makes draws
    :math:`\theta_1 \dots \theta_L` of the posterior given y. Given y, :math:`\theta_0` is one more draw of
    the posterior. If the draws of the procedure are independent and correct, the rank of :math:`f(\theta_0,
    y)` among the :math:`f(\theta_i, y)` is uniform on 0 .. L for every f: here the coordinates, and the joint
    log density, which depends on how the data change the posterior.

    The other checks compare a kernel with its target from an exact start. This one needs no known truth: it
    detects chains that had not converged, draws of the warm-up that were stored, and adaptation that was left
    running, where each kernel alone is correct. The ranks are compared as ``rank`` compares them.

    Args:
        infer: The procedure. Its draws must be nearly independent given y, such as the last draw of each of L
            chains: the rank among draws of one chain is not uniform even for a correct procedure. Data reach
            it bound to the log density as arrays, so it compiles once.
        prior: Of the parameters.
        likelihood: Parameters -> distribution of the data.
        key: Any key.
        num_replications: Parameters, data and posteriors n, one after the other. A deviation of
            :math:`\Delta` is caught with probability :math:`1 - 10^{-6}` once it is
            :math:`\epsilon + \sqrt{\log(2 \cdot 10^6) / 2n}`, :math:`\epsilon` being the threshold.
        false_alarm: Probability that a correct procedure fails.

    Returns:
        The distance of the ranks from uniform.

    Raises:
        CheckFailed: If the ranks are not uniform.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.samplers import hmc
        >>> from jgen.sampling import sample
        >>> def infer(key, log_density):
        ...     sampler = hmc(log_density, step_size=0.5, num_steps=3)
        ...     run = sample(key, sampler, num_draws=1, num_chains=7, num_warmup=30, position=jnp.zeros(7))
        ...     return run.draws.value[:, -1]
        >>> found = calibration(
        ...     infer, dist.Normal(0.0, 1.0), lambda mean: dist.Normal(mean, 0.5), jax.random.key(0),
        ...     num_replications=100,
        ... )
        >>> found.value < found.allowed
        True

    Reference:
        Talts, Betancourt, Simpson, Vehtari and Gelman (2018), arXiv 1804.06788; Modrak, Moon, Kim, Buerkner,
        Huurre, Faltejskova, Gelman and Vehtari (2023), arXiv 2211.02383, on f of the data; Geweke (2004),
        JASA 99(467).
    """
    joint_key, tie_key, infer_key = jax.random.split(key, 3)
    likelihood = likelihood if isinstance(likelihood, Partial) else Partial(likelihood)
    truths, data = _joint_draws(prior, likelihood, jax.random.split(joint_key, num_replications))
    replications = []
    for index in range(num_replications):
        truth, observed = select_index((truths, data), index)
        log_density = Partial(_joint_log_density, prior, likelihood, observed)
        draws = infer(jax.random.fold_in(infer_key, index), log_density)
        replications.append(_ranks(log_density, jax.random.fold_in(tie_key, index), truth, draws))
    ranks = np.stack(replications, axis=1)  # [statistic, replication]
    names = [*(f"coordinate {index}" for index in range(len(ranks) - 1)), "joint log density"]
    distance, place = farthest_from_uniform(ranks, len(jax.tree.leaves(draws)[0]))
    threshold = math.sqrt(math.log(4 * len(names) / false_alarm) / (2 * num_replications))
    found = Measurement(distance, threshold, f"distance from uniform of the ranks of the {names[place]}")
    require_within(
        [found],
        "the parameters that generated the data are not distributed like draws of their posteriors "
        f"(false-alarm probability {false_alarm:.0e})",
        "a warm-up that is too short, draws of the warm-up stored, adaptation that goes on in sampling",
    )
    return found


@jit
def _joint_draws(prior: Distribution, likelihood: Partial, keys: Key) -> tuple[PyTree, PyTree]:
    """Draw parameters and data given them ``[replication, *event]``."""

    def one(key: Key) -> tuple[PyTree, PyTree]:
        prior_key, data_key = jax.random.split(key)
        position = prior.sample(prior_key)
        return position, likelihood(position).sample(data_key)

    return jax.vmap(one)(keys)


def _joint_log_density(prior: Distribution, likelihood: Partial, data: PyTree, position: PyTree) -> Array:
    return prior.log_prob(position) + likelihood(position).log_prob(data)


@jit
def _ranks(log_density: Partial, key: Key, truth: PyTree, draws: PyTree) -> Array:
    """Count the draws below the truth, ties broken at random ``[statistic]``."""

    def statistics(value: PyTree) -> Array:
        return jnp.append(ravel_pytree(value)[0], log_density(value))

    true, drawn = statistics(truth), jax.vmap(statistics)(draws)
    below, equal = jnp.sum(drawn < true[None], axis=0), jnp.sum(drawn == true[None], axis=0)
    return below + jax.random.randint(key, below.shape, 0, equal + 1)
