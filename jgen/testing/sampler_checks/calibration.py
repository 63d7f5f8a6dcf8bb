"""The law of calibration: parameters that made the data cannot be told from draws of their posteriors."""

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial
from numpyro.distributions import Distribution

from jgen.testing.check_result import CheckFailed
from jgen.testing.sampler_checks.rank_uniformity import farthest_from_uniform
from jgen.testing.sampler_checks.target_draws import lane
from jgen.types import Array, Key, LogDensity, PyTree

Infer = Callable[[Key, LogDensity], PyTree]
"""``infer(key, log_density) -> draws [draw, *event]``: all that is done to data, from start to end."""


class Calibration(NamedTuple):
    """What the law found."""

    distance: float
    threshold: float
    statistic: str


def calibration(
    infer: Infer,
    prior: Distribution,
    likelihood: Callable[[PyTree], Distribution],
    key: Key,
    *,
    num_replications: int = 2000,
    false_alarm: float = 1e-6,
) -> Calibration:
    r"""Simulation-based calibration of a whole procedure: start, warm-up, adaptation, sampling.

    Parameters :math:`\theta_0` are drawn from the prior, data y given them, and the procedure makes draws
    :math:`\theta_1 \dots \theta_L` of the posterior given y. So does the first line: given y,
    :math:`\theta_0` is one more draw of the posterior. If the procedure's are independent and right, the rank
    of :math:`f(\theta_0, y)` among the :math:`f(\theta_i, y)` is uniform on 0 .. L for every f: here the
    coordinates, and the joint log density, which sees what the data do to the posterior.

    The other laws hold a kernel to its target from an exact start. This one knows no truth and needs none: it
    sees chains that were not warm yet, draws of the warm-up that were kept, and adaptation that was left
    running, where no kernel by itself is wrong. The ranks are compared as ``rank`` compares them.

    Args:
        infer: The procedure. Its draws must be all but independent given y, such as the last draw of each of
            L chains: the rank among draws of one chain is not uniform even if all is right. Data reach it
            bound to the log density as arrays, so it compiles once.
        prior: Of the parameters.
        likelihood: Parameters -> distribution of the data.
        key: Any key.
        num_replications: Parameters, data and posteriors n, one after the other. A deviation of
            :math:`\Delta` is caught with probability :math:`1 - 10^{-6}` once it is
            :math:`\epsilon + \sqrt{\log(2 \cdot 10^6) / 2n}`, :math:`\epsilon` being the threshold.
        false_alarm: Probability that a right procedure fails.

    Returns:
        What was found.

    Raises:
        LawBroken: If the parameters that made the data stand out.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.samplers import hmc
        >>> from jgen.sampling.driver import sample
        >>> def infer(key, log_density):
        ...     sampler = hmc(log_density, step_size=0.5, num_steps=3)
        ...     run = sample(key, sampler, num_draws=1, num_chains=7, num_warmup=30, position=jnp.zeros(7))
        ...     return run.draws.value[:, -1]
        >>> found = calibration(
        ...     infer, dist.Normal(0.0, 1.0), lambda mean: dist.Normal(mean, 0.5), jax.random.key(0),
        ...     num_replications=100,
        ... )
        >>> found.distance < found.threshold
        True

    Reference:
        Talts, Betancourt, Simpson, Vehtari and Gelman (2018), arXiv 1804.06788; Modrak, Moon, Kim, Buerkner,
        Huurre, Faltejskova, Gelman and Vehtari (2023), arXiv 2211.02383, on f of the data; Geweke (2004),
        JASA 99(467).
    """
    joint_key, tie_key, infer_key = jax.random.split(key, 3)
    likelihood = likelihood if isinstance(likelihood, Partial) else Partial(likelihood)
    made, data = _joint_draws(prior, likelihood, jax.random.split(joint_key, num_replications))
    ranks = []
    for index in range(num_replications):
        truth, seen = lane((made, data), index)
        log_density = Partial(_joint_log_density, prior, likelihood, seen)
        draws = infer(jax.random.fold_in(infer_key, index), log_density)
        ranks.append(_ranks(log_density, jax.random.fold_in(tie_key, index), truth, draws))
    rows = np.stack(ranks, axis=1)  # [statistic, replication]
    names = [*(f"coordinate {index}" for index in range(len(rows) - 1)), "joint log density"]
    largest = len(jax.tree.leaves(draws)[0])
    distance, place = farthest_from_uniform(rows, largest)
    threshold = math.sqrt(math.log(4 * len(names) / false_alarm) / (2 * num_replications))
    if not distance <= threshold:
        raise CheckFailed(
            f"parameters that made the data stand out from draws of their posteriors: the ranks of the "
            f"{names[place]} are {distance:.4f} off uniform; for a right procedure they pass "
            f"{threshold:.4f} with probability {false_alarm:.0e}. Was the warm-up long enough, and was "
            "adaptation off afterwards?"
        )
    return Calibration(distance, threshold, names[place])


@jax.jit
def _joint_draws(prior: Distribution, likelihood: Partial, keys: Key) -> tuple[PyTree, PyTree]:
    """Parameters and the data they made ``[replication, *event]``."""

    def one(key: Key) -> tuple[PyTree, PyTree]:
        prior_key, data_key = jax.random.split(key)
        made = prior.sample(prior_key)
        return made, likelihood(made).sample(data_key)

    return jax.vmap(one)(keys)


def _joint_log_density(prior: Distribution, likelihood: Partial, data: PyTree, made: PyTree) -> Array:
    return prior.log_prob(made) + likelihood(made).log_prob(data)


@jax.jit
def _ranks(log_density: Partial, key: Key, truth: PyTree, draws: PyTree) -> Array:
    """How many draws lie below the truth, ties broken at random ``[statistic]``."""

    def statistics(value: PyTree) -> Array:
        return jnp.append(ravel_pytree(value)[0], log_density(value))

    true, drawn = statistics(truth), jax.vmap(statistics)(draws)
    below, equal = jnp.sum(drawn < true[None], axis=0), jnp.sum(drawn == true[None], axis=0)
    return below + jax.random.randint(key, below.shape, 0, equal + 1)
