"""Check that samples of another kind, shape or unit are refused, and bad models are not."""

import numpy as np
import pytest

from jgen.data import check_comparable
from jgen.errors import UsageError

IMAGES = np.linspace(0.0, 1.0, 10 * 4 * 4).reshape(10, 4, 4, 1)
TEXT = np.array(["a", "b"])


@pytest.mark.parametrize(
    ("real", "made", "words"),
    [
        (IMAGES, IMAGES * 255, "pixels of made are 0 to 255, and those of real 0 to 1: scale"),
        (IMAGES * 16, IMAGES, "pixels of made are 0 to 1, and those of real 0 to 16: scale"),
        (IMAGES, 2 * IMAGES - 1, "pixels of made are -1 to 1, and those of real 0 to 1: scale"),
        (IMAGES, IMAGES.repeat(3, -1), "rows of made are 4 x 4 x 3, and those of real 4 x 4 x 1: resize"),
        (IMAGES, IMAGES[:, :2], "rows of made are 2 x 4 x 1"),
        (IMAGES, IMAGES[..., 0], "rows of made are 4 x 4, "),
        (IMAGES[:, 0, 0, 0], IMAGES, "those of real single numbers"),
        (IMAGES, TEXT, "made is text and real is numbers"),
        (TEXT, IMAGES, "real is text and made is numbers"),
    ],
)
def test_samples_that_do_not_compare_are_refused(real, made, words):
    with pytest.raises(UsageError, match=words):
        check_comparable(("real", real), {"good": real, "made": made})


@pytest.mark.parametrize(
    "made",
    [
        IMAGES + np.random.default_rng(0).normal(size=IMAGES.shape) * 0.3,  # a Gaussian model of pixels
        IMAGES * 0.2,  # dark, but in the same unit
        (IMAGES > 0.5).astype(np.uint8),
        IMAGES[-1:],
    ],
)
def test_bad_models_are_no_other_unit(made):
    check_comparable(("real", IMAGES), {"made": made})


def test_rows_of_numbers_have_no_unit_to_check():
    check_comparable(("real", np.ones((3, 2))), {"made": np.full((5, 2), 1e9)})
    check_comparable(("real", np.zeros((3, 2, 2))), {"made": np.zeros((3, 2, 2))})
