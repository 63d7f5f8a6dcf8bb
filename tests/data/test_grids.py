"""Grids of factors: every combination once, no two alike, and each factor does what its name says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.data import factors, load
from jgen.data.datasets.shapes2d import Builder as Shapes2d
from jgen.data.datasets.shapes2d import ellipse, heart, square
from jgen.data.datasets.shapes3d import Builder as Shapes3d
from jgen.data.datasets.shapes3d import surface


@pytest.fixture(scope="module", params=["shapes2d", "shapes3d"])
def grid(request, prepared):
    whole = load(request.param, "all", directory=prepared)
    order = np.lexsort(whole["factors"].T[::-1])
    return request.param, whole["x"][order], whole["factors"][order]


@pytest.fixture(scope="module")
def images(prepared):
    whole = load("shapes2d", "all", directory=prepared)
    x = np.zeros((3, 3, 4, 8, 8, 16, 16), int)
    x[tuple(whole["factors"].T)] = whole["x"][..., 0]
    return x


@pytest.fixture(scope="module")
def solids(prepared):
    whole = load("shapes3d", "all", directory=prepared)
    x = np.zeros((4, 3, 3, 4, 4, 4, 16, 16, 16), int)
    x[tuple(whole["factors"].T)] = whole["x"][..., 0]
    return x


def test_every_combination_of_factors_is_there_once(grid):
    name, _, found = grid
    sizes = [len(values) for values in factors(name).values()]
    np.testing.assert_array_equal(found, np.indices(sizes).reshape(len(sizes), -1).T)


def test_no_two_are_alike(grid):
    _, x, _ = grid
    assert len({example.tobytes() for example in x}) == len(x)


def test_every_split_has_every_value_of_every_factor(prepared):
    for name in ("shapes2d", "shapes3d"):
        for split in ("train", "validation", "test"):
            found = load(name, split, directory=prepared)["factors"]
            assert [len(set(column)) for column in found.T] == [len(v) for v in factors(name).values()]


def test_a_shape_moves_by_whole_pixels(images):
    # not a dot is lost at the border, and rolling never wraps ink round
    for row in range(8):
        for column in range(8):
            moved = np.roll(images[:, :, :, 0, 0], (row, column), (-2, -1))
            np.testing.assert_array_equal(images[:, :, :, row, column], moved)
    assert images[:, :, :, 0, 0, 9:].sum() + images[:, :, :, 0, 0, :, 9:].sum() == 0


edge_of_solid = jax.jit(surface)


def centred(image):
    """Coordinates from the centre of ink, to the right and up, with the ink at each."""
    row, column = np.indices(image.shape)
    right, up = column - (image * column).sum() / image.sum(), (image * row).sum() / image.sum() - row
    return right, up, image / image.sum()


def test_an_ellipse_leans_by_its_angle(images):
    angles = np.array(factors("shapes2d")["angle"])
    for scale in range(3):
        for angle in range(4):
            right, up, ink = centred(images[1, scale, angle, 3, 3])
            moments = (ink * right * up).sum() * 2, (ink * (right**2 - up**2)).sum()
            lean = np.degrees(np.arctan2(*moments)) / 2 % 180  # of the long axis
            assert np.argmin(np.abs(angles - lean)) == angle


def test_a_heart_stands_on_its_tip_and_turns_against_the_clock(images):
    _, up, ink = centred(images[2, 2, 0, 3, 3])
    assert (ink * up**3).sum() < 0  # the tip is far below, the lobes near above
    right, _, ink = centred(images[2, 2, 3, 3, 3])
    assert (ink * right**3).sum() > 0  # turned by 67.5 degrees, the tip is to the right


@pytest.mark.parametrize(("shape", "area", "around"), [(0, 4.0, 8.0), (1, np.pi * 1.3 * 0.65, 6.31)])
def test_ink_is_area(images, shape, area, around):
    # a convex body of area A and perimeter P holds within P d + pi d^2 of A / h^2 dots of a grid of width h,
    # where d = h / sqrt(2): each dot answers for its cell
    d = 0.25 / np.sqrt(2)
    for scale, size in enumerate(factors("shapes2d")["scale"]):
        ink = images[shape, scale, :, 3, 3].sum((-2, -1)) / 16
        assert np.abs(ink - area * size**2).max() < around * size * d + np.pi * d**2


def test_no_dot_and_no_voxel_lies_on_an_edge():
    # else the rounding of another machine would change the data; float64 and float32 round at 1e-16 and 1e-7
    at = (np.arange(64) + 0.5) / 4 - 4.5
    right, up = np.meshgrid(at, -at)
    for angle in np.radians(Shapes2d.factors["angle"]):
        for scale in Shapes2d.factors["scale"]:
            u = (np.cos(angle) * right + np.sin(angle) * up) / scale
            v = (np.cos(angle) * up - np.sin(angle) * right) / scale
            assert min(np.abs(edge(u, v)).min() for edge in (square, ellipse, heart)) > 1e-6
    at = jnp.stack(jnp.meshgrid(*3 * [jnp.arange(16) - 6.5], indexing="ij"), -1)
    for solid in range(4):
        for size in Shapes3d.factors["size"]:
            assert np.abs(edge_of_solid(solid, size, 0, jnp.zeros(3), at)).min() > 1e-4


def test_a_solid_moves_by_whole_voxels(solids):
    for x in range(4):
        for y in range(4):
            for z in range(4):
                moved = np.roll(solids[:, :, :, 0, 0, 0], (2 * x, 2 * y, 2 * z), (-3, -2, -1))
                np.testing.assert_array_equal(solids[:, :, :, x, y, z], moved)
    assert solids[:, :, :, 0, 0, 0, 10:].sum() == 0


def test_a_solid_stands_along_its_axis(solids):
    along_z = solids[:, :, 2, 1, 1, 1]  # [solid, size, x, y, z], turned so that z -> x -> y
    np.testing.assert_array_equal(solids[:, :, 0, 1, 1, 1], along_z.transpose(0, 1, 4, 2, 3))
    np.testing.assert_array_equal(solids[:, :, 1, 1, 1, 1], along_z.transpose(0, 1, 3, 4, 2))
    voxels = np.arange(16) + 0.5
    for solid, skew in ((0, 0), (1, 0), (2, 1), (3, 0)):  # a cone has its mass below the middle
        heights = along_z[solid, 2].sum((0, 1)) @ (voxels - 7)
        assert np.sign(-heights) == skew
    assert along_z[3, :, 6:8, 6:8].sum() == 0  # a ring has a hole
    assert along_z[:3, :, 6:8, 6:8, 5:8].all()


def test_solids_have_their_volumes():
    # as for ink: within S d + M d^2 + 4 pi d^3 / 3 for a convex body of surface S and mean curvature M, where
    # d = h sqrt(3) / 2; a tube as wide as 2 r around a circle gains S d + pi S d^2 / (2 pi r) / 2 at most
    h = 0.1
    d = h * np.sqrt(3) / 2
    at = jnp.stack(jnp.meshgrid(*3 * [jnp.arange(-2.0, 2.0, h) + h / 2 + 1e-3], indexing="ij"), -1)
    truth = [
        (1.4**2 * 2, 2 * 1.4**2 + 4 * 1.4 * 2),
        (2 * np.pi * 0.64, 2 * np.pi * 0.64 + 2 * np.pi * 0.8 * 2),
        (2 * np.pi * 0.81 / 3, np.pi * 0.81 + np.pi * 0.9 * np.hypot(0.9, 2)),
        (2 * np.pi**2 * 0.7 * 0.35**2, 2 * 4 * np.pi**2 * 0.7 * 0.35),
    ]
    for solid, (volume, area) in enumerate(truth):
        found = float((edge_of_solid(solid, 1.0, 0, jnp.zeros(3), at) < 0).sum()) * h**3
        assert abs(found - volume) < area * d + 6 * np.pi * d**2 + 4 * np.pi * d**3 / 3
