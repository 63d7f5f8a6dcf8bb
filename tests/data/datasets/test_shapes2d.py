"""Check shapes against closed forms of their factors."""

import numpy as np
import pytest

from jgen.data import factors, load


@pytest.fixture(scope="module")
def images(prepared):
    whole = load("shapes2d", "all", directory=prepared)
    x = np.zeros((3, 3, 4, 8, 8, 16, 16), int)
    x[tuple(whole["factors"].T)] = whole["x"][..., 0]
    return x


def test_a_shape_moves_by_whole_pixels(images):
    # not a dot is lost at the border, and rolling never wraps ink round
    for row in range(8):
        for column in range(8):
            moved = np.roll(images[:, :, :, 0, 0], (row, column), (-2, -1))
            np.testing.assert_array_equal(images[:, :, :, row, column], moved)
    assert images[:, :, :, 0, 0, 9:].sum() + images[:, :, :, 0, 0, :, 9:].sum() == 0


def centred(image):
    """Coordinates from the centre of ink, to the right and up, with the ink at each."""
    row, column = np.indices(image.shape)
    right, up = column - (image * column).sum() / image.sum(), (image * row).sum() / image.sum() - row
    return right, up, image / image.sum()


def test_an_ellipse_is_rotated_by_its_angle(images):
    angles = np.array(factors("shapes2d")["angle"])
    for scale in range(3):
        for angle in range(4):
            right, up, ink = centred(images[1, scale, angle, 3, 3])
            moments = (ink * right * up).sum() * 2, (ink * (right**2 - up**2)).sum()
            lean = np.degrees(np.arctan2(*moments)) / 2 % 180  # of the long axis
            assert np.argmin(np.abs(angles - lean)) == angle


def test_a_heart_stands_on_its_tip_and_turns_anticlockwise(images):
    _, up, ink = centred(images[2, 2, 0, 3, 3])
    assert (ink * up**3).sum() < 0  # the tip is far below, the lobes near above
    right, _, ink = centred(images[2, 2, 3, 3, 3])
    assert (ink * right**3).sum() > 0  # turned by 67.5 degrees, the tip is to the right


@pytest.mark.parametrize(("shape", "area", "around"), [(0, 4.0, 8.0), (1, np.pi * 1.3 * 0.65, 6.31)])
def test_ink_equals_area(images, shape, area, around):
    # a convex body of area A and perimeter P holds within P d + pi d^2 of A / h^2 dots of a grid of width h,
    # where d = h / sqrt(2): each dot answers for its cell
    d = 0.25 / np.sqrt(2)
    for scale, size in enumerate(factors("shapes2d")["scale"]):
        ink = images[shape, scale, :, 3, 3].sum((-2, -1)) / 16
        assert np.abs(ink - area * size**2).max() < around * size * d + np.pi * d**2
