"""A chain is the same alone, among 8 or 256, in chunks, resumed, and over eight devices."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import jgen.samplers
from jgen.testing import members

SHOWN = ("hmc", "importance", "nuts")
ROUNDING = ("adaptive_importance", "elliptical_slice", "sghmc", "sgld", "slice_sampler")
"""Their own steps add, or turn, in an order that a program of another size may change."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name in SHOWN else pytest.mark.weekly)
        for name in members(jgen.samplers, "recipe")
    ],
)
def test_a_chain_is_the_same_in_any_company(name):
    """Bit for bit where it is the same program, and every draw from an elementwise density. Elsewhere XLA may
    sum in another order, which a few steps in float64 leave far below 1e-5."""
    program = Path(__file__).with_name("company.py")
    done = subprocess.run(
        [sys.executable, str(program), name], capture_output=True, text=True, env=os.environ, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told
    for kind, found in told.items():
        assert found["in chunks"] == found["resumed"] == [0, 0], told
        for in_draws, in_all in found.values():
            assert in_all <= 1e-5, told
            assert in_draws == 0 or kind == "any" or name in ROUNDING, told
