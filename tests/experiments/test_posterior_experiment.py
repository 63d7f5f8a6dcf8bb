"""The experiment on posteriors: its report is whole, and one component's evidence is right three ways."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.posterior import Config, posterior, three_ways
from jgen.data import load
from jgen.evidence import agreement
from jgen.experiment import main
from jgen.models.bayesian_mixture import log_evidence_of_one

SHORT = ["--components", "1", "--particles", "32", "--rungs", "1", "--draws", "80"]


@pytest.fixture
def numpyro_ranks():
    """NumPyro's transformed distributions promote ranks."""
    with jax.numpy_rank_promotion("allow"):
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("numpyro_ranks")
def test_a_short_run_leaves_its_tables_and_pictures(tmp_path):
    main(posterior, Config, [*SHORT, "--out", str(tmp_path / "run")])
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    estimates = {(row["of"], row["by"]): row for row in rows if "of" in row}
    assert set(estimates) == {
        (of, by) for of in ("eight schools", "K = 1") for by in ("SMC", "AIS", "bridge")
    }
    assert estimates["K = 1", "SMC"]["truth"] == -875.51 or estimates["K = 1", "SMC"]["truth"] == -875.52
    assert {row["quantity"] for row in rows if "quantity" in row} >= {"mu", "log_tau", "theta_raw[7]"}
    figures = {path.stem for path in (tmp_path / "run" / "figures").glob("*.png")}
    assert figures == {"schools_evidence", "shrinkage", "chains", "evidence", "agreement", "density"}


@pytest.mark.slow
def test_the_evidence_of_one_component_is_exact_three_ways():
    """Within 6 standard errors, the normal tail of 2e-9."""
    table = np.asarray(load("iris")["x"], np.float32)
    rows = jnp.asarray((table - table.mean(0)) / table.std(0))
    found, _ = three_ways(Config(particles=128), jax.random.key(0), rows, 1)
    judged = agreement(found, log_evidence_of_one(rows))
    for row in judged.rows:
        assert abs(row["off (s.e.)"]) < 6, row
        assert row["believed"] == "yes", row


def test_too_few_particles_are_one_line(capsys):
    with pytest.raises(SystemExit) as stop:
        main(posterior, Config, ["--particles", "3"])
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith("error: --particles must be at least 32; got 3")
