"""Check digits against scikit-learn."""

import numpy as np

from jgen.data import load


def test_every_row_of_scikit_learn_occurs_once(prepared):
    from sklearn.datasets import load_digits

    truth, whole = load_digits(), load("digits", "train+validation+test", directory=prepared)
    np.testing.assert_array_equal(np.sort(whole["row"]), np.arange(1797))
    np.testing.assert_array_equal(whole["x"][..., 0], truth.images[whole["row"]])
    np.testing.assert_array_equal(whole["label"], truth.target[whole["row"]])
    assert whole["x"].max() == 16
