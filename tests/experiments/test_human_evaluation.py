"""The experiment on people: what it writes with answers and without, its models of digits, and refusals."""

import numpy as np
import pytest

from experiments import human_evaluation
from jgen.applications.forced_choice import Store
from tests.helpers.forced_choice import answer_all, image_sets
from tests.helpers.run_outputs import figures_of, metrics_of, report_of, run_experiment, texts, usage_error


@pytest.fixture
def files(tmp_path, rng):
    """Files of a real set and two generated ones, and the options that name them."""
    for name, images in image_sets(rng, names=("real", "a", "b")).items():
        np.save(tmp_path / f"{name}.npy", images)
    paths = [str(tmp_path / f"{name}.npy") for name in ("real", "a", "b")]
    return ["--real", paths[0], "--generated", *paths[1:], "--pairs", "6", "--checks", "2", "--port", "0"]


def serve_raters(store, _):
    """Answer as two raters, one of whom always chooses the left, and stop as a user does."""
    answer_all(store, "ada", lambda *_: "left")
    answer_all(store, "bob", lambda _, __, trial: ("left", "right")[trial.position % 2])
    store.enter("eve")
    raise KeyboardInterrupt


def test_a_study_is_served_and_analysed(tmp_path, monkeypatch, files):
    monkeypatch.setattr(human_evaluation, "serve", serve_raters)
    run = run_experiment("human_evaluation", tmp_path / "run", *files)
    assert figures_of(run) <= {"win_rates"}
    raters = metrics_of(run, "rater")
    assert [(row["rater"], row["answers"]) for row in raters] == [("ada", 18), ("bob", 18)]
    assert any("Without an answer: eve." in text for text in texts(report_of(run), "p"))
    before = (run / "study.sqlite").read_bytes()
    options = ["--study", str(run / "study.sqlite"), "--analyse"]
    again = run_experiment("human_evaluation", tmp_path / "again", *options)
    assert metrics_of(again, "rater") != []
    assert (run / "study.sqlite").read_bytes() == before
    cells = texts(report_of(again), "td")
    assert "yes" in cells or "no" in cells


def test_preferences_are_those_of_the_answers(tmp_path, monkeypatch, files):
    """One who always prefers the first of each pair: real before a and b, a before b."""

    def serve(store, _):
        for name, number in (("ada", 1), ("bob", 2)):
            store.enter(name)
            rows = store._all("SELECT position, is_swapped FROM trial WHERE rater = ?", number)
            sides = {position: ("left", "right")[is_swapped] for position, is_swapped in rows}
            answer_all(store, name, lambda _, __, trial, of=sides: of[trial.position])

    monkeypatch.setattr(human_evaluation, "serve", serve)
    run = run_experiment("human_evaluation", tmp_path / "run", *files)
    rates = {(row["of"], row["against"]): row["win rate"]["value"] for row in metrics_of(run, "win rate")}
    assert rates == {("a", "real"): 0, ("b", "real"): 0, ("b", "a"): 0}
    abilities = [row["ability (logits)"]["value"] for row in metrics_of(run, "ability (logits)")]
    assert abilities == [0, "-Infinity", "-Infinity"]
    assert figures_of(run) == {"win_rates"}


@pytest.mark.usefixtures("broadcasting")
def test_without_files_it_draws_digits():
    sets = human_evaluation.digits(human_evaluation.Config(latents=(5,)))
    assert list(sets) == ["real", "pPCA 5"]
    assert {images.shape for images in sets.values()} == {(360, 8, 8, 1)}
    assert all(np.isin(images, np.arange(17)).all() for images in sets.values())
    real, drawn = (images.mean(0).ravel() for images in sets.values())
    assert np.corrcoef(real, drawn)[0, 1] > 0.9


def test_other_files_are_refused_in_one_line(tmp_path, capsys, rng):
    images = image_sets(rng)
    np.save(tmp_path / "real.npy", images["real"])
    np.save(tmp_path / "wide.npy", images["model"][:, :, :4])
    np.save(tmp_path / "few.npy", images["model"][:3])
    np.savez(tmp_path / "many.npz", x=images["model"])
    np.save(tmp_path / "objects.npy", np.array([{}], object), allow_pickle=True)
    (tmp_path / "text.npy").write_text("no numbers")
    real = ["--real", str(tmp_path / "real.npy"), "--generated"]
    for name, words in {
        "wide": "images of wide are (8, 4, 1), and those of real (8, 8, 1)",
        "few": "few has 3 images, and the study takes 20",
        "many.npz": "many.npz holds several arrays",
        "objects": "is no .npy file of numbers",
        "text": "is no .npy file of numbers",
        "none": "No such file",
        "real": "none may be called real",
    }.items():
        file = tmp_path / (name if "." in name else f"{name}.npy")
        line = usage_error(
            capsys, run_experiment, "human_evaluation", tmp_path / "out" / name, *real, str(file)
        )
        assert words in line


@pytest.mark.usefixtures("broadcasting")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--real x.npy", "--real and --generated go together"),
        ("--analyse", "--analyse needs the --study"),
        ("--study x --real a.npy --generated b.npy", "--study has its images already"),
        ("--study none.sqlite", "there is no study none.sqlite"),
        ("--pairs 0", "--pairs must be at least 1; got 0"),
        ("--latents", "--latents is empty"),
        ("--latents 64", "--latents 64: latent_dim must be between"),
        ("--port 99999", "cannot listen on port 99999"),
    ],
)
def test_a_mistake_in_the_options_is_one_line(tmp_path, capsys, options, words):
    line = usage_error(capsys, run_experiment, "human_evaluation", tmp_path, *options.split())
    assert line.startswith("error: ")
    assert words in line


def test_a_study_of_before_is_not_overwritten(tmp_path, capsys, monkeypatch, files):
    monkeypatch.setattr(human_evaluation, "serve", lambda *_: None)
    run_experiment("human_evaluation", tmp_path / "run", *files)
    line = usage_error(capsys, run_experiment, "human_evaluation", tmp_path / "run", *files)
    assert "is not empty" in line
    store = Store(tmp_path / "run" / "study.sqlite")
    assert store.raters() == []
    store.close()
