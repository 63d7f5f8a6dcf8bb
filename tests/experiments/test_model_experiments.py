"""Every experiment on models runs in a short form and leaves its table, its pictures and its report."""

import importlib
import json
import xml.etree.ElementTree as ET

import pytest

from jgen.experiment import main

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
    "graphs": {"training", "data", "draws", "codes"},
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


@pytest.mark.slow
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


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("vae", ["--data", "iris"], "error: iris holds "),
        ("vae", ["--head", "bernoulli"], "error: digits has 17 levels: --head bernoulli is for 2"),
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
