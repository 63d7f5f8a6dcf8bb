r"""Ask people which of two images looks more real: serve a page, store the answers, analyse them.

Without files it compares handwritten digits with draws of probabilistic PCA, in each pair of real images and
models; ``--real`` and ``--generated`` take anybody's. The page is served on the loopback interface alone, and
an interrupt (Ctrl-C) ends it with the analysis. Every answer is on the disk before the next pair shows, so
the process may be stopped or killed at any time: ``--study FILE`` goes on with the same study, where each
rater was, and ``--study FILE --analyse`` only analyses it.

The page, the names of the images, their order and the sides tell nothing of which is which. A generated image
that cannot be told from a real one is preferred in half of its pairs: that is the best value, not 1, unless a
model makes images that look more real than real ones.
"""

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jgen import models, plots
from jgen.applications.forced_choice import (
    Analysis,
    Store,
    analyse_answers,
    check_images,
    listen,
    make_study,
    serve,
    size_table,
)
from jgen.data import load
from jgen.errors import UsageError
from jgen.experiment.command_line import Run, at_least, main

LEVELS, SHAPE = 16, (8, 8, 1)
"""Largest grey value of the digits, and their size."""


@dataclass(frozen=True)
class Config:
    """Can people tell generated images from real ones, and which model's look more real?"""

    real: str = ""
    """Real images, a .npy file [image, height, width, channel]; digits if none is given."""
    generated: tuple[str, ...] = ()
    """Generated images, one .npy file a model."""
    largest: float | None = None
    """Value that is shown as white; None for 255 of whole numbers and 1 of floats."""
    latents: tuple[int, ...] = (2, 20)
    """Latent sizes of the models of digits, without --real."""
    pairs: int = 20
    """Pairs of each two of the real images and the models; all raters see them."""
    checks: int = 8
    """Attention checks: a real image beside its own pixels in random order."""
    study: str = ""
    """SQLite file of a study to go on with; a new one in the folder of the run if none is given."""
    analyse: bool = False
    """Analyse the answers without serving the page."""
    port: int = 8460
    """Port of the page on 127.0.0.1; 0 for any that is free."""
    seed: int = 0
    """Seed of the models, the pairs and their order."""

    def __post_init__(self) -> None:
        """Check the options."""
        at_least(self, pairs=1, checks=0, port=0, seed=0)
        if bool(self.real) != bool(self.generated):
            raise UsageError("--real and --generated go together: give both, or neither for digits")
        if self.analyse and not self.study:
            raise UsageError("--analyse needs the --study to analyse")
        if self.study and self.real:
            raise UsageError("--study has its images already: leave out --real and --generated")
        if not self.real and not self.latents:
            raise UsageError("--latents is empty: give a latent size, or several")


def human_evaluation(config: Config, run: Run) -> None:
    """Make or open the study, serve it, and analyse the answers."""
    if config.analyse:
        with contextlib.closing(Store(config.study)) as store:
            report(run, store)
        return
    with listen(config.port) as listener:
        study = Store(config.study) if config.study else new_study(config, run)
        with contextlib.closing(study) as store:
            address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
            again = f"--study {config.study or run.directory / 'study.sqlite'}"
            lines = f"open {address}\nCtrl-C ends it with the analysis; {again} goes on with it"
            run.console.print(lines, markup=False, highlight=False, soft_wrap=True)
            with contextlib.suppress(KeyboardInterrupt):
                serve(store, listener)
            report(run, store)


def new_study(config: Config, run: Run) -> Store:
    """Read or draw the images, and write the study."""
    sets = read_files(config) if config.real else digits(config)
    sources = check_images(sets, config.largest if config.real else LEVELS)
    sizes = {"num_pairs": config.pairs, "num_checks": config.checks, "seed": config.seed}
    return make_study(run.directory / "study.sqlite", sources, **sizes)


