"""Test particles as chains and as draws."""

import numpy as np

from jgen._internal.particles import merge_particles
from jgen.types import DrawKind, Draws


def test_particles_become_chains_or_draws():
    value = np.arange(24.0).reshape(2, 3, 4)  # [chain, draw, particle]
    draws = Draws(value, {}, -value, DrawKind.ENSEMBLE)
    merged = merge_particles(draws, 1)
    np.testing.assert_array_equal(merged.value, value.reshape(2, 12))
    np.testing.assert_array_equal(merged.log_weight, -value.reshape(2, 12))
    assert merge_particles(Draws(value, {}, -value, DrawKind.ENSEMBLE), 0).value.shape == (6, 4)
    markov = Draws(value, {}, None, DrawKind.MARKOV)
    assert merge_particles(markov, 0) is markov
