"""Check the rows of the benchmark of the Frechet distance; times are not checked."""

import numpy as np
import pytest

from benchmarks import frechet
from benchmarks.command_line import main
from tests.helpers.benchmark_runs import run_benchmark
from tests.helpers.run_outputs import usage_error


def test_each_program_computes_the_same_value(tmp_path):
    rows = run_benchmark(frechet, tmp_path, "--num-rows", "300", "--dim", "20", "--seconds", "0.01")["rows"]
    assert len(rows) == 3
    assert rows[0]["ratio"] == 1
    np.testing.assert_allclose([row["value"] for row in rows], rows[0]["value"], rtol=1e-6)


@pytest.mark.parametrize("options", [["--dim", "0"], ["--num-rows", "9", "--dim", "9"]])
def test_sizes_are_checked(options, capsys):
    assert "--num-rows must be above --dim" in usage_error(capsys, main, frechet.run, frechet.Config, options)
