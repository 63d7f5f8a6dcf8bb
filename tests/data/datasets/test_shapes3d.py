"""Check solids against closed forms of their factors."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.data import load
from jgen.data.datasets.shapes2d import Builder as Shapes2d, ellipse, heart, square
from jgen.data.datasets.shapes3d import Builder as Shapes3d, surface


@pytest.fixture(scope="module")
def solids(prepared):
    whole = load("shapes3d", "all", directory=prepared)
    x = np.zeros((4, 3, 3, 4, 4, 4, 16, 16, 16), int)
    x[tuple(whole["factors"].T)] = whole["x"][..., 0]
    return x


edge_of_solid = jax.jit(surface)


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
