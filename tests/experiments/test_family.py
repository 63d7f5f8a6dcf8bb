"""Every experiment on models runs in a short form and leaves its table, its pictures and its report."""

import importlib
import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from experiments import exercise, text
from jgen.data import load, prepare
from jgen.experiment.command_line import main
from tests.helpers.published_files import aim, idx_files
from tests.helpers.random_keys import fresh_rng

SHORT = {
    "exercise": ("--steps", "3", "--draws", "64"),
    "vae": ("--steps", "3", "--decoder", "mlp", "--latent", "2", "--data", "shapes2d"),
    "adversarial": ("--steps", "3", "--digit-steps", "3"),
    "text": ("--steps", "2", "--data", "topics_bpe", "--width", "8", "--networks", "rnn"),
    "shapes": ("--steps", "2", "--decoders", "implicit"),
    "graphs": ("--steps", "2"),
}
FIGURES = {
    "exercise": {"untrained", "training", "reconstructions", "draws"},
    "vae": {"training", "reconstructions", "samples", "pixels", "latent", "traversals"},
    "adversarial": {
        "scores_non-saturating",
        "scores_wasserstein",
        "plane",
        "reconstructions",
        "digits",
        "codes",
    },
    "text": {"training"},
    "shapes": {"training", "reconstructions", "draws_implicit", "finer"},
    "graphs": {"training", "data", "draws", "reconstructions", "codes"},
}


def go(name, *options):
    module = importlib.import_module(f"experiments.{name}")
    main(getattr(module, name), module.Config, list(options))


