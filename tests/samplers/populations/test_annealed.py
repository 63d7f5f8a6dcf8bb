"""Test annealed importance sampling with every Markov kernel."""

from dataclasses import replace

import jax.numpy as jnp
import pytest
from jax.tree_util import Partial

from jgen._internal.binding import bind_static
from jgen.samplers import AnnealingPath, annealed
from jgen.targets import double_well, hidden_markov
from jgen.testing.sampler_checks import importance_weights
from jgen.types import DrawKind
from tests.helpers.members import SAMPLERS, kind_of
from tests.helpers.random_keys import fresh_key

KERNELS = [name for name in SAMPLERS if kind_of(name) is DrawKind.MARKOV]


def kernel_of(target, log_density, *, name):
    """Return the sampler of a name, aimed at another density than the target's."""
    return SAMPLERS[name].recipe(replace(target, log_density=log_density)).sampler


@pytest.mark.weekly
@pytest.mark.parametrize("name", KERNELS)
def test_z_is_unbiased_with_any_kernel(name):
    """Also with those whose momenta last from draw to draw; false alarm 1e-6 each."""
    smooth = replace(double_well(), traits=frozenset())  # exact, however badly it mixes
    target = next(target for target in (smooth, hidden_markov()) if SAMPLERS[name].recipe(target) is not None)

    def make(target, scale):
        del scale
        kernel = Partial(bind_static(kernel_of, name=name), target)
        path = AnnealingPath(target.proposal, target.log_density)
        return annealed(path, kernel, jnp.linspace(0.0, 1.0, 3))

    importance_weights(make, target, fresh_key())
