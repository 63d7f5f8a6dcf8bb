"""The experiment on posteriors: its report is whole, and one component's evidence is right three ways."""

import json
import secrets

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.posterior import Config, posterior, three_ways
from jgen.data import load
from jgen.evaluation.evidence import agreement
from jgen.experiment.command_line import main
from jgen.models.bayesian_mixture import log_evidence_of_one
from tests.helpers.random_keys import fresh_key

FALSE_ALARM = 1e-6
"""By Student's law: the error of eight populations has seven degrees of freedom, and six of it are no less
likely than 5e-4."""
SCHOOLS = {
    "mu": 4.396821,
    "tau": 3.597705,
    "log_tau": 0.802139,
    **{f"theta[{i}]": mean for i, mean in enumerate(
        (6.21188, 4.94018, 3.92700, 4.75710, 3.61548, 4.04261, 6.29672, 4.85425)
    )},
}  # fmt: skip
SHORT = ["--components", "1", "--particles", "8", "--rungs", "1", "--draws", "80"]


@pytest.fixture
def numpyro_ranks():
    """NumPyro's transformed distributions promote ranks."""
    with jax.numpy_rank_promotion("allow"):
        yield


@pytest.fixture(scope="module")
def flowers():
    """Rows of iris, each column of mean 0 and variance 1."""
    table = np.asarray(load("iris")["x"], np.float32)
    return jnp.asarray((table - table.mean(0)) / table.std(0))


@pytest.mark.slow
@pytest.mark.usefixtures("numpyro_ranks")
def test_a_short_run_leaves_its_tables_and_pictures(tmp_path, flowers):
    main(posterior, Config, [*SHORT, "--out", str(tmp_path / "run")])
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    estimates = {(row["of"], row["by"]): row for row in rows if "of" in row}
    assert set(estimates) == {
        (of, by) for of in ("eight schools", "K = 1") for by in ("SMC", "AIS", "bridge")
    }
    assert estimates["K = 1", "SMC"]["truth"] == round(log_evidence_of_one(flowers), 2)
    assert estimates["eight schools", "AIS"]["truth"] == -31.31
    truths = {row["quantity"]: row["truth"] for row in rows if "quantity" in row}
    assert {name: truths[name] for name in SCHOOLS} == {
        name: round(mean, 3) for name, mean in SCHOOLS.items()
    }
    assert {"theta_raw[0]", "theta_raw[7]"} < set(truths)
    figures = {path.stem for path in (tmp_path / "run" / "figures").glob("*.png")}
    assert figures == {"schools_evidence", "shrinkage", "chains", "evidence", "agreement", "density"}


def check_agreement(judged):
    """All are believed, and none is off the truth, if that is known, or off another, beyond chance."""
    for row in judged.rows:
        assert row["believed"] == "yes", row
        assert row["least chance"] > FALSE_ALARM, row


@pytest.mark.weekly
def test_the_evidence_of_one_component_is_exact_three_ways(flowers):
    found, _ = three_ways(Config(particles=32, rungs=3), fresh_key(), flowers, 1)
    check_agreement(agreement(found, log_evidence_of_one(flowers)))


@pytest.mark.weekly
@pytest.mark.parametrize("k", range(2, 6))
def test_the_evidence_of_every_number_of_components_agrees_three_ways(k, flowers):
    found, _ = three_ways(Config(), fresh_key(), flowers, k)
    check_agreement(agreement(found))


@pytest.mark.weekly
@pytest.mark.usefixtures("numpyro_ranks")
def test_eight_schools_are_what_quadrature_says(tmp_path):
    """NUTS within 6.5 errors, which 5000 effective draws tell to a few parts in a hundred: at 6 the normal
    tail is 2e-9. log Z = -31.31134735 three ways."""
    seed = str(secrets.randbits(31))
    main(posterior, Config, ["--components", "1", "--seed", seed, "--out", str(tmp_path / "run")])
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    found = {row["quantity"]: row for row in rows if "quantity" in row}
    for name in SCHOOLS:
        assert found[name]["ESS"] > 1000, found[name]
        assert abs(found[name]["error (MCSEs)"]) < 6.5, found[name]
    estimates = [row for row in rows if row.get("of") == "eight schools"]
    assert [row["by"] for row in estimates] == ["SMC", "AIS", "bridge"]
    for row in estimates:
        assert row["believed"] == "yes", row
        assert row["least chance"] > FALSE_ALARM, row


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--particles", "3"], "--particles must be at least 8; got 3"),
        (["--components", "9"], "--components must be at most 7; got 9"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(capsys, arguments, words):
    with pytest.raises(SystemExit) as stop:
        main(posterior, Config, arguments)
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith(f"error: {words}")