def lines(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("name", SHORT)
def test_a_short_run_leaves_everything(tmp_path, name, broadcasting):  # noqa: ARG001
    go(name, *SHORT[name], "--out", str(tmp_path / "run"))
    figures = {path.stem for path in (tmp_path / "run" / "figures").glob("*.png")}
    assert figures == FIGURES[name]
    tree = ET.fromstring((tmp_path / "run" / "report.html").read_text())
    assert len(list(tree.iter("{http://www.w3.org/1999/xhtml}img"))) == len(figures)
    assert "finished after" in "".join(tree.itertext())
    assert any("loss" in line for line in lines(tmp_path / "run"))
    assert (tmp_path / "run" / "checkpoints").is_dir()


@pytest.mark.weekly
def test_a_run_goes_on_from_another(tmp_path, broadcasting):  # noqa: ARG001
    short = [*SHORT["vae"], "--out", str(tmp_path / "first")]
    go("vae", *short)
    longer = [*SHORT["vae"][2:], "--steps", "5", "--resume", str(tmp_path / "first"), "--out"]
    go("vae", *longer, str(tmp_path / "second"))
    steps = [line["step"] for line in lines(tmp_path / "second") if "loss" in line]
    assert steps == [5]


@pytest.mark.slow
def test_no_model_is_better_than_its_source(tmp_path, broadcasting):  # noqa: ARG001
    go("text", "--networks", "rnn", "--width", "8", "--steps", "60", "--out", str(tmp_path / "run"))
    source, model = (line for line in lines(tmp_path / "run") if "perplexity" in line)
    assert source["model"] == "the source"
    assert model["above the source"]["value"] > 0  # 60 steps of a small cell are far from enough
    assert model["perplexity"] < 16.0
    report = (tmp_path / "run" / "report.html").read_text()
    assert report.count("rnn, as learned") == 1


@pytest.mark.weekly
def test_the_transformer_meets_the_source(tmp_path, broadcasting):  # noqa: ARG001
    """Its perplexity is within 2 % of the source's on the same windows, and not below it beyond chance."""
    go("text", "--networks", "transformer", "--width", "32", "--steps", "400", "--out", str(tmp_path / "run"))
    source, model = (line for line in lines(tmp_path / "run") if "perplexity" in line)
    assert model["perplexity"] < 1.02 * source["perplexity"]
    above = model["above the source"]
    assert above["value"] > -3 * (above["high"] - above["low"]) / (2 * 1.96)


def test_what_is_better_than_its_source_is_refused():
    windows = fresh_rng().integers(0, 16, (50, 64))
    source = text.markov.log_prob(windows)
    noise = np.linspace(-1.0, 1.0, 50)

    def judged(found):
        return text.against_entropy(text.Config(), {"test": windows}, {"network": found})

    first, second = judged(source - 0.5 + noise)
    assert (first["model"], second["model"]) == ("the source", "network")
    np.testing.assert_allclose(second["above the source"].value, 0.5 / 64)
    judged(source + 0.1 + noise)  # not beyond chance: the mean of the noise has an error of 0.083
    with pytest.raises(RuntimeError, match=r"network is better than the truth by 0\.0078"):
        judged(source + 0.5 + noise)


@pytest.mark.slow
def test_the_deep_model_is_better_than_a_linear_one_and_than_pixels_apart(tmp_path, broadcasting):  # noqa: ARG001
    """In pairs, beyond the 95 % interval: so that it is no matter of the head alone, nor of chance."""
    go("vae", "--decoder", "mlp", "--latent", "8", "--steps", "300", "--out", str(tmp_path / "run"))
    judged = [line for line in lines(tmp_path / "run") if "minus best" in line]
    assert [row["model"].split(",")[0] for row in judged] == ["vae", "ppca", "pixels apart"]
    assert judged[0]["minus best"]["value"] == 0
    assert all(row["minus best"]["high"] < 0 for row in judged[1:])


@pytest.mark.usefixtures("unoptimised")
@pytest.mark.weekly
def test_a_set_without_validation_lends_itself_some_of_train(tmp_path, monkeypatch, rng, broadcasting):  # noqa: ARG001
    contents, _ = idx_files(rng, 60, 20, levels=2)
    manual = tmp_path / "data" / "downloads" / "manual"
    manual.mkdir(parents=True)
    aim(monkeypatch, "mnist", contents, manual, "http://127.0.0.1:9/")
    monkeypatch.setenv("JGEN_DATA_DIR", str(tmp_path / "data"))
    prepare("mnist")
    options = (
        "--decoder",
        "mlp",
        "--head",
        "bernoulli",
        "--latent",
        "2",
        "--steps",
        "2",
        "--objective",
        "mmd",
    )
    go("vae", "--data", "mnist", *options, "--out", str(tmp_path / "run"))
    judged = [line for line in lines(tmp_path / "run") if "minus best" in line]
    assert [row["mean"]["n"] for row in judged] == [20, 20, 20]


def test_chance_keeps_the_largest_of_several_means_where_it_is_said_to():
    """19 times in 20: of 4,000 sets of means, 5 standard errors are two false alarms in a million."""
    np.testing.assert_allclose(exercise.largest_mean(1, 100), 1.959964 / 10, rtol=1e-6)
    means = fresh_rng().normal(size=(4000, 8)) / 1000**0.5
    kept = (abs(means).max(1) < exercise.largest_mean(8, 1000)).mean()
    assert abs(kept - 0.95) < 5 * (0.95 * 0.05 / 4000) ** 0.5


def spoiled(feature, change):
    """``load``, with one number changed in the last split that is asked for."""

    def loaded(name, split="train", **options):
        data = load(name, split, **options)
        values = data[feature].astype(np.int64)
        change(values)
        return {**data, feature: values}

    return loaded


def too_bright(x):
    x[-1, 3, 3, 0] = 17


def below_zero(x):
    x[-1, 3, 3, 0] = -1


def doubly_full(x):
    x[-1, 3, 3, 3, 0] = 2


def one_way(adjacency):
    adjacency[-1, 0, 1] = 1 - adjacency[-1, 1, 0]


@pytest.mark.parametrize(
    ("name", "feature", "change", "words"),
    [
        ("exercise", "x", too_bright, "x has values outside the support of DiscretisedLogisticMixture: x["),
        ("vae", "x", below_zero, "x has values outside the support of DiscretisedLogisticMixture: x["),
        ("shapes", "x", doubly_full, "x has values outside the support of Bernoulli: x["),
        ("graphs", "adjacency", one_way, "is none: adjacency must be symmetric"),
    ],
)
def test_data_that_no_head_can_mean_are_refused_before_training(
    tmp_path, monkeypatch, capsys, name, feature, change, words
):
    monkeypatch.setattr(importlib.import_module(f"experiments.{name}"), "load", spoiled(feature, change))
    with pytest.raises(SystemExit) as stop:
        go(name, "--out", str(tmp_path / "run"))
    (told,) = capsys.readouterr().err.splitlines()
    assert stop.value.code == 2
    assert words in told
    assert not (tmp_path / "run" / "checkpoints").exists()


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("vae", ["--data", "iris"], "error: iris holds "),
        ("vae", ["--head", "bernoulli"], "error: digits has 17 levels: --head bernoulli is for 2"),
        ("vae", ["--objective", "iwae", "--beta", "4"], "error: --beta 4 has no effect on iwae"),
        ("vae", ["--latent", "0"], "error: --latent must be at least 1; got 0"),
        ("text", ["--networks"], "error: --networks is empty: name rnn, transformer or both"),
        ("graphs", ["--steps", "0"], "error: --steps must be at least 1; got 0"),
    ],
)
def test_a_mistake_is_one_line_and_code_2(tmp_path, capsys, name, options, words):
    with pytest.raises(SystemExit) as stop:
        go(name, *options, "--out", str(tmp_path / "run"))
    told = capsys.readouterr().err.splitlines()
    assert stop.value.code == 2
    assert len(told) == 1
    assert told[0].startswith(words)
