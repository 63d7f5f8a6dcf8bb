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


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name in SHOWN else pytest.mark.weekly)
        for name in members(jgen.samplers, "recipe")
    ],
)
def test_a_chain_is_the_same_in_any_company(name):
    """Bit for bit where it is the same program. Elsewhere XLA may sum in another order, which a few steps in
    float64 leave far below 1e-5."""
    program = Path(__file__).with_name("company.py")
    done = subprocess.run(
        [sys.executable, str(program), name], capture_output=True, text=True, env=os.environ, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["in chunks"] == found["resumed"] == 0, found
    assert max(found.values()) <= 1e-5, found
