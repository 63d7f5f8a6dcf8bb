"""Mutants of the league of models: its samples, its comparison and its table."""

import contextlib
import tempfile
from pathlib import Path

import numpy as np

from jgen.evaluation import kid_metric
from jgen.experiment import Line
from jgen.types import Result
from tests.applications.test_compare_models import check_reference
from tests.applications.test_digit_models import even, known, uniform
from tests.helpers.mutant import Mutant

TABLE, MODELS = "experiment.league_table", "applications.digit_models"
DIGITS, FILES = "applications.compare_models", "data.samples_file"


def result(value, half=0.1, **fields):
    return Result(np.float64(value), value - half, value + half, 9, "m", {}, **fields)


def of_draws(right, wrong, decoder, is_dequantised):
    def check(module):
        model = module.DigitModel(*known(decoder, is_dequantised))
        drawn = model.draw(module.jax.random.key(0), 200)
        counts = np.bincount(drawn.ravel(), minlength=18)
        assert (abs(counts[:17] / (drawn.size / 17) - 1) < 0.25).all()  # 7 standard deviations
        assert counts[17:].sum() == 0

    return Mutant(MODELS, right, wrong, check=check)


def of_reference(right, wrong):
    def check(module):
        rng = np.random.default_rng(0)
        generated = {"near": rng.normal(size=(50, 2)) + 0.5, "far": rng.normal(size=(40, 2)) + 3}
        check_reference(module.compare_models, (rng.normal(size=(60, 2)), generated))

    return Mutant(DIGITS, right, wrong, check=check)


def check_refusal(module):
    rows = {"broken": np.full((9, 2), np.nan), "good": np.random.default_rng(1).normal(size=(9, 2))}
    real = np.random.default_rng(0).normal(size=(9, 2))
    line = module.compare_models("KID", kid_metric(), real=real, generated=rows)["KID"]
    assert "NaN" in " ".join(line.results["broken"].flags)


def check_stars(module):
    minus = {"a": result(0.0), "b": result(1.0)}
    (row,) = module.league_table({"x": Line(dict.fromkeys("ab", result(1.0)), minus)}).values
    assert ("★" in row["a"], "★" in row["b"]) == (True, False)


def check_notes(module):
    flagged = result(1.0, flags=("beyond_resolution", "why"))
    table = module.league_table({"x": Line({"a": flagged}), "y": Line({"b": flagged})})
    assert table.notes == [{"note": 1, "what": "beyond resolution: why"}]


RAN = []


def mark():
    RAN.append(True)


class Attack:
    """An object whose pickle runs ``mark`` when it is read."""

    def __reduce__(self):
        return (mark, ())


def check_pickles(module):
    RAN.clear()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.npy"
        np.save(path, np.array([Attack()], object))
        with contextlib.suppress(ValueError):
            module.read_samples(path)
    assert not RAN


MUTANTS = {
    "digits, levels from 0 to 15": of_draws("np.floor(LEVELS * x)", "np.floor(16 * x)", uniform, True),
    "digits, levels rounded": of_draws("np.floor(LEVELS * x)", "np.round(LEVELS * x)", uniform, True),
    "digits, grey values scaled": of_draws("if self.is_dequantised else x", "if True else x", even, False),
    "league of metrics, the reference among the models": of_reference(
        "computed, refused = _judge_acceptable(metric, real, generated, sample)",
        "computed, refused = _judge_acceptable(metric, real, {**references, **generated}, sample)",
    ),
    "league of metrics, a refusal without its reason": Mutant(
        DIGITS, "flags=(message,)", "flags=()", check=check_refusal
    ),
    "league table, every model the best": Mutant(
        TABLE, "bool(minus.low <= 0 <= minus.high)", "True", check=check_stars
    ),
    "league table, notes not shared": Mutant(
        TABLE,
        "notes.setdefault(note, len(notes) + 1)",
        "notes.setdefault(note + name, len(notes) + 1)",
        check=check_notes,
    ),
    "samples, pickles are read": Mutant(
        FILES,
        "return np.load(path, allow_pickle=False)",
        "return np.load(path, allow_pickle=True)",
        check=check_pickles,
    ),
}
