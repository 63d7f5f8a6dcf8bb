"""Check every experiment: a short run writes all results, and mistakes of the user print one line."""

import dataclasses
import importlib
import json

import numpy as np
import pytest

from jgen.data import load
from tests.helpers.marking import first_of_each
from tests.helpers.run_outputs import figures_of, metrics_of, run_experiment, usage_error

SCORES = "scores_non-saturating scores_wasserstein"
VAE = "--decoder mlp --latent 2 --data shapes2d --steps"
SHORT = {  # options, and the figures of a run
    "exercise": ("--steps 3 --draws 64", "untrained training reconstructions draws"),
    "vae": (f"{VAE} 3", "training reconstructions samples pixels latent traversals"),
    "adversarial": ("--steps 3 --digit-steps 3", f"{SCORES} plane reconstructions digits codes"),
    "text": ("--steps 2 --data topics_bpe --width 8 --networks rnn", "training"),
    "shapes": ("--steps 2 --decoders implicit", "training reconstructions draws_implicit finer"),
    "graphs": ("--steps 2", "training data draws reconstructions codes"),
}


@pytest.mark.slow
@pytest.mark.usefixtures("broadcasting")
@pytest.mark.parametrize("name", first_of_each(SHORT))
def test_a_short_run_writes_its_results(tmp_path, name):
    options, figures = (words.split() for words in SHORT[name])
    run_experiment(name, tmp_path, *options)
    assert figures_of(tmp_path) == set(figures)
    assert metrics_of(tmp_path, "loss")
    assert (tmp_path / "checkpoints").is_dir()


@pytest.mark.weekly
def test_a_run_continues_from_another(tmp_path, broadcasting):  # noqa: ARG001
    first = run_experiment("vae", tmp_path / "first", *VAE.split(), "3")
    options = [*VAE.split(), "5", "--resume", str(first)]
    second = run_experiment("vae", tmp_path / "second", *options)
    assert [row["step"] for row in metrics_of(second, "loss")] == [5]


OUTSIDE = "x has values outside the support of"
INVALID_DATA = {
    "exercise": ("x", (-1, 3, 3, 0), 17, f"{OUTSIDE} DiscretisedLogisticMixture: x["),
    "vae": ("x", (-1, 3, 3, 0), -1, f"{OUTSIDE} DiscretisedLogisticMixture: x["),
    "shapes": ("x", (-1, 3, 3, 3, 0), 2, f"{OUTSIDE} Bernoulli: x["),
    "graphs": ("adjacency", (-1, 0, 1), 2, "is no graph: edges must be 0 to 1"),
}


@pytest.mark.parametrize("name", first_of_each(INVALID_DATA))
def test_invalid_data_stop_a_run_before_training(tmp_path, monkeypatch, capsys, name):
    feature, index, value, words = INVALID_DATA[name]

    def changed(data, split="train", **options):
        arrays = load(data, split, **options)
        values = arrays[feature].astype(np.int64)
        values[index] = value
        return {**arrays, feature: values}

    monkeypatch.setattr(importlib.import_module(f"experiments.{name}"), "load", changed)
    assert words in usage_error(capsys, run_experiment, name, tmp_path)
    assert not (tmp_path / "checkpoints").exists()


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("adversarial", "--critic-steps 0", "--critic-steps must be at least 1; got 0"),
        ("exercise", "--draws 3", "--draws must be at least 64; got 3"),
        ("mixture", "--components 0", "--components must be at least 1; got 0"),
        ("mixture", "--data irsi", "unknown data set 'irsi'"),
        ("mixture", "--data none.csv", "cannot read none.csv"),
        ("mixture", "--components 200", "150 rows of 4 columns cannot fit 200 components"),
        ("mixture", "--data digits", "data must be floating-point rows [row, dim]"),
        ("multimodal", "--separation nan", "--separation must be a positive number; got nan"),
        ("multimodal", "--samplers hmc what", "--samplers: there is no what; choose among "),
        ("posterior", "--components 9", "--components must be at most 7; got 9"),
        ("shapes", "--decoders", "--decoders is empty: name grid, implicit or both"),
        ("text", "--networks", "--networks is empty: name rnn, transformer or both"),
        ("text", "--width 6", "--width must be a multiple of 4 for a transformer; got 6"),
        ("vae", "--data iris", "iris has "),
        ("vae", "--head bernoulli", "digits has 17 levels: --head bernoulli is for 2"),
        ("vae", "--objective iwae --beta 4", "--beta 4 has no effect on iwae"),
        ("vae", "--beta nan", "--beta must be a finite number of 0 or more; got nan"),
        ("vae", "--resume no-such-run", "[Errno 2] No such file or directory"),
    ],
)
def test_a_mistake_in_the_options_stops_a_run_before_any_work(tmp_path, capsys, name, options, words):
    assert usage_error(capsys, run_experiment, name, tmp_path, *options.split()).startswith(f"error: {words}")


@pytest.mark.parametrize(
    ("saved", "words"),
    [
        ({"decoder": "conv"}, "--decoder is mlp, and conv in the run "),
        ({}, "3 is damaged, or is not a checkpoint of jgen"),
        (None, "config.json is damaged"),
    ],
)
def test_a_run_that_cannot_be_resumed_is_named_in_one_line(tmp_path, capsys, saved, words):
    config = dataclasses.asdict(importlib.import_module("experiments.vae").Config(decoder="mlp"))
    text = "{" if saved is None else json.dumps({"config": config | saved})
    (tmp_path / "config.json").write_text(text)
    (tmp_path / "checkpoints" / "training" / "3").mkdir(parents=True)
    options = ("--decoder", "mlp", "--resume", str(tmp_path))
    assert words in usage_error(capsys, run_experiment, "vae", tmp_path / "run", *options)
