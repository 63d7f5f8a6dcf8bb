r"""Evaluate samples of generative models: every number with its interval, and with what a perfect model reads.

With no option, five models of digits are trained and compared by samples of their priors. With ``--real`` and
``--generated`` (once for each model), samples from files are: ``.npy``, ``.npz``, ``.csv``, a folder of
``.png`` images, or ``.txt`` with a sample a line.

```bash
python -m experiments.evaluate --real real.npy --generated made.npy --generated other.npy
```

A metric whose two samples come from one distribution does not read its advertised ideal, so each line of the
table begins with its null. Models are judged against the same real rows, and a second table has their paired
differences from the best. A distance is one of features: ``--features`` names them, and only a Frechet
distance of Inception's is called FID.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import tyro

from jgen import evaluation, features, plots
from jgen.applications import DigitModel, compare_models, digit_models, train_digits_classifier
from jgen.data import check_comparable, load, read_samples
from jgen.errors import UsageError
from jgen.experiment import LEAGUE_CAPTION, Line, Run, as_usage_error, at_least, league_table, main
from jgen.features import Extractor
from jgen.types import Key, Metric

HELD_OUT, SHOWN, PANELS, TOP = 360, 24, 9, 16
"""Training rows that no model sees; samples shown of each model; panels of a figure; the largest grey value."""


@dataclass(frozen=True)
class Config:
    """How good are samples of a generative model, and what would those of a perfect one read?"""

    real: str | None = None
    """Real samples: .npy, .npz, .csv, a folder of .png images, or .txt with a sample a line. None: five models
    of digits are trained."""
    generated: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """Samples of a model, likewise; once for each model."""
    features: Literal["raw", "pca", "random-convolution", "digits", "inception", "dinov2"] | None = None
    """Features that distances are of; None for digits if models are trained, else raw."""
    weights: str | None = None
    """Weights of inception or dinov2, a .safetensors file."""
    steps: int = 1000
    """Training steps of the autoencoders."""
    adversarial_steps: int = 4000
    """Training steps of the GAN."""
    seed: int = 0
    """Seed of all randomness."""

    def __post_init__(self) -> None:
        """Check the options."""
        at_least(self, steps=1, adversarial_steps=1)
        if (self.real is None) != (not self.generated):
            raise UsageError("--real and --generated go with each other: give both, or none")
        needs_weights = self.features in ("inception", "dinov2")
        if needs_weights and self.weights is None:
            raise UsageError(
                f"--features {self.features} needs --weights FILE.safetensors: the docstring of "
                f"jgen.features.{LOADERS[self.features]} says where to get them, and how to convert them"
            )
        if self.weights is not None and not needs_weights:
            raise UsageError("--weights are those of --features inception or dinov2: name one, or leave it out")


class Samples(NamedTuple):
    """Samples to compare, numbers ``[row, *event]`` or text ``[row]``.

    Attributes:
        real: Rows that all models are judged against.
        training: Rows that a model may have memorised; the real ones where it is not known.
        reference: Name -> real rows shown beside the models; empty where there are none to spare.
        generated: Name of a model -> its rows. Another way to sample a model is another entry.
    """

    real: np.ndarray
    training: np.ndarray
    reference: Mapping[str, np.ndarray]
    generated: Mapping[str, np.ndarray]


def evaluate(config: Config, run: Run) -> None:
    """Read or train, evaluate and show."""
    keys = dict(zip(("train", "draw", "likelihood", "features"), jax.random.split(jax.random.key(config.seed), 4), strict=True))
    likelihood: dict[str, Line] = {}
    if config.real is None:
        samples, likelihood = of_digits(config, run, keys)
    else:
        samples = of_files(config)
    is_text = samples.real.dtype.kind == "U"

    run.section("League")
    lines = league_of_text(run, samples) if is_text else league_of_numbers(config, run, samples, keys["features"])
    show_league(run, lines | likelihood)

    run.section("Samples")
    show = text_sheet if is_text else image_sheet if is_shown_as_image(samples.real) else number_sheet
    for name, rows in {"real": samples.real, **samples.reference, **samples.generated}.items():
        show(run, name, rows)


def of_files(config: Config) -> Samples:
    """Read samples of files, and check that they compare."""
    paths = [str(config.real), *config.generated]
    stems = [Path(path).stem for path in paths]
    names = stems if len(set(stems)) == len(stems) else paths
    if len(set(paths[1:])) < len(paths[1:]):
        raise UsageError(f"--generated has a path twice: {', '.join(paths[1:])}")
    real, *generated = (read_samples(path) for path in paths)
    models = dict(zip(names[1:], generated, strict=True))
    check_comparable((names[0], real), models)
    return Samples(real, real, {}, models)


def of_digits(config: Config, run: Run, keys: Mapping[str, Key]) -> tuple[Samples, dict[str, Line]]:
    """Train five models, draw from them, and evaluate their likelihoods; images are in [0, 1]."""
    splits = {split: load("digits", split)["x"] for split in ("train", "validation", "test")}
    train, reference = splits["train"][:-HELD_OUT], splits["train"][-HELD_OUT:]
    run.section("Five models of digits")
    models = digit_models(
        run,
        keys["train"],
        train,
        splits["validation"],
        steps=config.steps,
        adversarial_steps=config.adversarial_steps,
    )
    run.table([{"model": name, "draws are of": model.prior} for name, model in models.items()], MODELS)
    size = len(splits["test"])
    drawn = {
        name: model.draw(jax.random.fold_in(keys["draw"], i), size)
        for i, (name, model) in enumerate(models.items())
    }
    real, training, held_out = (x / TOP for x in (splits["test"], train, reference))
    made = {name: x / TOP for name, x in drawn.items()}
    samples = Samples(real, training, {"held-out digits": held_out}, made)
    with run.stage("likelihood"):
        lines = likelihoods(models, splits["test"], keys["likelihood"])
    return samples, lines


def likelihoods(models: Mapping[str, DigitModel], test: np.ndarray, key: Key) -> dict[str, Line]:
    """Return the line of the likelihood of test images."""
    return {}


def league_of_numbers(config: Config, run: Run, samples: Samples, key: Key) -> dict[str, Line]:
    """Compute all metrics of features."""
    name = config.features or ("digits" if config.real is None else "raw")
    with run.stage("features"):
        extractor, labels = FEATURES[name](config, samples, key)
        with as_usage_error():
            real, training = extractor(samples.real), extractor(samples.training)
            of_model, of_reference = (
                {model: extractor(rows) for model, rows in group.items()}
                for group in (samples.generated, samples.reference)
            )
    run.text(
        f"Features: {extractor.name}, {real.shape[1]} numbers a row{f', digest {extractor.digest}' * bool(extractor.digest)}; "
        f"{len(real)} real rows."
    )
    known = extractor._replace(apply=None, check=None)  # the rows are features already
    lines: dict[str, Line] = {}
    for title, metric in of_features(known).items():
        with run.stage(title):
            lines |= compare_models(title, metric, real=real, generated=of_model, reference=of_reference)
    with run.stage("memorisation"):
        metric = evaluation.auth_pct_metric(extractor=known)
        lines |= compare_models("AuthPct", metric, real=training, generated=of_model, reference=of_reference)
    if labels is not None:
        with run.stage("labels"):
            probabilities, of_held_out = (
                {model: labels(rows) for model, rows in group.items()}
                for group in (samples.generated, samples.reference)
            )
            lines |= compare_models(
                "Inception Score",
                evaluation.inception_score_metric(),
                generated=probabilities,
                reference=of_held_out,
                sample="probabilities",
            )
    return lines


def of_features(extractor: Extractor) -> dict[str, Metric]:
    """Return the metrics of real and generated features."""
    frechet = "FID" if extractor.name == "inception-v3" else "Frechet distance"
    return {frechet: evaluation.frechet_metric(extractor=extractor)}


def league_of_text(run: Run, samples: Samples) -> dict[str, Line]:
    """Compute all metrics of text."""
    lines: dict[str, Line] = {}
    real, made = samples.real.tolist(), {name: rows.tolist() for name, rows in samples.generated.items()}
    for title, metric in AGAINST_REAL_TEXT().items():
        with run.stage(title):
            lines |= compare_models(title, metric, real=real, generated=made)
    for title, metric in TEXT_ALONE().items():
        with run.stage(title):
            lines |= compare_models(title, metric, generated=made, reference={"real": real})
    return lines


def show_league(run: Run, lines: Mapping[str, Line]) -> None:
    """Show all lines as tables and figures, and log each result."""
    table = league_table(lines)
    run.table(table.values, LEAGUE_CAPTION)
    if table.notes:
        run.table(table.notes, "Notes.")
    for name, line in lines.items():
        for model, result in line.results.items():
            run.log(metric=name, model=model, result=result, minus_best=line.minus_best.get(model))
    names = list(lines)
    for number, start in enumerate(range(0, len(names), PANELS), 1):
        shown = {name: lines[name].results for name in names[start : start + PANELS]}
        run.figure(f"league_{number}", plots.league_plot(shown), FIGURE)
    if table.differences:
        run.section("Differences from the best")
        run.table(table.differences, DIFFERENCES)
