"""Check a head, from raw numbers to a distribution, inside a small decoder."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from numpyro.distributions import biject_to, constraints

from jgen.decoders.mlp import MLP
from jgen.testing.check_network import check_network
from jgen.testing.check_result import CheckResult, Measurement, key_or_default, require_within, run_checks
from jgen.testing.requirements import require
from jgen.types import Array, Key

SHAPE, LATENT_DIM, BATCH = (2, 3), 2, 3
RANGE, NODES = 40.0, 20_001
"""Range of the quadrature in standard deviations of draws, and number of nodes; the trapezoid rule."""
MOST_VALUES = 4096
"""Largest number of values of a discrete support that is summed."""
TOLERANCE = 1e-3
"""Error allowed in total masses: float32 has a few 1e-5, and kinks of a density a little more."""


def check_head(head: nn.Module | type[nn.Module], *, key: Key | None = None) -> list[CheckResult]:
    """Check a head: inside a small ``MLP`` by every check of decoders, and its total mass.

    - state, shapes, dependence, batch_independence, extremes, precision, no_recompilation,
      transform_consistency, keys: as in ``check_decoder``, for events of shape ``(2, 3)``;
    - support: ``takes`` and ``remedy`` are words, and draws lie in ``support``;
    - normalisation: the probabilities of one element sum to 1 over its discrete support, or its density
      integrates to 1 over a support that NumPyro maps to the reals; others are not checked.

    None of these is statistical: a correct head always passes.

    Args:
        head: A head, or a class of heads that needs no arguments; see ``jgen.decoders.heads``.
        key: For parameters, latents and draws; None for ``jax.random.key(0)``.

    Returns:
        The checks that passed, with what they measured.

    Raises:
        CheckFailed: If a check fails; the message has the check, its result and usual causes.

    Example:
        >>> from jgen.decoders.heads import Bernoulli
        >>> support, normalisation = check_head(Bernoulli)[-2:]
        >>> support.evidence
        'draws are 0 or 1'
        >>> normalisation.evidence.value < 1e-5
        True
    """
    head = head() if isinstance(head, type) else head
    own_key, repeat = key_or_default(key)
    z_key, raw_key = jax.random.split(own_key)
    results = check_network(MLP(SHAPE, head, hidden=(4,)), jax.random.normal(z_key, (BATCH, LATENT_DIM)), key)
    raw = jax.random.normal(raw_key, (BATCH, 1, head.width))
    distribution = jax.jit(lambda raw: head.init_with_output(raw_key, raw)[0])(raw)  # over one element
    own = {check.__name__: partial(check, head, distribution, raw_key) for check in (support, normalisation)}
    return results + run_checks(own, repeat)


def support(head: nn.Module, distribution: dist.Distribution, key: Key) -> str:
    """Check that a head describes its support, and that draws lie in it."""
    for name in ("takes", "remedy"):
        message = f"the head has no {name}, a few words for the error about data that it cannot take"
        require(isinstance(getattr(head, name, None), str), message)
    draws = distribution.sample(key)
    message = f"draws {draws} lie outside the support, {head.takes}: is support that of one element?"
    require(np.asarray(head.support(draws)).all(), message)
    return f"draws are {head.takes}"


def normalisation(head: nn.Module, distribution: dist.Distribution, key: Key) -> str | Measurement:
    """Check that the probability of one element is 1 in total, by enumeration or by the trapezoid rule."""
    if isinstance(distribution, dist.Delta):
        return "not checked: a point mass has no density"
    with jax.numpy_rank_promotion("allow"):  # NumPyro's own arithmetic, where draws have an axis in front
        nodes = _nodes(head.support, distribution, key)
    if nodes is None:
        return f"not checked: no sum or integral over {head.takes}"
    points, log_weights = nodes
    log_prob = jax.jit(jax.vmap(distribution.log_prob))(points)  # [node, batch]
    total = np.exp(np.asarray(log_prob, np.float64) + log_weights).sum(0)  # [batch]
    found = Measurement(float(np.abs(total - 1).max()), TOLERANCE, "distance of a total mass from 1")
    require_within(
        [found],
        f"the probabilities of {head.takes} do not sum to 1",
        "a normaliser left out, a scale without its log, a mixture of weights that do not sum to 1, a "
        "support that is too small",
    )
    return found


def _nodes(
    support: constraints.Constraint, distribution: dist.Distribution, key: Key
) -> tuple[Array, np.ndarray] | None:
    """Place nodes ``[node, batch, 1]`` over the support of one element, with logs of their weights."""
    batch = (*distribution.batch_shape, 1)
    if support is constraints.boolean:
        support = constraints.integer_interval(0, 1)
    if support.is_discrete:
        low, high = getattr(support, "lower_bound", None), getattr(support, "upper_bound", None)
        if low is None or high is None or high - low >= MOST_VALUES:
            return None
        values = jnp.arange(low, high + 1)
        return jnp.broadcast_to(values[:, None, None], (len(values), *batch)), np.zeros((len(values), 1))
    try:
        transform = biject_to(support)
    except NotImplementedError:
        return None
    draws = np.asarray(transform.inv(distribution.sample(key, (256,))), np.float64)  # [draw, batch, 1]
    centre, spread = np.median(draws, 0), np.maximum(draws.std(0), 1e-3)
    grid = np.linspace(-RANGE, RANGE, NODES)
    real = jnp.asarray(centre[None] + spread[None] * grid[:, None, None], jnp.float32)
    points = transform(real)
    volume = np.asarray(transform.log_abs_det_jacobian(real, points), np.float64)[..., 0]
    return points, volume + np.log(spread[None, :, 0] * (grid[1] - grid[0]))
