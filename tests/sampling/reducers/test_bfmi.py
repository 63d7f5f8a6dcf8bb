"""Test E-BFMI against that of stored energies."""

from importlib import import_module

import numpy as np
import pytest

from jgen import diagnostics
from jgen.sampling.reducers import bfmi
from jgen.types import DrawKind, Draws
from tests.helpers.reducer_folds import run

FALSE_ALARM = 1e-6
EPS = float(np.finfo(np.float32).eps)


def energies():
    rng = np.random.default_rng(7)
    return (
        500 + rng.normal(size=(300, 4)).cumsum(0) * np.array([0.1, 1.0, 0.0, 3.0]) + rng.normal(size=(300, 4))
    ).astype(np.float32)


def check_bfmi(module):
    energy = energies()
    result = run(module.bfmi(), Draws(energy, {"energy": energy}, None, DrawKind.MARKOV))
    np.testing.assert_allclose(result, diagnostics.bfmi(energy.T), rtol=300 * EPS)


def test_bfmi_equals_that_of_stored_energies():
    check_bfmi(import_module("jgen.sampling.reducers.bfmi"))
    one = energies()[:1]
    assert np.isnan(run(bfmi(), Draws(one, {"energy": one}, None, DrawKind.MARKOV))).all()
    with pytest.raises(ValueError, match="needs the energy"):
        run(bfmi(), Draws(one, {"lp": one}, None, DrawKind.MARKOV))
