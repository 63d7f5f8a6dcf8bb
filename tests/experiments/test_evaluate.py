"""Check the league of samples from files, of models of digits, and what is refused before any work."""

import importlib

import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.image import imsave

from experiments.evaluate import of_files
from jgen.applications.digits_classifier import CLASSIFIER, TrainedClassifier
from jgen.errors import UsageError
from jgen.models import init_of
from tests.helpers.run_outputs import figures_of, metrics_of, report_of, run_experiment, texts, usage_error

NUMBERS = [
    "Frechet distance, plain",
    "Frechet distance, debiased",
    "KID",
    "density",
    "coverage",
    "clipped density",
    "clipped coverage",
    "AuthPct, authentic",
    "AuthPct, minus null",
    "AuthPct, copies",
]
MODELS = ["pPCA", "AE", "VAE", "IWAE", "GAN"]
OF_TEXT = ["MAUVE, plain", "MAUVE, rescaled", "frontier integral", "self-BLEU", "distinct-1", "distinct-2"]
LESS_IS_BETTER = ["Frechet distance, debiased", "KID"]


def by_metric(folder):
    """Return metric -> model -> the logged line of its result."""
    table = {}
    for row in metrics_of(folder, "metric"):
        table.setdefault(row["metric"], {})[row["model"]] = row
    return table


@pytest.mark.slow
def test_rows_of_numbers_give_every_metric(tmp_path, capsys, monkeypatch, rng):
    """The far model is worse than the near one, whose rows come from the distribution of the real ones."""
    monkeypatch.setenv("COLUMNS", "80")
    np.save(tmp_path / "real.npy", rng.normal(size=(60, 3)))
    np.savez(tmp_path / "near.npz", x=rng.normal(size=(60, 3)))
    np.savetxt(tmp_path / "far.csv", rng.normal(size=(50, 3)) + 3, delimiter=",")
    options = [f"--generated={tmp_path / name}" for name in ("near.npz", "far.csv")]
    options += ["--metrics", "frechet", "kid", "density_coverage", "auth_pct"]
    folder = run_experiment("evaluate", tmp_path / "run", "--real", str(tmp_path / "real.npy"), *options)
    table = by_metric(folder)
    assert list(table) == NUMBERS
    for metric, models in table.items():
        assert list(models) == ["near", "far"]
        assert all(one["result"]["null"] is not None for one in models.values()), metric
    for metric in LESS_IS_BETTER:
        near, far = (table[metric][model]["result"] for model in ("near", "far"))
        assert near["low"] <= near["null"]["high"], metric
        assert far["low"] > near["value"], metric
        assert table[metric]["far"]["minus_best"]["low"] > 0, metric
    assert figures_of(folder) == {"league_1", "league_2"}
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines()[:-1])) <= 80
    assert "★" in printed
    heads = texts(report_of(folder), "th")
    assert heads[:4] == ["metric", "perfect model", "near", "far"]


@pytest.mark.slow
def test_lines_of_text_give_every_metric(tmp_path):
    words = ["the cat", "a dog", "my friend", "she"], ["sees", "likes", "hears"], ["the moon", "a song"]
    lines = [f"{a} {b} {c} {i}" for i in range(3) for a in words[0] for b in words[1] for c in words[2]]
    for name, chosen in {"real": lines, "same": lines[::-1], "one": lines[:1] * len(lines)}.items():
        (tmp_path / f"{name}.txt").write_text("\n".join(chosen), encoding="utf-8")
    options = [f"--generated={tmp_path / name}.txt" for name in ("same", "one")]
    folder = run_experiment("evaluate", tmp_path / "run", f"--real={tmp_path / 'real.txt'}", *options)
    table = by_metric(folder)
    assert list(table) == OF_TEXT
    assert table["MAUVE, plain"]["same"]["result"]["value"] == 1
    assert table["MAUVE, plain"]["one"]["result"]["high"] < 0.5
    assert table["distinct-1"]["one"]["result"]["high"] < table["distinct-1"]["same"]["result"]["low"]
    assert lines[-1] in texts(report_of(folder), "pre")[1]


@pytest.mark.slow
@pytest.mark.usefixtures("broadcasting")
def test_models_of_digits_and_held_out_digits_are_compared(tmp_path):
    options = "--steps 2 --adversarial-steps 2 --images 24 --features pca --metrics kid auth_pct"
    folder = run_experiment("evaluate", tmp_path, *options.split())
    table = by_metric(folder)
    assert list(table) == ["KID", *NUMBERS[-3:]]
    assert all(list(models) == ["held-out digits", *MODELS] for models in table.values())
    assert table["KID"]["held-out digits"]["minus_best"] is None
    samples = {f"samples_{number}" for number in range(7)}
    assert figures_of(folder) == samples | {"league_1"}
    assert (folder / "checkpoints").is_dir()


