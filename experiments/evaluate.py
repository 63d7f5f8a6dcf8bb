r"""Evaluate samples of generative models: each number with its interval, and with that of a perfect model.

With no option, five models of digits are trained and compared by samples of their priors. With ``--real`` and
``--generated`` (once for each model), samples from files are: ``.npy``, ``.npz``, ``.csv``, a folder of
``.png`` images, or ``.txt`` with a sample a line.

```bash
python -m experiments.evaluate --real real.npy --generated made.npy --generated other.npy
```

A metric whose two samples come from one distribution does not read its advertised ideal, so each line of the
table begins with its null. Models are judged against the same real rows, and a second table has their paired
differences from the best. A distance is one of features: ``--features`` names them, and only a Frechet
distance of Inception's is called FID. AuthPct takes the rows of training, and their pixels where the features
are those of a classifier that was trained on them.

Results on digits, 270 images of each: the debiased Frechet distance of the classifier's features is 7.3 for
IWAE, 10.3 GAN, 10.6 VAE, 11.7 pPCA and 118 AE, whose codes do not follow the prior; held-out digits read
1.7 +- 4.3, and a perfect model 0.0 +- 2.9. The first four do not differ beyond their errors. Coverage is .79,
.74, .73, .49 and .30, of .97; VAE and IWAE take at most 1.89 bits a pixel.
Five minutes on two cores.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import jax
import numpy as np
import tyro
from jax.tree_util import Partial

from jgen.applications import (
    HAVE_LABELS,
    NEED_WEIGHTS,
    DigitModel,
    bits_per_pixel,
    compare_models,
    digit_models,
    named_extractors,
    show_league,
    show_samples,
)
from jgen.data import check_comparable, load, read_samples
from jgen.errors import UsageError
from jgen.evaluation import (
    auth_pct_metric,
    c2st_metric,
    density_coverage_metric,
    distinct_metric,
    energy_distance_metric,
    entropic_ot_metric,
    frechet_metric,
    frontier_integral_metric,
    inception_score_metric,
    kid_metric,
    mauve_metric,
    mmd_metric,
    precision_recall_metric,
    self_bleu_metric,
    sliced_wasserstein_metric,
    vendi_metric,
)
from jgen.experiment import Line, Run, among, as_usage_error, at_least, main
from jgen.features import raw
from jgen.types import Key, Metric

TOP, VALIDATION, HALF = 16, 180, 270
"""Largest grey value of digits; training rows for early stopping; half of the held-out rows."""


@dataclass(frozen=True)
class Config:
    """How good are samples of a generative model, and what would those of a perfect one read?"""

    real: str | None = None
    """Real samples: .npy, .npz, .csv, a folder of .png images, or .txt with a sample a line. Without them,
    five models of digits are trained."""
    generated: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """Samples of a model, likewise; once for each model."""
    features: Literal["raw", "pca", "random-convolution", "digits", "inception", "dinov2"] | None = None
    """Features that distances are of; None for digits if models are trained, else raw."""
    weights: str | None = None
    """Weights of inception or dinov2, a .safetensors file."""
    metrics: tuple[str, ...] = ()
    """Metrics to compute; all if none is named."""
    steps: int = 1000
    """Training steps of the autoencoders."""
    adversarial_steps: int = 4000
    """Training steps of the GAN."""
    images: int = 270
    """Images of each model of digits, and real ones: at most 270."""
    seed: int = 0
    """Seed of all randomness."""

    def __post_init__(self) -> None:
        """Check the options."""
        at_least(self, steps=1, adversarial_steps=1, images=20)
        if self.images > HALF:
            raise UsageError(
                f"--images must be at most {HALF}, half of the held-out digits; got {self.images}"
            )
        if (self.real is None) != (not self.generated):
            raise UsageError("--real and --generated go with each other: give both, or none")
        if self.weights is None and self.features in NEED_WEIGHTS:
            raise UsageError(
                f"--features {self.features} needs --weights FILE: {NEED_WEIGHTS[self.features]}"
            )
        if self.weights is not None and self.features not in NEED_WEIGHTS:
            raise UsageError(f"--weights are those of --features {' or '.join(NEED_WEIGHTS)}: leave it out")
        if LABELS in self.metrics and self.extractor not in HAVE_LABELS:
            wanted = " or ".join(HAVE_LABELS)
            raise UsageError(
                f"--metrics {LABELS} needs labels: take --features {wanted}, not {self.extractor}"
            )

    @property
    def extractor(self) -> str:
        """Name of the features."""
        return self.features or ("digits" if self.real is None else "raw")


class Samples(NamedTuple):
    """Samples to compare: numbers ``[row, *event]``, or text ``[row]``.

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

    def map(self, fn: Callable[[Any], Any]) -> "Samples":
        """Return the samples with a function of rows applied to each."""
        groups = ({name: fn(rows) for name, rows in group.items()} for group in self[2:])
        return Samples(fn(self.real), fn(self.training), *groups)


