"""Check that weights of annealing are unbiased in both directions, for a schedule fixed beforehand."""

import jax
import jax.numpy as jnp
import numpy as np

from jgen.evaluation.likelihood import annealing
from jgen.evaluation.likelihood.decoder_model import decoder_model
from jgen.models import linear_log_prob
from tests.helpers.false_alarms import z_of
from tests.helpers.linear_gaussian import LINEAR, exact_params
from tests.helpers.random_keys import fresh_key

NUM_EXAMPLES = 4000
Z = z_of(3)


def ratios(module):
    """Return w / p(x) of simulated examples, and p(x) / w of passes back, each ``[example, chain]``."""
    with jax.enable_x64(True):
        params = exact_params()
        params["encoder"]["log_scale"] += 0.3  # wider than the posterior, but with weights of light tails
        given = decoder_model(LINEAR, params, None, "float64")
        betas, steps = jnp.array([0.0, 0.2, 0.6, 1.0]), jnp.array([0.4, 0.3, 0.2])
        schedule = annealing.Schedule(betas, steps, jnp.int32(2))
        index = jnp.arange(NUM_EXAMPLES)
        z, x = module.simulated_examples(given, index, fresh_key())
        there = module.annealed_passes(given, schedule, x, index, fresh_key(), num_chains=2)
        back = module.passes_back(given, schedule, (z, x), index, fresh_key(), num_chains=2)
        exact = linear_log_prob(given.params, x)[:, None]
        return np.exp(there.log_weight - exact), np.exp(exact - back)


def check_weights(module):
    """E[w] = p(x), and E[1 / w] of a pass from an exact draw is 1 / p(x), whatever the steps."""
    for name, ratio in zip(("to", "from"), ratios(module), strict=True):
        mean = ratio.mean(1)  # of the chains, which for passes back share their start
        error = mean.std(ddof=1) / len(mean) ** 0.5
        assert abs(mean.mean() - 1) < Z * error, f"weights {name} the posterior are biased"
        assert (ratio[:, 0] != ratio[:, 1]).any(), "chains have the same draws"


def test_weights_are_unbiased_in_both_directions():
    check_weights(annealing)
