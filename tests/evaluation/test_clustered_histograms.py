"""Histograms over clusters: rows keep their sample and their place, whatever their order and number."""

from importlib import import_module

import numpy as np
import pytest

from jgen.evaluation.clustered_histograms import Clusters

CLUSTERS = Clusters(4, 2, 1.0)


def share_of_first(p, q):
    """Return the difference of the shares of a bin that is marked by its larger share of p."""
    first = int(np.argmax(p - q))
    gradient = np.where(np.arange(len(p)) == first, 1.0, 0.0)
    return p[first] - q[first], gradient, -gradient


def check_rows(module):
    """Two far groups, 24 of 40 real rows and 12 of 30 generated in the first: the difference is .6 - .4."""
    rng = np.random.default_rng(0)
    real = np.where(np.arange(40) < 24, 0.0, 50.0)[:, None] + rng.normal(size=(40, 2))
    generated = np.where(np.arange(30) < 12, 0.0, 50.0)[:, None] + rng.normal(size=(30, 2))
    orders = rng.permutation(40), rng.permutation(30)
    rows = {"real": real[orders[0]], "generated": generated[orders[1]]}
    reading = module.read_clusters(share_of_first, Clusters(2, 2, 1.0), rows)
    np.testing.assert_allclose(reading.value, 0.2)
    influence = reading.influence.by_sample
    np.testing.assert_allclose(influence["real"], np.where(orders[0] < 24, 0.4, -0.6))
    np.testing.assert_allclose(influence["generated"], np.where(orders[1] < 12, -0.6, 0.4))


def check_null(module):
    """The mean difference of a fixed bin over permutations is 0; rows of both have sizes 40 and 20."""

    def of_first_bin(p, q):
        gradient = np.eye(len(p))[0]
        return p[0] - q[0], gradient, -gradient

    rng = np.random.default_rng(0)
    rows = {"real": rng.normal(size=(40, 1)), "generated": rng.normal(size=(20, 1)) + 9}
    reading = module.read_clusters(of_first_bin, Clusters(2, 1, 1.0), rows)
    assert abs(reading.value) == 1
    scatter = reading.null.std(ddof=1) / np.sqrt(len(reading.null))
    assert abs(reading.null.mean()) < 5 * scatter
    assert reading.between == 0  # of one seed


@pytest.mark.parametrize("check", [check_rows, check_null])
def test_clusters(check):
    check(import_module("jgen.evaluation.clustered_histograms"))


def test_components_explain_their_share():
    from jgen.evaluation.clustered_histograms import _components

    rows = np.random.default_rng(0).normal(size=(50, 4)) * [10, 3, 1, 0.1]
    variances = np.sort(np.linalg.eigvalsh(np.cov(rows.T)))[::-1]
    for explained in (0.5, 0.95, 1.0):
        kept = _components(rows, explained)
        share = kept.var(0, ddof=1).sum() / variances.sum()
        assert share > explained - 1e-9
        assert kept.shape[1] == 1 + (np.cumsum(variances) / variances.sum() < explained - 1e-12).sum()


def test_options():
    assert CLUSTERS.check() is CLUSTERS
    assert CLUSTERS.protocol == {"bins": 4, "seeds": 2, "explained": 1.0}
    assert Clusters(None, 2, 1.0).protocol["bins"] == "n/10"