def read_files(config: Config) -> dict[str, np.ndarray]:
    """Read images, named by their files."""
    paths = {"real": config.real, **{Path(path).stem: path for path in config.generated}}
    if len(paths) <= len(config.generated):
        raise UsageError("names of --generated files must differ, and none may be called real")
    sets = {}
    for name, path in paths.items():
        try:
            sets[name] = np.load(path, allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise UsageError(f"{path} is no .npy file of numbers: {error}") from error
        if not isinstance(sets[name], np.ndarray):
            raise UsageError(f"{path} holds several arrays: save one, as .npy")
    return sets


def digits(config: Config) -> dict[str, np.ndarray]:
    """Return test digits, and as many draws of each model, rounded to their grey values."""
    train, test = (np.asarray(load("digits", split)["x"], np.float32) for split in ("train", "test"))
    sets: dict[str, np.ndarray] = {"real": test}
    for index, latent in enumerate(config.latents):
        key = jax.random.fold_in(jax.random.key(config.seed), index)
        try:
            fit = models.ppca(train.reshape(len(train), -1), latent)
        except ValueError as error:
            raise UsageError(f"--latents {latent}: {error}") from error
        prior_key, draw_key = jax.random.split(key)
        z = fit.model.prior(fit.params).sample(prior_key, (len(test),))
        x = fit.model.decoder(fit.params, z).sample(draw_key)
        sets[f"pPCA {latent}"] = np.rint(np.clip(x, 0, LEVELS)).reshape(-1, *SHAPE)
    return sets


def report(run: Run, store: Store) -> None:
    """Write the analysis of all answers so far."""
    settings: dict[str, Any] = store.settings
    analysis = analyse_answers(store.answers(), settings["sources"])
    run.section("Raters")
    if waiting := [name for name in store.raters() if name not in analysis.raters]:
        run.text(f"Without an answer: {', '.join(waiting)}.")
    if analysis.raters:
        run.table([rater_row(one) for one in analysis.raters.values()], "All raters.", log=True)
    run.text("\n\n".join(f"{note[0].upper()}{note[1:]}." for note in analysis.notes))
    if analysis.win_rates:
        preferences(run, analysis, settings["sources"][0])
    run.section("How many answers does a study need?")
    correlation = max(analysis.correlations.values(), default=0.0)
    run.text(
        "A two-sided binomial test of 1/2 at level 5 % rejects with the power that is given, which is exact "
        "for independent answers. Raters are those who give as many answers, allowing for the correlation "
        f"of the answers of one rater, estimated as {correlation:.2g}."
    )
    table = size_table(settings["num_pairs"], correlation=correlation)
    caption = (
        f"To tell a win rate from 0.5 with power 0.8 and 0.95, with {settings['num_pairs']} pairs a rater."
    )
    run.table(table, caption)


def rater_row(rater: Any) -> dict[str, Any]:
    """Return a row of the table of raters."""
    return {
        "rater": rater.name,
        "answers": rater.answers,
        "checks passed": f"{rater.passed} of {rater.checks}",
        "median time (s)": rater.seconds,
        "excluded": rater.is_excluded,
    }


def preferences(run: Run, analysis: Analysis, real: str) -> None:
    """Write win rates, abilities and agreement."""
    run.section("Which looks more real?")
    run.text(
        "A win rate of 0.5 means that people cannot tell the two apart. Intervals are Wilson's, of the "
        "probability of an answer of these raters, as if answers were independent."
    )
    rows = [
        {"of": source, "against": other, "win rate": result, "by chance": interval_of(result.null)}
        for (source, other), result in analysis.win_rates.items()
    ]
    run.table(rows, "How often the first was preferred.", log=True)
    labels = {f"{source} against {other}": one for (source, other), one in analysis.win_rates.items()}
    figure = plots.intervals_plot(labels, xlabel="win rate", reference=0.5)
    run.figure("win_rates", figure, "Win rates with their 95 % intervals; 0.5 is chance.")
    if analysis.abilities:
        abilities = [
            {"of": name, "ability (logits)": result, "all alike": interval_of(result.null)}
            for name, result in analysis.abilities.items()
        ]
        caption = f"Bradley-Terry abilities, above those of {real}; intervals by a bootstrap of the answers."
        run.table(abilities, caption, log=True)
    if analysis.agreement is not None:
        row = {"Krippendorff's alpha": analysis.agreement, "by chance": interval_of(analysis.agreement.null)}
        run.table([row], "Agreement of the raters about the same pairs: 1 is perfect, 0 chance.", log=True)


def interval_of(null: Any) -> str:
    """Format the range of 95 % of readings by chance."""
    return "-" if null is None else f"{float(null.low):.3g} to {float(null.high):.3g}"


if __name__ == "__main__":
    main(human_evaluation, Config)
