"""Make a proposal that covers a Gaussian, or a mixture of them, with a proven bound."""

from functools import singledispatch
from math import exp, log, prod
from typing import Any, NamedTuple

import numpyro.distributions as dist

from jgen.distributions.gaussian_algebra import Gaussian, gaussian_parameters, like
from jgen.distributions.input_checks import no_closed_form
from jgen.distributions.parameters import Mixture, map_components


class Envelope(NamedTuple):
    """Proposal that covers a distribution, with the bound of their ratio.

    Attributes:
        proposal: Distribution q to propose from.
        log_bound: log B with p <= B q everywhere, in nats; the least such number for one Gaussian.
    """

    proposal: dist.Distribution
    log_bound: float


def covering_proposal(distribution: Any, scale: float | None = None) -> Envelope:
    r"""Widen every scale of Gaussians s times, and return the bound on the ratio of densities.

    With :math:`u = \Sigma^{-1/2} (x - \mu)` and s > 1,

    .. math:: \frac{N(x; \mu, \Sigma)}{N(x; \mu, s^2 \Sigma)}
              = s^d \exp\left(-\tfrac12 (1 - s^{-2}) |u|^2\right) \le s^d,

    and the bound of every component holds for the sum, :math:`\sum_k w_k p_k \le s^d \sum_k w_k q_k`. So
    rejection needs no search for its bound, it accepts :math:`s^{-d}` of the proposals, and importance
    weights are at most :math:`s^d`.

    Args:
        distribution: A Gaussian on scalars or vectors without batch axes, or a mixture of them.
        scale: s, above 1; None for :math:`e^{1/d}`, which gives a bound of one nat in any dimension.

    Returns:
        ``Envelope(proposal, log_bound)``, in the same NumPyro classes: ``rejection(log_density,
        *covering_proposal(p))``.

    Raises:
        TypeError: For a family without this bound.
        ValueError: For a batch, or a scale that is not above 1.

    Example:
        >>> import numpyro.distributions as dist
        >>> proposal, log_bound = covering_proposal(dist.Normal(0.0, 2.0), 3.0)
        >>> float(proposal.scale), round(log_bound, 4)
        (6.0, 1.0986)
    """
    if shape := distribution.batch_shape:
        raise ValueError(f"covering_proposal takes one distribution; got a batch of shape {shape}")
    dim = prod(distribution.event_shape)
    scale = exp(1 / dim) if scale is None else scale
    if not scale > 1:
        raise ValueError(f"covering_proposal: scale must be above 1 to cover the tails; got {scale}")
    return Envelope(_cover(distribution, scale), dim * log(scale))


@singledispatch
def _cover(distribution: Any, _scale: float) -> dist.Distribution:
    raise no_closed_form("covering_proposal", _cover, distribution)


@_cover.register(Gaussian)
def _(distribution: Any, scale: float):
    mean, spread = gaussian_parameters(distribution)
    return like(distribution, mean, scale * spread)


@_cover.register(Mixture)
def _(distribution: Any, scale: float):
    return map_components(distribution, lambda component: _cover(component, scale))
