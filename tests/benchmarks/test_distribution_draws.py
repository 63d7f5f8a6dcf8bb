"""Check the rows of direct draws of mixtures."""

import pytest

from benchmarks import samplers
from tests.helpers.benchmark_runs import run_benchmark


@pytest.mark.usefixtures("unoptimised")
@pytest.mark.weekly
def test_mixtures_of_few_and_many_components_have_rows(tmp_path):
    options = "--chains 2 --seconds 0.001 --num-warmup 20 --targets standard_gaussian --samplers direct"
    figures = run_benchmark(samplers, tmp_path, *options.split())
    (row,) = figures["rows"]
    assert row["evaluation"] is row["bare_ratio"] is None  # direct draws evaluate nothing
    mixtures = figures["mixtures"]
    assert {(row["components"], row["dim"]) for row in mixtures} == {(5, 1), (5, 4), (40, 1), (40, 4)}
    ratios = [row["jgen_ratio"] for row in mixtures if row["method"] == "jgen mixture.sample"]
    assert ratios == [1, 1, 1, 1]
