"""Check the rows of the likelihood benchmark on its smallest run; times are not checked."""

import pytest

from benchmarks import likelihood
from tests.helpers.benchmark_runs import run_benchmark


@pytest.mark.weekly
@pytest.mark.usefixtures("unoptimised")
def test_costs_and_gaps_have_rows(tmp_path):
    options = [
        "--examples",
        "2",
        "--chains",
        "1",
        "--seconds",
        "0.001",
        "--gap-examples",
        "8",
        "--hidden",
        "4",
    ]
    figures = run_benchmark(likelihood, tmp_path, *options)
    assert [row["decoder"] for row in figures["costs"]] == ["linear", "linear", "4 x 4", "4 x 4"]
    assert [row["gradients"] for row in figures["costs"]] == [1100, 400, 1100, 400]
    assert all(row["bare_ratio"] > 0 for row in figures["costs"])
    assert max(row["gradients"] for row in figures["gaps"]) == likelihood.BUDGET