def evaluate(config: Config, run: Run) -> None:
    """Read or train, evaluate and show."""
    train_key, draw_key, feature_key, likelihood_key = jax.random.split(jax.random.key(config.seed), 4)
    lines: dict[str, Line] = {}
    if config.real is not None:
        samples = of_files(config.real, config.generated)
    else:
        chosen(config, [*OF_FEATURES, LABELS, LIKELIHOOD])
        held_out, models = train(config, run, train_key)
        samples = of_models(models, held_out, draw_key)
        if LIKELIHOOD in chosen(config, [*OF_FEATURES, LABELS, LIKELIHOOD]):
            with run.stage(LIKELIHOOD):
                lines = {"bits per pixel": bits_per_pixel(models, likelihood_key, held_out["real"])}
    is_text = samples.real.dtype.kind == "U"

    run.section("League")
    evaluated = of_text(config, run, samples) if is_text else of_numbers(config, run, samples, feature_key)
    show_league(run, evaluated | lines)

    run.section("Samples")
    show_samples(run, {"real": samples.real, **samples.reference, **samples.generated})


def chosen(config: Config, known: Sequence[str]) -> Sequence[str]:
    """Return the metrics to compute, of those that there are for such samples."""
    among("metrics", config.metrics, known)
    return config.metrics or known


def of_files(real: str, generated: tuple[str, ...]) -> Samples:
    """Read samples of files, and check that they compare."""
    if len(set(generated)) < len(generated):
        raise UsageError(f"--generated has a path twice: {', '.join(generated)}")
    stems = [Path(path).stem for path in generated]
    names = stems if len({"real", *stems}) == 1 + len(stems) else generated
    rows = read_samples(real)
    models = {name: read_samples(path) for name, path in zip(names, generated, strict=True)}
    check_comparable((real, rows), models)
    return Samples(rows, rows, {}, models)


def train(config: Config, run: Run, key: Key) -> tuple[dict[str, np.ndarray], dict[str, DigitModel]]:
    """Train five models; return grey values that none of them saw, in two halves, and the models."""
    parts = {split: load("digits", split)["x"] for split in ("train", "validation", "test")}
    held_out = np.concatenate([parts["validation"], parts["test"]])
    run.section("Five models of digits")
    steps = {"steps": config.steps, "adversarial_steps": config.adversarial_steps}
    seen, stopping = parts["train"][:-VALIDATION], parts["train"][-VALIDATION:]
    models = digit_models(run, key, seen, stopping, **steps)
    run.table([{"model": name, "prior": model.prior} for name, model in models.items()], MODELS)
    real, reference = held_out[: config.images], held_out[HALF : HALF + config.images]
    return {"training": seen, "real": real, "reference": reference}, models


def of_models(models: Mapping[str, DigitModel], held_out: Mapping[str, np.ndarray], key: Key) -> Samples:
    """Draw as many images of each model as there are real ones; all are in [0, 1]."""
    size = len(held_out["real"])
    keys = jax.random.split(key, len(models))
    drawn = {name: model.draw(key, size) for key, (name, model) in zip(keys, models.items(), strict=True)}
    reference = {"held-out digits": held_out["reference"]}
    samples = Samples(held_out["real"], held_out["training"], reference, drawn)
    return samples.map(lambda x: x / TOP)


