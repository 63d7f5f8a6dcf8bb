"""Test E-BFMI against that of stored energies."""

from importlib import import_module

import numpy as np
import pytest

from jgen import diagnostics
from jgen.sampling.reducers import bfmi
from tests.helpers.reducer_folds import markov, run

EPS = float(np.finfo(np.float32).eps)


def energies():
    rng = np.random.default_rng(7)
    drift = rng.normal(size=(300, 4)).cumsum(0) * np.array([0.1, 1.0, 0.0, 3.0])
    return (500 + drift + rng.normal(size=(300, 4))).astype(np.float32)


def check_bfmi(module):
    energy = energies()
    result = run(module.bfmi(), markov(energy, energy=energy))
    np.testing.assert_allclose(result, diagnostics.bfmi(energy.T), rtol=300 * EPS)


def test_bfmi_equals_that_of_stored_energies():
    check_bfmi(import_module("jgen.sampling.reducers.bfmi"))
    one = energies()[:1]
    assert np.isnan(run(bfmi(), markov(one, energy=one))).all()
    with pytest.raises(ValueError, match="needs the energy"):
        run(bfmi(), markov(one, lp=one))
