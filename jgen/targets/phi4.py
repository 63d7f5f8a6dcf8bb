"""Define the lattice phi^4 theory on a ring of four sites."""

from math import log, pi

import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen.distributions.multivariate_normal import MultivariateNormal
from jgen.targets.parts import check_options, make_target, sample_by_rejection, sample_gaussian
from jgen.types import Array, Target

SITES = 4


def phi4(mass: float = -2.0, coupling: float = 0.5) -> Target:
    r"""Make the density exp(-S) of a field on a ring of four sites, unnormalised.

    .. math:: S(\phi) = \sum_i \tfrac12 (\phi_{i+1} - \phi_i)^2 + \tfrac{m}{2} \phi_i^2 + l \phi_i^4

    With m < 0 each site prefers one of two values, the same as its neighbours: the field has two broad modes,
    m^2 / 16 l nats a site above the ridge between them, 2 nats in all at the default, which local kernels
    cross.

    Z is the trace of the fourth power of a transfer matrix, on Gauss-Legendre nodes, and correlations are
    traces with the field inserted. The proposal is the Gaussian field of mass m + 4 l a, for
    -l phi^4 <= l a^2 - 2 l a phi^2, with the a whose bound is least; it is reached where every
    phi_i^2 = a, so ``log_bound`` is exact. Draws are by rejection from it.

    Args:
        mass: m, in [-4, 4].
        coupling: l, in [0.1, 10].

    Returns:
        The target; its position is an array ``[4]``.

    Raises:
        ValueError: ``mass`` or ``coupling`` is beyond its range, for which the quadrature is made.

    Example:
        >>> function, truth = phi4().expectations["correlation"]
        >>> bool(truth[0] > truth[1] > truth[2] > 0)
        True

    Reference:
        Creutz and Freedman, "A statistical approach to quantum mechanics", Annals of Physics 132, 1981.
        Quadrature.
    """
    needs, fulfilled = "-4 <= mass <= 4 and 0.1 <= coupling <= 10", abs(mass) <= 4 and 0.1 <= coupling <= 10
    check_options("phi4", needs, fulfilled, mass=mass, coupling=coupling)
    half, gauss = np.polynomial.legendre.leggauss(200)
    nodes, weights = 8 * half, 8 * gauss
    site = np.exp(-mass / 4 * nodes**2 - coupling / 2 * nodes**4)  # half of a site's weight
    link = np.exp(-np.square(nodes[:, None] - nodes) / 2)
    transfer = link * (site * np.sqrt(weights))[:, None] * (site * np.sqrt(weights))
    two = transfer @ transfer
    evidence = np.sum(two * two)  # the trace of the fourth power of a symmetric matrix
    marginal = np.diag(two @ two) / evidence  # [node], the distribution of one site
    square, fourth = marginal @ nodes**2, marginal @ nodes**4
    beside = nodes @ (transfer * (two @ transfer)) @ nodes / evidence
    across = nodes @ (two * two) @ nodes / evidence

    shift = np.roll(np.eye(SITES), 1, 1)
    laplacian = 2 * np.eye(SITES) - shift - shift.T
    least = max(0.0, -mass / (4 * coupling))  # above it, the Gaussian field has positive masses
    a = least + np.arange(1, 400) / (100 * coupling**0.5)  # [candidate]
    masses = mass + 4 * coupling * a
    precisions = laplacian + masses[:, None, None] * np.eye(SITES)  # [candidate, site, site]
    bounds = SITES * coupling * a**2 - np.linalg.slogdet(precisions)[1] / 2  # [candidate]
    best = int(np.argmin(bounds))
    lower = np.linalg.cholesky(np.linalg.inv(precisions[best]))
    propose = Partial(sample_gaussian, np.zeros(SITES), lower)
    return make_target(
        log_density=Partial(log_density, mass, coupling),
        start=np.ones(SITES),
        sample=Partial(sample_by_rejection, propose, Partial(log_accept, coupling, a[best])),
        mean=np.zeros(SITES),
        variance=np.full(SITES, square),
        log_evidence=np.log(evidence),
        expectations={
            "phi^4": (Partial(fourth_power), fourth),
            "correlation": (Partial(correlation), np.array([square, beside, across])),
        },
        proposal=MultivariateNormal(np.zeros(SITES), scale_tril=lower),
        log_bound=bounds[best] + SITES / 2 * log(2 * pi),
        source="quadrature of a transfer matrix",
    )


def log_density(mass: float, coupling: float, phi: Array) -> Array:
    """Return minus the action of ``phi [4]``."""
    kinetic = jnp.square(jnp.roll(phi, 1) - phi).sum() / 2
    return -kinetic - mass / 2 * (phi**2).sum() - coupling * (phi**4).sum()


def fourth_power(phi: Array) -> Array:
    """Return the mean fourth power of the sites."""
    return (phi**4).mean()


def correlation(phi: Array) -> Array:
    """Return products of sites 0, 1 and 2 apart, averaged over the ring, ``[3]``."""
    return jnp.stack([phi @ jnp.roll(phi, apart) for apart in range(3)]) / SITES


def log_accept(coupling: float, a: float, phi: Array) -> Array:
    """Evaluate the log-probability of accepting ``phi [4]``."""
    return -coupling * jnp.square(phi**2 - a).sum()
