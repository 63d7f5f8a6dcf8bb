"""A chain is the same alone, among 8 or 256, in chunks, resumed, and over eight devices."""

import json
import subprocess
import sys

import numpy as np
import pytest

import jgen.samplers
from jgen.testing import members
from tests.conftest import ROOT
from tests.helpers.gaps import largest_difference
from tests.helpers.marking import in_ci

ROUNDING = ("adaptive_importance", "elliptical_slice", "sghmc", "sgld", "slice_sampler")
"""Their own steps add, or turn, in an order that a program of another size may change."""


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("found", "expected", "gap"),
    [
        ([1.0, NAN, INF, -INF], [1.0, NAN, INF, -INF], 0.0),
        ([1.0, 2.5], [1.0, 2.0], 0.5),
        ([1.0, NAN], [3.0, 2.0], INF),
        ([1.0, 2.0], [3.0, NAN], INF),
        ([1.0, INF], [3.0, 2.0], INF),
        ([1.0, INF], [3.0, -INF], INF),
        ([1, 2], [1, 4], 2.0),
        ([True, False], [True, True], 1.0),
    ],
)
def test_no_gap_is_overlooked(found, expected, gap):
    """A NaN that the other run lacks, above all, whatever else differs."""
    pair = ({"a": np.array(values), "b": np.zeros((2, 0))} for values in (found, expected))
    assert largest_difference(*pair) == gap


@pytest.mark.parametrize("name", [in_ci(name, name == "nuts") for name in members(jgen.samplers, "recipe")])
def test_a_chain_is_the_same_in_any_company(name):
    """Bit for bit where it is the same program, and every draw from an elementwise density. Elsewhere XLA may
    sum in another order, which a few steps in float64 leave far below 1e-5."""
    command = [sys.executable, "-m", "tests.helpers.chains_in_company", name]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told
    for kind, found in told.items():
        assert found["in chunks"] == found["resumed"] == [0, 0], told
        for in_draws, in_all in found.values():
            assert in_all <= 1e-5, told
            assert in_draws == 0 or kind == "any" or name in ROUNDING, told
