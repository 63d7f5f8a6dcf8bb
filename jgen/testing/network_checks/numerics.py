"""Check a network at extreme inputs and in low precision."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist

from jgen.testing.network_checks.network_case import NetworkCase, evaluate, is_floating
from jgen.testing.requirements import require

SCALES = (0.0, 1e-3, 1e2, 1e4)
"""Factors by which ordinary inputs are multiplied."""


def extremes(case: NetworkCase) -> str:
    """Check that no NaN and no infinity appears at inputs far from ordinary ones, or at 0."""
    for scale in SCALES:
        scaled = _scaled(case, scale)
        found = scaled.evaluate(scaled.inputs, scaled.x)
        below_inf = (np.asarray(found.log_prob) < np.inf).all()  # -inf is allowed; NaN fails the comparison
        require(
            below_inf and np.isfinite(found.own_log_prob).all() and found.finite,
            f"at inputs {scale:g} times as large log p is {found.own_log_prob} of its own draws and "
            f"{found.log_prob} of ordinary x, with gradients {'' if found.finite else 'not '}finite: "
            "bound scales away from 0, and log-scales by soft bounds",
        )
    return f"finite at inputs {', '.join(f'{scale:g}' for scale in SCALES)} times as large"


def _scaled(case: NetworkCase, scale: float) -> NetworkCase:
    """Scale the inputs; if they are integers, scale the ``nn.Embed`` parameters that they index."""
    inputs = jax.tree.map(lambda leaf: leaf * scale if is_floating(leaf) else leaf, case.inputs)
    if any(map(is_floating, jax.tree.leaves(inputs))):
        return case._replace(inputs=inputs)
    factors = {jax.tree_util.DictKey("embedding"): scale}
    params = jax.tree.map_with_path(lambda path, leaf: leaf * factors.get(path[-1], 1.0), case.params)
    return case._replace(params=params)


def precision(case: NetworkCase) -> str:
    """Check that likelihoods are computed in float32 from parameters and inputs in bfloat16."""
    low = jax.tree.map(
        lambda leaf: leaf.astype(jnp.bfloat16) if is_floating(leaf) else leaf, (case.params, case.inputs)
    )
    found = jax.eval_shape(evaluate, case.apply, *low, case.x, case.key)
    distribution = jax.eval_shape(case.apply, *low)
    # The leaves of other distributions hold parameters of networks too.
    arrays = jax.tree.leaves(distribution) if isinstance(distribution, dist.Independent) else []
    dtypes = {leaf.dtype for leaf in (found.own_log_prob, found.log_prob, *arrays) if is_floating(leaf)}
    require(
        dtypes == {jnp.dtype(jnp.float32)},
        f"with parameters and inputs in bfloat16, the distribution and its log p are in "
        f"{sorted(map(str, dtypes))}: cast the distribution's parameters to float32",
    )
    return "log p in float32 from bfloat16"
