"""Check that exact draws find separated modes, and local chains do not."""

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm

import jgen.samplers
from experiments.multimodal import Config, blind, ring
from jgen.testing import members
from tests.helpers.run_outputs import figures_of, metrics_of, run_experiment

SHORT = ["--samplers", "direct", "mala", "annealed", "--chains", "32", "--draws", "40", "--modes", "4"]


@pytest.mark.slow
def test_a_short_run_shows_who_finds_the_modes(tmp_path, broadcasting):  # noqa: ARG001
    run_experiment("multimodal", tmp_path, *SHORT)
    rows = {row["sampler"]: row for row in metrics_of(tmp_path, "sampler")}
    assert list(rows) == ["direct", "mala", "annealed"]
    assert rows["direct"]["modes found"] == "4 of 4"
    assert rows["mala"]["modes found"] == "1 of 4"
    assert figures_of(tmp_path) == {"modes", "weights"}


@pytest.mark.weekly
def test_every_sampler_of_multimodal_targets_runs(tmp_path, broadcasting):  # noqa: ARG001
    run_experiment("multimodal", tmp_path, "--chains", "8", "--draws", "20")
    target, modules = blind(ring(Config())), members(jgen.samplers, "recipe")
    claimed = {name for name, module in modules.items() if module.recipe(target)}
    assert {row["sampler"] for row in metrics_of(tmp_path, "sampler")} == claimed


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_the_proposal_covers_the_target_with_its_bound(broadcasting):  # noqa: ARG001
    """On a grid well beyond the circle, spaced by a third of a standard deviation of a mode."""
    density = ring(Config(modes=5, separation=6.0))
    target = blind(density)
    line = np.linspace(-25.0, 25.0, 151)
    points = np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)
    means, weights = density.component_distribution.mean, density.mixing_distribution.probs
    modes = [norm.logpdf(points, mean).sum(-1) + np.log(w) for mean, w in zip(means, weights, strict=True)]
    proposal = norm.logpdf(points, target.proposal.mean, target.proposal.variance**0.5).sum(-1)
    assert np.max(logsumexp(modes, 0) - proposal) <= target.log_bound
