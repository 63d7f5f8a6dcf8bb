"""The mixture experiment: it leaves everything it promises, finds the known answers, and names mistakes."""

import json
import os
import xml.etree.ElementTree as ET

import jax
import numpy as np
import pytest

from experiments.mixture import Config, mixture
from jgen.data import load
from jgen.experiment.command_line import main
from jgen.models import gaussian_mixture
from jgen.training import checkpoints

NAMES = ["direct", "ancestral", "rejection", "importance", "metropolis", "mala", "hmc", "nuts"]
FIGURES = ["chains", "density", "held_out", "restarts", "samplers"]
SHORT = ["--steps", "60", "--restarts", "8", "--chains", "64", "--draws", "20"]


def records(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture(autouse=True)
def data_folder(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("JGEN_DATA_DIR", str(tmp_path_factory.getbasetemp() / "data"))


@pytest.fixture
def numpyro_ranks():
    """NumPyro's own mixture moments promote ranks."""
    with jax.numpy_rank_promotion("allow"):
        yield


def check_scores(rows):
    """Six standard errors of Student's t with 63 degrees of freedom: 1e-7 for each of 32 coordinates."""
    assert [row["sampler"] for row in rows] == NAMES
    for row in rows:
        assert row["error (MCSEs)"] < 6, row
        assert row["log Z"] is None or abs(row["log Z"]) <= 6 * row["log Z s.e."], row


@pytest.mark.slow
def test_a_short_run_leaves_everything(tmp_path, capsys, monkeypatch, numpyro_ranks):  # noqa: ARG001
    monkeypatch.setenv("COLUMNS", "100")
    main(mixture, Config, [*SHORT, "--out", str(tmp_path / "run")])
    out, folder = capsys.readouterr().out, tmp_path / "run"
    first_cells = [line.split()[1] for line in out.splitlines() if line.startswith(("│", "|"))]
    assert [cell for cell in first_cells if cell in NAMES] == NAMES

    fit, *rows = records(folder)
    assert fit["components"] == 3
    assert [row["sampler"] for row in rows[:8]] == NAMES
    assert [row["components"] for row in rows[8:]] == [1, 2, 3, 4, 5]
    assert all(row["mean"]["n"] == 150 for row in rows[8:])

    tree = ET.fromstring((folder / "report.html").read_text())
    assert len(list(tree.iter("{http://www.w3.org/1999/xhtml}img"))) == len(FIGURES)
    assert "finished after" in "".join(tree.itertext())
    assert sorted(path.stem for path in (folder / "figures").glob("*.png")) == FIGURES

    x = np.asarray(load("iris")["x"], np.float32)
    model = gaussian_mixture(x, 3)
    params = checkpoints.restore(folder / "checkpoint", like=model.init(jax.random.key(0)))
    again = jax.vmap(model.distribution(params).log_prob)(x).sum()
    assert abs(float(again) - fit["log-likelihood"]) < 0.5  # 60 steps: one more step still moves it


@pytest.mark.weekly
@pytest.mark.parametrize("components", ["1", "5"])
def test_a_table_of_ones_own_and_other_counts(tmp_path, components, numpyro_ranks):  # noqa: ARG001
    rows = np.random.default_rng(0).normal(size=(60, 2)) + np.repeat([[0.0, 0.0], [6.0, 0.0]], 30, axis=0)
    np.savetxt(tmp_path / "rows.csv", rows, delimiter=",", header="width,height", comments="")
    options = ["--data", str(tmp_path / "rows.csv"), "--components", components]
    main(mixture, Config, [*SHORT, *options, "--out", str(tmp_path / "run")])
    fit, *scores = records(tmp_path / "run")
    assert fit["components"] == int(components)
    assert len(scores) == 13


@pytest.mark.weekly
@pytest.mark.parametrize("seed", ["0", "1"])
def test_the_default_run_finds_the_known_answers(tmp_path, seed, numpyro_ranks):  # noqa: ARG001
    main(mixture, Config, ["--seed", seed, "--out", str(tmp_path / "run")])
    fit, *rows = records(tmp_path / "run")
    assert fit["log-likelihood"] == -180.19
    check_scores(rows[:8])
    by_count = {row["components"]: row["mean"]["value"] for row in rows[8:]}
    assert max(by_count, key=by_count.get) in (2, 3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--components", "0"], "error: --components must be at least 1; got 0"),
        (["--draws", "3"], "error: --draws must be at least 4; got 3"),
        (["--data", "irsi"], "error: unknown data set 'irsi'"),
        (["--data", "none.csv"], "error: cannot read none.csv"),
        (["--components", "200"], "error: 150 rows of 4 columns cannot fit 200 components"),
    ],
)
def test_a_mistake_is_one_line_and_code_2(tmp_path, capsys, options, words):
    with pytest.raises(SystemExit) as stop:
        main(mixture, Config, [*options, "--out", str(tmp_path / "run")])
    lines = [line for line in capsys.readouterr().err.splitlines() if "fit of" not in line]
    assert stop.value.code == 2
    assert len(lines) == 1
    assert lines[0].startswith(words)


def test_a_run_folder_that_cannot_be_written_is_one_line_and_code_2(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit) as stop:
        main(mixture, Config, ["--out", os.path.join(tmp_path, "file", "run")])
    err = capsys.readouterr().err
    assert stop.value.code == 2
    assert err.startswith("error: cannot make ")
    assert err.count("\n") == 1
