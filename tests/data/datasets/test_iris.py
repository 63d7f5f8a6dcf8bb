"""Check iris against scikit-learn."""

import numpy as np

from jgen.data import load


def sorted_rows(x, label):
    table = np.column_stack([x, label])
    return table[np.lexsort(table.T)]


def test_rows_equal_those_of_scikit_learn(prepared):
    from sklearn.datasets import load_iris

    truth, iris = load_iris(), load("iris", directory=prepared)
    np.testing.assert_array_equal(sorted_rows(**iris), sorted_rows(truth.data, truth.target))
    assert iris["x"].dtype == np.float64
