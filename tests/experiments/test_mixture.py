"""Check the fit, the samplers and the known answers of the mixture experiment."""

import jax
import numpy as np
import pytest

from jgen._internal.formatting import format_value
from jgen.data import load
from jgen.evaluation.sampler_metrics import round_metrics
from jgen.models import gaussian_mixture
from jgen.training import checkpoints
from tests.helpers.run_outputs import figures_of, metrics_of, run_experiment, usage_error

NAMES = ["direct", "ancestral", "rejection", "importance", "metropolis", "mala", "hmc", "nuts"]
NAMES += ["tempering", "smc"]
LOCAL = ["metropolis", "mala", "hmc", "nuts"]
HEADS = {"sampler", "(MCSEs)", "ESS", "ESS/gradient", "draws/s", "R-hat"}
SHORT = ["--steps", "60", "--restarts", "8", "--chains", "64", "--draws", "20"]
pytestmark = pytest.mark.usefixtures("broadcasting")


@pytest.mark.slow
def test_a_short_run_writes_its_results(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    folder = run_experiment("mixture", tmp_path, *SHORT)
    printed = capsys.readouterr().out
    assert printed.replace("┃", " ").split().count("ESS/gradient") == 1
    assert set(printed.replace("┃", " ").split()) >= HEADS
    lines = [line.strip("│").split("│") for line in printed.splitlines() if line.startswith("│")]
    lines = {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in lines}

    fit, *rows = metrics_of(folder)
    assert fit["components"] == 3
    samplers, counts = rows[: len(NAMES)], rows[len(NAMES) :]
    assert [row["sampler"] for row in samplers] == NAMES
    assert [row["components"] for row in counts] == [1, 2, 3, 4, 5]
    assert all(row["mean"]["n"] == 150 for row in counts)
    chains = {"chains_nuts", "chains_tempering"}
    assert figures_of(folder) == {"density", "held_out", "restarts", "samplers"} | chains
    for row in samplers:
        shown = round_metrics(row)
        cells = [format_value(shown[head]) for head in ("ESS", "ESS/gradient", "draws/s")]
        assert lines[row["sampler"]][1:4] == cells
    # R-hat of halves of 10 draws, of an autocorrelation time below 3: 1.1, with an error of 0.02
    mixing = {row["sampler"]: row["R-hat"] for row in samplers}
    assert mixing["tempering"] < 1.2 < min(mixing[name] for name in LOCAL)

    x = np.asarray(load("iris")["x"], np.float32)
    model = gaussian_mixture(x, 3)
    params = checkpoints.restore(folder / "checkpoint", like=model.init(jax.random.key(0)))
    log_likelihood = jax.vmap(model.distribution(params).log_prob)(x).sum()
    assert abs(float(log_likelihood) - fit["log-likelihood"]) < 0.5  # after 60 steps it still changes


@pytest.mark.weekly
@pytest.mark.parametrize("components", ["1", "5"])
def test_a_table_of_the_user_and_other_numbers_of_components(tmp_path, components):
    rows = np.random.default_rng(0).normal(size=(60, 2)) + np.repeat([[0.0, 0.0], [6.0, 0.0]], 30, axis=0)
    np.savetxt(tmp_path / "rows.csv", rows, delimiter=",", header="width,height", comments="")
    options = ["--data", str(tmp_path / "rows.csv"), "--components", components]
    fit, *scores = metrics_of(run_experiment("mixture", tmp_path / "run", *SHORT, *options))
    assert fit["components"] == int(components)
    assert len(scores) == len(NAMES) + 5


@pytest.mark.weekly
@pytest.mark.parametrize("seed", ["0", "1"])
def test_the_default_run_finds_the_known_answers(tmp_path, seed):
    """Six standard errors of Student's t with 63 degrees of freedom: 1e-7 for each of 32 coordinates."""
    fit, *rows = metrics_of(run_experiment("mixture", tmp_path, "--seed", seed))
    assert fit["log-likelihood"] == -180.19
    samplers, counts = rows[: len(NAMES)], rows[len(NAMES) :]
    assert [row["sampler"] for row in samplers] == NAMES
    for row in samplers:
        assert row["error (MCSEs)"] < 6, row
        assert row["log Z"] is None or abs(row["log Z"]) <= 6 * row["log Z s.e."], row
    mixing = {row["sampler"]: row["R-hat"] for row in samplers}
    assert mixing["tempering"] < 1.01 < min(mixing[name] for name in LOCAL)
    by_count = {row["components"]: row["mean"]["value"] for row in counts}
    assert max(by_count, key=by_count.get) in (2, 3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("width\n" + "".join(f"{i}.5\n" for i in range(30)), "has 1 column: give at least 2"),
        ("a,b\n" + "".join(f"{i}.5,1.0\n" for i in range(30)), "column 1 is constant"),
        ("a,b\n0.5,1.0\n1.5,0.0\n2.5,3.0\n3.0,1.0\n", "3 rows of 2 columns cannot fit 5 components"),
    ],
)
def test_a_table_that_cannot_be_fitted_stops_the_run_before_any_work(tmp_path, capsys, text, words):
    (tmp_path / "rows.csv").write_text(text)
    options = ["--data", str(tmp_path / "rows.csv")]
    assert words in usage_error(capsys, run_experiment, "mixture", tmp_path / "run", *options)
