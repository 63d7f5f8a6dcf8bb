"""Check which faces of a solid are drawn, and in which order."""

import numpy as np

from jgen import plots
from jgen.plots.voxels import RIGHT, UP, faces


def test_faces_of_a_box_are_those_of_its_three_near_sides():
    cells, directions = faces(np.pad(np.ones((2, 3, 4), bool), 1))
    assert np.bincount(directions).tolist() == [12, 8, 6]
    assert [set(cells[directions == axis, axis]) for axis in range(3)] == [{2}, {3}, {4}]
    assert len(faces(np.zeros((2, 2, 2), bool))[0]) == 0


def test_a_nearer_face_is_painted_over_a_farther_one():
    """At each pixel the last square painted belongs to the voxel that a ray from the viewer meets first."""
    rng = np.random.default_rng(0)
    solid = rng.uniform(size=(4, 4, 4)) < 0.4
    drawn = plots.voxels(solid[None].astype(float)).axes[0].collections[2]
    cells, directions = faces(solid)
    paths, colours = drawn.get_paths(), drawn.get_facecolor()
    for point in rng.uniform(0, 4, size=(60, 3)):
        pixel = np.array([point @ RIGHT, point @ UP])
        over = [i for i, path in enumerate(paths) if path.contains_point(pixel)]
        ray = point + np.linspace(8, -8, 16_001)[:, None] * np.ones(3)  # [step, 3], from the viewer on
        inside = ((ray > 0) & (ray < 4)).all(1)
        voxel = np.floor(np.clip(ray, 0, 3.999)).astype(int)
        hit = np.flatnonzero(inside & solid[tuple(voxel.T)])
        assert bool(over) == bool(len(hit))
        if over:
            assert cells[over[-1]].tolist() == voxel[hit[0]].tolist()
            np.testing.assert_array_equal(colours[over[-1]], colours[directions == directions[over[-1]]][0])
    assert len({tuple(colour) for colour in colours}) == 3


def test_probabilities_are_thresholded_and_solids_have_a_shadow():
    solid = np.zeros((3, 5, 4, 1))
    solid[1, 2, 3], solid[1, 2, 1], solid[0, 0, 0] = 0.9, 0.6, 0.4
    for threshold, counts in ((0.5, [1, 6]), (0.3, [2, 9])):
        _, *drawn = plots.voxels(solid[None], threshold=threshold).axes[0].collections
        assert [len(collection.get_paths()) for collection in drawn] == counts
