"""Check the rows of the sampler benchmark on its smallest runs; times are not checked."""

import math

import pytest

import jgen.samplers
import jgen.targets
from benchmarks import samplers
from jgen._internal.members import members
from tests.helpers.benchmark_runs import run_benchmark

pytestmark = pytest.mark.usefixtures("unoptimised")  # each program runs for less time than it compiles
TINY = ["--chains", "2", "--seconds", "0.001", "--num-warmup", "20", "--lanes-chains", "0", "--targets"]
RATIOS = {"bare_ratio", "hand_written_ratio", "jgen_ratio"}
OPTIONAL = RATIOS | {"ess_per_gradient", "utilisation", "evaluation", "us_per_evaluation"}


def check_columns(rows):
    for row in rows:
        assert len(row) == 17
        for name in OPTIONAL:
            assert row[name] is not None or row.pop(name) is None
        for number in row.values():
            assert isinstance(number, str) or (math.isfinite(number) and number >= 0), row
        assert row["rounds"] >= 3
        assert min(row["draws_per_second"], row["min_ess_per_second"]) > 0


@pytest.mark.weekly
def test_every_sampler_of_a_target_has_a_row(tmp_path):
    rows = run_benchmark(samplers, tmp_path, *TINY, "standard_gaussian")["rows"]
    target, modules = jgen.targets.standard_gaussian(), members(jgen.samplers, "recipe")
    claiming = {name for name, module in modules.items() if module.recipe(target) is not None}
    assert {row["sampler"] for row in rows} == claiming | {"hand-written hmc"}
    assert all(row["counterpart"] in claiming for row in rows)
    check_columns(rows)


@pytest.mark.slow
def test_ratios_compare_the_same_kind_of_evaluation(tmp_path):
    figures = run_benchmark(samplers, tmp_path, *TINY, "standard_gaussian", "--samplers", "hmc", "metropolis")
    assert set(figures) == {"machine", "config", "rows", "mixtures", "lanes"}
    assert figures["mixtures"] == figures["lanes"] == []
    rows = {row["sampler"]: row for row in figures["rows"]}
    ours, by_hand, metropolis = (rows[name] for name in ("hmc", "hand-written hmc", "metropolis"))
    assert min(ours["hand_written_ratio"], ours["bare_ratio"]) > 0
    assert ours["jgen_ratio"] == by_hand["hand_written_ratio"] == 1
    assert (metropolis["evaluation"], metropolis["ess_per_gradient"]) == ("log density", None)
    product = ours["hand_written_ratio"] * by_hand["jgen_ratio"]
    assert product == pytest.approx(1.0, rel=0.5)  # medians of reciprocals
    check_columns(figures["rows"])


def test_a_target_without_samplers_has_no_rows(tmp_path):
    assert run_benchmark(samplers, tmp_path, *TINY, "asia", "--samplers", "hmc")["rows"] == []