def of_numbers(config: Config, run: Run, samples: Samples, key: Key) -> dict[str, Line]:
    """Compute the metrics of features, and of the labels of a classifier."""
    metrics = chosen(config, [*OF_FEATURES, LABELS, LIKELIHOOD][: None if config.real is None else -1])
    with as_usage_error():
        extractor, labels = named_extractors(config.extractor, samples.training, key, config.weights)
        if extractor.check is not None:
            samples.map(Partial(extractor.check, extractor.name))
    with run.stage("features"):
        rows = samples.map(extractor.__call__)
    run.text(
        f"Features: {extractor.name} ({rows.real.shape[1]} numbers a row"
        f"{', digest ' * bool(extractor.digest)}{extractor.digest}). {len(rows.real)} real rows."
    )
    pixels = samples.map(raw().__call__)
    known = extractor._replace(apply=None, check=None)  # the rows are features already
    lines: dict[str, Line] = {}
    for metric_name, (title, make) in OF_FEATURES.items():
        if metric_name not in metrics:
            continue
        if metric_name == "frechet" and extractor.name == "inception-v3":
            title = "FID"
        sample, taken, real = rows, known, rows.real
        if metric_name == "auth_pct":  # a classifier of the training rows would set them apart from new ones
            sample, taken = (pixels, raw()) if config.extractor == "digits" else (rows, known)
            title, real = f"AuthPct, {taken.name}" if taken is not known else title, sample.training
        models: Any = {"generated": sample.generated, "reference": sample.reference}
        with run.stage(title):
            lines |= compare_models(title, make(extractor=taken), real=real, **models)
    if labels is not None and LABELS in metrics:
        with run.stage("Inception Score"):
            rows = samples.map(labels.__call__)
            models = {"generated": rows.generated, "reference": rows.reference}
            metric = inception_score_metric()
            lines |= compare_models("Inception Score", metric, **models, sample="probabilities")
    return lines


OF_FEATURES: dict[str, tuple[str, Callable[..., Metric]]] = {
    "frechet": ("Frechet distance", frechet_metric),
    "kid": ("KID", kid_metric),
    "mmd": ("MMD", mmd_metric),
    "energy_distance": ("energy distance", energy_distance_metric),
    "sliced_wasserstein": ("sliced Wasserstein", sliced_wasserstein_metric),
    "entropic_ot": ("entropic OT", entropic_ot_metric),
    "c2st": ("C2ST", c2st_metric),
    "density_coverage": ("density and coverage", density_coverage_metric),
    "precision_recall": ("precision and recall", precision_recall_metric),
    "vendi": ("Vendi Score", vendi_metric),
    "auth_pct": ("AuthPct", auth_pct_metric),
}
"""Metrics of real and generated features, with their titles."""
LABELS, LIKELIHOOD = "inception_score", "likelihood"
"""Metrics of labels, which not all features have, and of the models of digits themselves."""


def of_text(config: Config, run: Run, samples: Samples) -> dict[str, Line]:
    """Compute the metrics of text."""
    texts = samples.map(np.ndarray.tolist)
    lines: dict[str, Line] = {}
    for name in chosen(config, list(OF_TEXT)):
        title, make = OF_TEXT[name]
        try:
            metric = make()
        except UsageError as error:  # of a package that is not installed
            run.text(f"Without {title}: {error}.")
            continue
        with run.stage(title):
            lines |= compare_models(title, metric, real=texts.real, generated=texts.generated)
    return lines


OF_TEXT: dict[str, tuple[str, Callable[[], Metric]]] = {
    "mauve": ("MAUVE", mauve_metric),
    "frontier_integral": ("frontier integral", frontier_integral_metric),
    "self_bleu": ("self-BLEU", self_bleu_metric),
    "distinct_1": ("distinct-1", distinct_metric),
    "distinct_2": ("distinct-2", Partial(distinct_metric, order=2)),
}
"""Metrics of real and generated texts, with their titles."""


MODELS = """\
A draw is a latent from this prior, then an image from the decoder's distribution, rounded down to a grey \
value where the model is of dequantised ones."""

if __name__ == "__main__":
    main(evaluate, Config)
