"""Check the rows of the benchmark of adaptations; what they reach is tested with each adaptation."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from benchmarks import adaptations
from tests.helpers.benchmark_runs import run_benchmark


@pytest.mark.usefixtures("broadcasting")
def test_the_density_of_the_batting_averages_is_that_of_its_distributions():
    """Up to a constant, with the Jacobians of the logits and of log (kappa - 1)."""

    def exact(z):
        m, kappa, theta = jax.nn.sigmoid(z[0]), 1 + jnp.exp(z[1]), jax.nn.sigmoid(z[2:])
        jacobian = jnp.log(m * (1 - m)) + z[1] + jnp.sum(jnp.log(theta * (1 - theta)))
        hits = dist.Binomial(adaptations.AT_BATS, logits=z[2:]).log_prob(jnp.array(adaptations.HITS))
        of_theta = dist.Beta(m * kappa, (1 - m) * kappa).log_prob(theta)
        return dist.Pareto(1.0, 1.5).log_prob(kappa) + jnp.sum(hits + of_theta) + jacobian

    points = jax.random.normal(jax.random.key(0), (20, 20))
    found, truth = (np.asarray(jax.vmap(f)(points)) for f in (adaptations.baseball, exact))
    rounding = 40 * np.finfo(np.float32).eps * np.abs(truth).max()  # of forty terms of that size
    np.testing.assert_allclose(found - found[0], truth - truth[0], atol=2 * rounding)


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_each_target_has_a_row_for_each_warm_up(tmp_path, monkeypatch):
    monkeypatch.setattr(adaptations, "LENGTHS", ("standard_gaussian",))
    monkeypatch.setattr(adaptations, "STEPS", ("baseball",))
    small = ["--seeds", "1", "--length-chains", "4", "--steps", "8"]
    found = run_benchmark(adaptations, tmp_path, *small)
    assert [row["method"] for row in found["lengths"]] == ["chees()"]
    assert [row["method"] for row in found["steps"]] == ["window(0.8)", "window()", "window(0.95)"]
    assert all(row["grads"] > 0 and row["warmup_grads"] > 0 for row in found["lengths"] + found["steps"])


@pytest.mark.weekly
def test_peers_have_rows_too(tmp_path, monkeypatch):
    pytest.importorskip("blackjax")
    monkeypatch.setattr(adaptations, "LENGTHS", ("standard_gaussian",))
    monkeypatch.setattr(adaptations, "STEPS", ("standard_gaussian",))
    small = ["--seeds", "1", "--length-chains", "4", "--steps", "20", "--peers"]
    found = run_benchmark(adaptations, tmp_path, *small)
    assert found["lengths"][1]["grads"] > 0
    assert found["steps"][3]["grads"] > 0
