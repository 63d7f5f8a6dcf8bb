"""Check language models against the entropy of their source."""

import numpy as np
import pytest

from experiments import text
from tests.helpers.random_keys import fresh_rng
from tests.helpers.run_outputs import metrics_of, run_experiment


@pytest.mark.slow
def test_no_model_is_better_than_its_source(tmp_path, broadcasting):  # noqa: ARG001
    run_experiment("text", tmp_path, "--networks", "rnn", "--width", "8", "--steps", "60")
    source, model = metrics_of(tmp_path, "perplexity")
    assert source["model"] == "the source"
    assert model["above the source"]["value"] > 0  # 60 steps of a small network are not enough
    assert model["perplexity"] < 16.0
    assert (tmp_path / "report.html").read_text().count("rnn, as trained") == 1


@pytest.mark.weekly
def test_a_transformer_approaches_the_source(tmp_path, broadcasting):  # noqa: ARG001
    """Its perplexity is within 2 % of that of the source, and not below it by 3 standard errors."""
    run_experiment("text", tmp_path, "--networks", "transformer", "--width", "32", "--steps", "400")
    source, model = metrics_of(tmp_path, "perplexity")
    assert model["perplexity"] < 1.02 * source["perplexity"]
    above = model["above the source"]
    assert above["value"] > -3 * (above["high"] - above["low"]) / (2 * 1.96)


def test_a_model_that_is_better_than_its_source_raises():
    windows = fresh_rng().integers(0, 16, (50, 64))
    source = text.markov.log_prob(windows)
    noise = np.linspace(-1.0, 1.0, 50)

    def compare(log_prob):
        return text.against_entropy(text.Config(), {"test": windows}, {"network": log_prob})

    first, second = compare(source - 0.5 + noise)
    assert (first["model"], second["model"]) == ("the source", "network")
    np.testing.assert_allclose(second["above the source"].value, 0.5 / 64)
    compare(source + 0.1 + noise)  # within 3 standard errors: the mean of the noise has an error of 0.083
    with pytest.raises(RuntimeError, match=r"network is better than the source by 0\.0078"):
        compare(source + 0.5 + noise)
