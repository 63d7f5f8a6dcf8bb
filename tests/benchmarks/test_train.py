"""Check that all contenders train the same model, and the rows of the benchmark; times are not checked."""

import math

import numpy as np
import pytest

from benchmarks import train
from benchmarks.train import HAND, NO_TORCH, OURS, contenders
from benchmarks.vae_problem import problem
from tests.helpers.benchmark_runs import run_benchmark

STEPS = 12
NUMBERS = ("us_per_step", "us_per_step_best", "hand_ratio", "jgen_ratio", "compile_seconds", "rounds")


def losses(call):
    """Return the losses of two calls: the second continues from the first."""
    return np.concatenate([[float(loss) for loss in np.asarray(call())] for _ in range(2)])


@pytest.mark.slow
def test_contenders_with_the_same_draws_have_the_same_losses():
    """In float32, sums of some hundred terms in another order; Adam may amplify errors a hundredfold."""
    found = {name: losses(call) for name, call in contenders(problem(), STEPS).items()}
    same = {name for name in found if "pytorch" not in name and "shuffled" not in name}
    assert len(same) == 5
    assert len(found[OURS]) == 2 * STEPS
    assert found[OURS][-1] < found[OURS][0] - 1
    for name in same:
        np.testing.assert_allclose(found[name], found[HAND], rtol=100 * 2.0**-23, err_msg=name)
    for name in found:  # with other draws the loss falls as much
        assert abs(found[name][-1] - found[HAND][-1]) < 0.5 * (found[HAND][0] - found[HAND][-1]), name


def not_installed(*_):
    raise ImportError("no torch")


@pytest.mark.slow
def test_every_contender_has_a_row(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(train, "torch_calls", not_installed)
    figures = run_benchmark(train, tmp_path, "--steps", "3", "--seconds", "0.001")
    assert NO_TORCH in " ".join(capsys.readouterr().out.split())
    rows = {row.pop("contender"): row for row in figures["rows"]}
    assert set(rows) >= {HAND, OURS}
    for row in rows.values():
        assert set(row) == set(NUMBERS)
        assert all(math.isfinite(number) and number >= 0 for number in row.values())
    assert rows[HAND]["hand_ratio"] == rows[OURS]["jgen_ratio"] == 1
