"""The training benchmark: all contenders train the same, and it says what it measured; never its times."""

import json
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import benchmarks.train
from benchmarks import hand_written_vae_base, torch_vae_base
from benchmarks.hand_written_vae_base import hand_written_call
from benchmarks.train import HAND, NO_TORCH, OURS, bounds_of, contenders, main
from benchmarks.vae_base import draw, jgen_calls, problem

STEPS = 12
NUMBERS = ("us_per_step", "us_per_step_best", "hand_ratio", "jgen_ratio", "compile_seconds", "rounds")


def losses(call):
    """Of two calls in turn: the second goes on where the first ended."""
    return np.concatenate([np.asarray([float(loss) for loss in np.asarray(call())]) for _ in range(2)])


@pytest.mark.slow
def test_the_scan_by_hand_is_jgens_run():
    start = problem()
    ours, by_hand = losses(jgen_calls(start, STEPS)[OURS]), losses(hand_written_call(start, STEPS))
    assert len(ours) == 2 * STEPS
    assert ours[-1] < ours[0] - 1
    # float32 sums of some hundred terms in another order; Adam may amplify them a hundredfold
    np.testing.assert_allclose(by_hand, ours, rtol=100 * 2.0**-23)


@pytest.mark.slow
def test_all_in_jax_that_draw_alike_have_equal_losses():
    found = {name: losses(call) for name, call in contenders(problem(), STEPS).items()}
    alike = {name for name in found if "pytorch" not in name and "shuffled" not in name}
    assert len(alike) == 5
    for name in alike:
        np.testing.assert_allclose(found[name], found[HAND], rtol=100 * 2.0**-23, err_msg=name)
    for name in found:  # those with their own chance learn as much
        assert abs(found[name][-1] - found[HAND][-1]) < 0.5 * (found[HAND][0] - found[HAND][-1]), name


def test_pytorchs_loss_is_the_one_by_hand():
    torch = pytest.importorskip("torch")
    start = problem()
    x, noise = draw(start.key, jnp.int32(3), start.data)
    linears = torch_vae_base.linears_of(torch, start.layers)
    theirs = torch_vae_base.loss(torch, linears, *(torch.from_numpy(np.array(array)) for array in (x, noise)))
    ours = jax.jit(hand_written_vae_base.loss)(start.layers, x, noise)
    np.testing.assert_allclose(float(theirs.detach()), float(ours), rtol=100 * 2.0**-23)


def test_pytorch_is_judged_as_it_comes_and_by_its_fastest_way():
    ratios = {OURS: 1.0, "pytorch, eager": 3.0, "pytorch, eager, fused Adam": 2.4}
    rows = [{"contender": name, "hand_ratio": ratio, "jgen_ratio": ratio} for name, ratio in ratios.items()]
    found = [(bound["found"], bound["met"]) for bound in bounds_of(rows)]
    assert found == [(1.0, "yes"), (3.0, "yes"), (2.4, "no")]


def not_installed(*_):
    raise ImportError("no torch")


@pytest.mark.slow
def test_what_was_measured_is_written_down(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(benchmarks.train, "torch_calls", not_installed)
    main(["--steps", "3", "--seconds", "0.001", "--json", str(tmp_path / "train.json")])
    assert NO_TORCH in " ".join(capsys.readouterr().out.split())
    text = (tmp_path / "train.json").read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    told = json.loads(text, parse_constant=lambda constant: pytest.fail(f"not strict JSON: {constant}"))
    assert told["machine"]["device"]["cpus"] >= 1
    assert {row["contender"] for row in told["rows"]} >= {HAND, OURS}
    for row in told["rows"]:
        assert set(row) == {"contender", *NUMBERS}
        assert all(math.isfinite(row[name]) and row[name] >= 0 for name in NUMBERS)
    ratios = {row["contender"]: (row["hand_ratio"], row["jgen_ratio"]) for row in told["rows"]}
    assert told["bounds"][0]["found"] == ratios[OURS][0]
    assert told["bounds"][0]["met"] == ("yes" if ratios[OURS][0] <= told["bounds"][0]["bound"] else "no")
    assert all(bound["found"] is bound["met"] is None for bound in told["bounds"][1:])
    assert ratios[HAND][0] == ratios[OURS][1] == 1


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--steps", "0"], "--steps must be at least 1"),
        (["--seconds", "0"], "give a positive number"),
        (["--seconds", "nan"], "give a positive number"),
        (["--json", "nowhere/at/all.json"], "is not a directory"),
    ],
)
def test_a_bad_option_is_refused_in_a_line(options, complaint, capsys):
    with pytest.raises(SystemExit) as exit_info:
        main(options)
    assert exit_info.value.code == 2
    told = capsys.readouterr().err
    assert complaint in told
    assert "Traceback" not in told
