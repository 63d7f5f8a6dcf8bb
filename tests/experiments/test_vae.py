"""Check the autoencoder against its baselines, and on data without a validation split."""

import pytest

from jgen.data import prepare
from tests.helpers.published_files import aim, idx_files
from tests.helpers.run_outputs import metrics_of, run_experiment


@pytest.mark.weekly
def test_the_autoencoder_is_better_than_a_linear_model_and_than_independent_pixels(tmp_path, broadcasting):  # noqa: ARG001
    """Paired differences are beyond their 95 % intervals."""
    run_experiment("vae", tmp_path, "--decoder", "mlp", "--latent", "8", "--steps", "300")
    rows = metrics_of(tmp_path, "minus best")
    assert [row["model"].split(",")[0] for row in rows] == ["vae", "ppca", "independent pixels"]
    assert rows[0]["minus best"]["value"] == 0
    assert all(row["minus best"]["high"] < 0 for row in rows[1:])


@pytest.mark.usefixtures("unoptimised", "broadcasting")
@pytest.mark.weekly
def test_data_without_a_validation_split_use_a_part_of_train(tmp_path, monkeypatch, rng):
    contents, _ = idx_files(rng, 60, 20, levels=2)
    manual = tmp_path / "data" / "downloads" / "manual"
    manual.mkdir(parents=True)
    aim(monkeypatch, "mnist", contents, manual, "http://127.0.0.1:9/")
    monkeypatch.setenv("JGEN_DATA_DIR", str(tmp_path / "data"))
    prepare("mnist")
    options = "--data mnist --decoder mlp --head bernoulli --latent 2 --steps 2 --objective mmd"
    run_experiment("vae", tmp_path / "run", *options.split())
    assert [row["mean"]["n"] for row in metrics_of(tmp_path / "run", "minus best")] == [20, 20, 20]
