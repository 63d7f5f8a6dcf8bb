"""The sampler benchmark, as small as it gets: its rows, its file and its refusals; never its times."""

import json
import math

import pytest

import jgen.samplers
import jgen.targets
from benchmarks.bounds_base import bounds_rows
from benchmarks.samplers import main
from jgen._internal.members import members

pytestmark = pytest.mark.usefixtures("unoptimised")  # each program runs for less time than it compiles
TINY = ["--chains", "2", "--seconds", "0.001", "--num-warmup", "20", "--lanes-chains", "0"]
ALWAYS = (
    "target",
    "chains",
    "sampler",
    "counterpart",
    "draws_per_call",
    "draws_per_second",
    "compile_seconds",
    "rounds",
)
MEASURED = ("min_ess_per_second", "min_ess_squared_per_second")
WHERE_THERE_IS_ONE = (
    "ess_per_gradient",
    "utilisation",
    "evaluation",
    "us_per_evaluation",
    "bare_ratio",
    "hand_written_ratio",
    "jgen_ratio",
)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What a run of two samplers tells: one by gradients, one by densities."""
    return run(tmp_path_factory, ["--samplers", "hmc", "metropolis"])


def run(tmp_path_factory, options):
    file = tmp_path_factory.mktemp("bench") / "samplers.json"
    main([*TINY, "--targets", "standard_gaussian", *options, "--json", str(file)])
    text = file.read_text(encoding="utf-8")
    assert str(file.parent) not in text  # no path of this machine
    return json.loads(text, parse_constant=lambda constant: pytest.fail(f"not strict JSON: {constant}"))


@pytest.mark.weekly
def test_every_member_that_claims_the_target_has_a_row(tmp_path_factory):
    told = run(tmp_path_factory, [])
    target = jgen.targets.standard_gaussian()
    claiming = {
        name for name, module in members(jgen.samplers, "recipe").items() if module.recipe(target) is not None
    }
    assert {row["sampler"] for row in told["rows"]} == claiming | {"hand-written hmc"}
    assert all(row["counterpart"] in claiming for row in told["rows"])
    check_columns(told)


@pytest.mark.slow
def test_every_row_has_every_column(told):
    check_columns(told)


def check_columns(told):
    for row in told["rows"]:
        assert set(row) == {*ALWAYS, *MEASURED, *WHERE_THERE_IS_ONE}
        numbers = [row[name] for name in (*ALWAYS, *MEASURED, *WHERE_THERE_IS_ONE)]
        for number in numbers:
            assert number is None or isinstance(number, str) or (math.isfinite(number) and number >= 0), row
        assert row["rounds"] >= 3
        assert row["draws_per_second"] > 0
        assert row["min_ess_per_second"] > 0


@pytest.mark.slow
def test_ratios_stand_where_they_mean_something(told):
    rows = {row["sampler"]: row for row in told["rows"]}
    assert rows["hmc"]["hand_written_ratio"] > 0
    assert rows["hmc"]["bare_ratio"] > 0
    assert rows["hmc"]["jgen_ratio"] == rows["hand-written hmc"]["hand_written_ratio"] == 1
    assert rows["metropolis"]["evaluation"] == "log density"
    assert rows["metropolis"]["ess_per_gradient"] is None
    product = rows["hmc"]["hand_written_ratio"] * rows["hand-written hmc"]["jgen_ratio"]
    assert product == pytest.approx(1.0, rel=0.5)  # medians of reciprocals


@pytest.mark.slow
def test_the_machine_and_the_bound_are_told(told):
    assert set(told) == {"machine", "config", "rows", "mixtures", "lanes", "bounds"}
    assert told["machine"]["device"]["cpus"] >= 1
    assert told["machine"]["versions"]["jax"]
    assert told["mixtures"] == told["lanes"] == []
    (bound,) = told["bounds"]
    assert bound["asked"] == "HMC, x by hand, at most"
    assert (bound["met"] == "yes") == (bound["found"] <= bound["bound"])


@pytest.mark.weekly
def test_the_mixtures_are_told(tmp_path_factory):
    """Direct draws evaluate nothing; beside their row stand mixtures of few and many components."""
    told = run(tmp_path_factory, ["--samplers", "direct"])
    (row,) = told["rows"]
    assert row["evaluation"] is row["bare_ratio"] is None
    ways = {(row["components"], row["dim"]) for row in told["mixtures"]}
    assert ways == {(5, 1), (5, 4), (40, 1), (40, 4)}
    ours = [row["jgen_ratio"] for row in told["mixtures"] if row["way"] == "jgen mixture.sample"]
    assert ours == [1, 1, 1, 1]
    assert len(told["bounds"]) == 2
    assert all((row["met"] == "yes") == (row["found"] >= row["bound"]) for row in told["bounds"])


def test_a_target_that_no_sampler_claims_is_passed_over(tmp_path):
    file = tmp_path / "samplers.json"
    main([*TINY, "--targets", "asia", "--samplers", "hmc", "--json", str(file)])
    assert json.loads(file.read_text(encoding="utf-8"))["rows"] == []


def test_the_worst_of_each_bound_is_named():
    """Nothing is measured: numbers on both sides of each bound, and which of them is told."""
    kernels = [
        {"sampler": "hmc", "target": "a", "chains": 1, "hand_written_ratio": 1.1},
        {"sampler": "hmc", "target": "b", "chains": 64, "hand_written_ratio": 1.15},
        {"sampler": "nuts", "target": "a", "chains": 1, "hand_written_ratio": 9.0},
        {"sampler": "nuts", "target": "a", "chains": 64, "hand_written_ratio": 1.9},
        {"sampler": "nuts", "target": "b", "chains": 1024, "hand_written_ratio": 2.1},
        {"sampler": "nuts", "target": "c", "chains": 64, "hand_written_ratio": None},
        {"sampler": "mala", "target": "a", "chains": 64, "hand_written_ratio": 50.0},
    ]
    lanes = [
        {"target": "funnel", "chains": 256, "lanes": None, "utilisation": 0.06},
        {"target": "funnel", "chains": 256, "lanes": 64, "utilisation": 0.7},
        {"target": "funnel", "chains": 256, "lanes": 16, "utilisation": 0.9},
        {"target": "breast_cancer", "chains": 256, "lanes": 16, "utilisation": 0.99},
    ]
    found = [(row["found"], row["where"], row["met"]) for row in bounds_rows(kernels, lanes, [])]
    assert found == [
        (1.15, "b, 64 chains", "yes"),
        (2.1, "b, 1024 chains", "no"),
        (0.9, "funnel, 256 chains over 16 lanes", "yes"),
        (0.06, "funnel, 256 chains", "-"),
    ]
    assert bounds_rows([], [], []) == []


@pytest.mark.weekly
def test_nuts_over_lanes_and_by_hand_are_told(tmp_path_factory):
    """Utilisation is counted, not timed: 32 chains over 2 lanes are busier than all together."""
    options = ["--samplers", "hmc", "nuts", "--lanes-chains", "32"]
    told = run(tmp_path_factory, options)
    rows = {row["sampler"]: row for row in told["rows"]}
    assert rows["nuts"]["hand_written_ratio"] > 0
    lanes = {(row["target"], row["lanes"]): row["utilisation"] for row in told["lanes"]}
    assert {target for target, _ in lanes} == {"funnel", "breast_cancer"}
    assert lanes["funnel", 2] > lanes["funnel", 8] > lanes["funnel", None]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--targets", "nowhere"], "there is no nowhere; choose among"),
        (["--samplers", "gibs"], "there is no gibs; choose among"),
        (["--chains", "0"], "chains of 1 or more"),
        (["--seconds", "-1"], "give a positive number"),
        (["--seconds", "nan"], "give a positive number"),
        (["--num-warmup", "0"], "give at least 1"),
        (["--json", "nowhere/at/all.json"], "is not a directory"),
        (["--chains", "many"], "many"),
    ],
)
def test_a_bad_option_is_refused_in_a_line(options, complaint, capsys):
    with pytest.raises(SystemExit) as exit_info:
        main(options)
    assert exit_info.value.code == 2
    told = capsys.readouterr().err
    assert complaint in told
    assert "Traceback" not in told


def test_missing_peers_name_the_extra(monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "blackjax", None)
    with pytest.raises(SystemExit) as exit_info:
        main([*TINY, "--targets", "standard_gaussian", "--peers"])
    assert exit_info.value.code == 2
    assert '".[bench]"' in capsys.readouterr().err
