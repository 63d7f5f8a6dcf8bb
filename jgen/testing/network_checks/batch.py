"""Check how a network's distributions depend on their own row of the batch and on no other."""

import jax
import numpy as np

from jgen.testing.network_checks.network_case import NetworkCase
from jgen.testing.requirements import require


def dependence(case: NetworkCase) -> str:
    """Check that other inputs give other log-probabilities."""
    if not jax.tree.leaves(case.inputs)[0].size:
        return "not conditioned on anything"  # a latent of size 0
    rolled = jax.tree.map(lambda leaf: np.roll(leaf, 1, axis=0), case.inputs)
    other, own = (np.asarray(case.evaluate(inputs, case.x).log_prob) for inputs in (rolled, case.inputs))
    require(not np.array_equal(other, own), "other inputs give the same log p: is the input used?")
    return "other inputs give other log-probabilities"


def batch_independence(case: NetworkCase) -> str:
    """Check that log p of one row depends on no other row, to the last bit."""
    among = case.evaluate(case.inputs, case.x).log_prob
    repeated = jax.tree.map(lambda leaf: np.repeat(leaf[:1], len(leaf), axis=0), (case.inputs, case.x))
    message = "log p of a row changes with the rows beside it: what is summed or normalised over the batch?"
    require(np.array_equal(among[0], case.evaluate(*repeated).log_prob[0]), message)
    return "equal to the last bit beside other rows"
