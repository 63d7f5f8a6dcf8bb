"""Check the rows of the benchmark of functions that read from outside; times are not checked."""

import pytest

from benchmarks import closures
from tests.helpers.benchmark_runs import run_benchmark


@pytest.mark.slow
def test_each_density_has_a_row(tmp_path):
    rows = run_benchmark(closures, tmp_path, "--seconds", "0.01")["rows"]
    sizes = [row["equations"] for row in rows]
    assert len(rows) == 3
    assert sizes[0] == min(sizes)
    assert all(row["ratio"] > 0 for row in rows)
