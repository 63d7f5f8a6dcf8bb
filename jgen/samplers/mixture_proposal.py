"""Draw from several proposals at once and weight each draw by their mixture."""

from collections.abc import Sequence
from typing import Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp

from jgen.types import Array, Key, LogDensity, PyTree


class Proposal(Protocol):
    """Distribution with draws and a log density; every NumPyro distribution is one."""

    def sample(self, key: Key) -> PyTree:
        """Draw once."""

    def log_prob(self, value: PyTree) -> Array:
        """Return the normalised log density ``[]``."""


def balance_heuristic(
    log_density: LogDensity, proposals: Sequence[Proposal], counts: Sequence[int], key: Key
) -> tuple[PyTree, Array, Array]:
    r"""Draw a fixed number from each proposal, weighted by the balance heuristic; one log density a draw.

    .. math:: \log w(z) = \log \tilde p(z) - \log \sum_j \tfrac{n_j}{N} q_j(z)

    Returns:
        Draws and log-weights ``[particle]``, proposal by proposal, and whether a density was NaN or +inf
        ``[]``: such a draw has weight zero.
    """
    numbers = np.array(counts)
    keys = jnp.split(jax.random.split(key, int(numbers.sum())), np.cumsum(numbers)[:-1])
    groups = [jax.vmap(proposal.sample)(own_keys) for proposal, own_keys in zip(proposals, keys, strict=True)]
    value = jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *groups)  # [particle, *event]
    log_probs = jnp.stack([jax.vmap(proposal.log_prob)(value) for proposal in proposals])
    log_mixture = logsumexp(log_probs + jnp.log(numbers / numbers.sum())[:, None], axis=0)  # [particle]
    lp = jax.vmap(log_density)(value)  # [particle]
    invalid = ~(lp < jnp.inf)
    return value, jnp.where(invalid, -jnp.inf, lp - log_mixture), invalid.any()