def test_folders_of_images_are_read_as_images(tmp_path, rng):
    for name in ("real", "made"):
        (tmp_path / name).mkdir()
        for number in range(3):
            imsave(tmp_path / name / f"{number}.png", rng.uniform(size=(5, 4, 3)))
    samples = of_files(str(tmp_path / "real"), (str(tmp_path / "made"),))
    assert samples.real.shape == samples.generated["made"].shape == (3, 5, 4, 3)
    assert samples.training is samples.real
    assert samples.reference == {}


def test_models_of_one_name_are_named_by_their_paths(tmp_path):
    paths = [tmp_path / folder / "made.npy" for folder in "ab"]
    for path in paths:
        path.parent.mkdir()
        np.save(path, np.ones((3, 2)))
    samples = of_files(str(paths[0]), tuple(map(str, paths)))
    assert list(samples.generated) == list(map(str, paths))
    assert list(of_files(str(paths[0]), (str(paths[1]),)).generated) == ["made"]
    with pytest.raises(UsageError, match="--generated has a path twice"):
        of_files(str(paths[0]), (str(paths[1]), str(paths[1])))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--real real.npy", "--real and --generated go with each other"),
        ("--generated real.npy", "--real and --generated go with each other"),
        ("--real none.npy --generated real.npy", "there is no none.npy: give .npy"),
        ("--real real.npy --generated nan.npy", "1 of 4 rows of nan.npy have a NaN"),
        ("--real real.npy --generated wide.npy", "rows of wide are 3, and those of real.npy 2"),
        ("--real real.npy --generated objects.npy", "objects.npy holds Python objects"),
        ("--real real.npy --generated empty.npy", "empty.npy has no samples"),
        ("--real real.npy --generated lines.txt", "lines is text and real.npy is numbers"),
        ("--real real.npy --generated made.npy --features random-convolution", "random-convolution takes"),
        ("--real real.npy --generated made.npy --features digits", "digits-classifier takes"),
        ("--features inception", "--features inception needs --weights FILE: It is pt_inception"),
        ("--features dinov2 --weights none.safetensors --real real.npy --generated made.npy", "cannot read"),
        ("--weights w.safetensors", "--weights are those of --features inception or dinov2"),
        ("--real real.npy --generated made.npy --metrics bleu", "--metrics: there is no bleu; choose among"),
        (
            "--real lines.txt --generated lines.txt --metrics kid",
            "--metrics: there is no kid; choose among ma",
        ),
        ("--metrics self_bleu", "--metrics: there is no self_bleu; choose among frechet"),
        ("--features raw --metrics inception_score", "--metrics inception_score needs labels: take"),
        ("--steps 0", "--steps must be at least 1; got 0"),
        ("--images 300", "--images must be at most 270"),
    ],
)
def test_mistakes_are_one_line(tmp_path, monkeypatch, capsys, options, words):
    monkeypatch.chdir(tmp_path)
    rows = np.arange(8.0).reshape(4, 2)
    files = {"real": rows, "made": rows + 1, "wide": np.ones((4, 3)), "empty": rows[:0]}
    files |= {"nan": np.where(rows == 3, np.nan, rows), "objects": np.array([{}], object)}
    for name, array in files.items():
        np.save(f"{name}.npy", array)
    (tmp_path / "lines.txt").write_text("a\nb\n")
    module = importlib.import_module("jgen.applications.named_extractors")
    monkeypatch.setattr(module, "train_digits_classifier", untrained)
    assert words in usage_error(capsys, run_experiment, "evaluate", tmp_path / "run", *options.split())


def untrained(key):
    """A classifier that is quick to make."""
    return TrainedClassifier(init_of(CLASSIFIER, jnp.zeros((1, 8, 8, 1)))(key), None)


@pytest.mark.weekly
@pytest.mark.usefixtures("broadcasting")
def test_hardly_trained_models_of_digits_take_many_bits(tmp_path):
    options = "--steps 2 --adversarial-steps 2 --images 20 --features raw --metrics likelihood"
    lines = by_metric(run_experiment("evaluate", tmp_path, *options.split()))["bits per pixel"]
    assert list(lines) == MODELS
    assert all(one["result"]["value"] > 2 for one in lines.values())


@pytest.mark.weekly
def test_every_metric_has_a_value(tmp_path, rng):
    """Of features and of labels: all but those of text, and the likelihood of the models of digits."""
    for name, shift in {"real": 0.0, "made": 0.1}.items():
        np.save(tmp_path / f"{name}.npy", np.clip(rng.normal(0.5 + shift, 0.2, (40, 8, 8, 1)), 0, 1))
    paths = f"--real {tmp_path / 'real.npy'} --generated {tmp_path / 'made.npy'} --features digits"
    table = by_metric(run_experiment("evaluate", tmp_path / "run", *paths.split()))
    assert len(table) == 25
    for metric, models in table.items():
        assert np.isfinite(float(models["made"]["result"]["value"])), metric
