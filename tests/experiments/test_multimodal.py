"""The experiment on modes that lie apart: exact draws find them, chains that start in one do not."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jgen.samplers
from experiments.multimodal import Config, blind, multimodal, ring
from jgen.experiment.command_line import main
from jgen.testing import members

SHORT = ["--samplers", "direct", "mala", "annealed", "--chains", "32", "--draws", "40", "--modes", "4"]


@pytest.fixture
def numpyro_ranks():
    """NumPyro's own mixture moments promote ranks."""
    with jax.numpy_rank_promotion("allow"):
        yield


@pytest.mark.slow
def test_a_short_run_tells_who_finds_the_modes(tmp_path, numpyro_ranks):  # noqa: ARG001
    main(multimodal, Config, [*SHORT, "--out", str(tmp_path / "run")])
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    rows = {row["sampler"]: row for row in map(json.loads, lines) if "sampler" in row}
    assert list(rows) == ["direct", "mala", "annealed"]
    assert rows["direct"]["modes found"] == "4 of 4"
    assert rows["mala"]["modes found"] == "1 of 4"
    assert sorted(path.stem for path in (tmp_path / "run" / "figures").glob("*.png")) == ["modes", "shares"]


@pytest.mark.weekly
def test_every_sampler_that_claims_modes_is_there(tmp_path, numpyro_ranks):  # noqa: ARG001
    main(multimodal, Config, ["--chains", "8", "--draws", "20", "--out", str(tmp_path / "run")])
    density = ring(Config())
    claimed = {
        name for name, module in members(jgen.samplers, "recipe").items() if module.recipe(blind(density))
    }
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert {row["sampler"] for row in map(json.loads, lines) if "sampler" in row} == claimed


@pytest.mark.usefixtures("x64", "numpyro_ranks")
def test_the_proposal_covers_the_target_by_the_bound_it_states():
    """On a grid that reaches well beyond the circle; the largest ratio is near the outermost modes."""
    density = ring(Config(modes=5, separation=6.0))
    target = blind(density)
    line = jnp.linspace(-25.0, 25.0, 301)
    points = jnp.stack(jnp.meshgrid(line, line), -1).reshape(-1, 2)
    ratios = jax.jit(jax.vmap(target.log_density))(points) - jax.jit(jax.vmap(target.proposal.log_prob))(
        points
    )
    assert np.max(ratios) <= target.log_bound


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--modes", "1"], "--modes must be at least 2; got 1"),
        (["--separation", "nan"], "--separation must be a positive number; got nan"),
        (["--samplers", "hmc", "what"], "--samplers: there is no what; choose among "),
    ],
)
def test_what_cannot_be_is_told_in_one_line(capsys, arguments, words):
    with pytest.raises(SystemExit) as stop:
        main(multimodal, Config, arguments)
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith(f"error: {words}")
