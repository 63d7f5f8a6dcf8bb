"""Define solids: 4 kinds x 3 sizes x 3 axes x 4 x 4 x 4 positions, 2,304 grids of 16x16x16 voxels."""

import jax
import jax.numpy as jnp
import numpy as np

from jgen.data.factor_grid import Grid
from jgen.types import Array

VOXELS = 16


class Builder(Grid):
    """Builder of boxes, cylinders, cones and rings, every combination of factors once, all solids distinct.

    2,304 solids: x is 1 at those of 16x16x16 voxels, along x, y and z, whose centres lie inside a box,
    cylinder, cone or ring, else 0; no centre lies on a surface; factors the kind of solid, its size, the axis
    it stands along and the coordinates of its centre.
    """

    factors = {  # noqa: RUF012
        "solid": ("box", "cylinder", "cone", "ring"),
        "size": (2.6, 3.6, 4.6),
        "axis": ("x", "y", "z"),
        **dict.fromkeys("xyz", (5.0, 7.0, 9.0, 11.0)),
    }
    shape = (VOXELS, VOXELS, VOXELS, 1)
    highest = 1
    homepage = "https://github.com/google-deepmind/3d-shapes"
    citation = "After C. Burgess, H. Kim, 3D Shapes Dataset, 2018."

    def render(self, factors: np.ndarray) -> np.ndarray:
        """Render the voxels of each solid, ``[solid, x, y, z, 1]``."""
        centre = np.array(self.factors["x"])[factors[:, 3:]]  # [solid, 3]; y and z have the same values
        size = np.array(self.factors["size"])[factors[:, 1]]
        voxels = jnp.arange(VOXELS, dtype=jnp.float32) + 0.5
        points = jnp.stack(jnp.meshgrid(voxels, voxels, voxels, indexing="ij"), -1)  # [x, y, z, 3]
        options = factors[:, 0], jnp.float32(size), factors[:, 2], jnp.float32(centre)
        return np.asarray(_inside(*options, points))[..., None].astype(np.uint8)


def surface(solid: Array, size: Array, axis: Array, centre: Array, points: Array) -> Array:
    r"""Evaluate a function that is negative inside a solid, 0 on its surface and positive outside.

    With heights h along the axis, distances r from it and the size s, a box has half its height s and half
    its width 0.7 s; a cylinder the height of the box and the radius 0.8 s; a cone that height and at its foot
    the radius 0.9 s; a ring has the radius 0.7 s and the thickness 0.35 s.

    Args:
        solid: Kind, ``[]``: 0 box, 1 cylinder, 2 cone, 3 ring.
        size: s, in voxels, ``[]``.
        axis: Axis, ``[]``: 0, 1, 2.
        centre: ``[3]``, in voxels from the corner of the grid.
        points: ``[..., 3]``.

    Returns:
        ``[...]``.

    Example:
        >>> at = jnp.array([[8.0, 8.0, 8.0], [8.0, 8.0, 12.0], [8.0, 12.0, 8.0]])
        >>> (surface(0, 4.6, 2, jnp.full(3, 8.0), at) < 0).tolist()  # a box along z
        [True, True, False]
    """
    turned = jnp.roll(points - jnp.broadcast_to(centre, points.shape), 2 - axis, -1)  # its axis comes last
    h, wide = turned[..., 2] / size, jnp.abs(turned[..., :2]).max(-1) / size
    r = jnp.sqrt(jnp.square(turned[..., :2]).sum(-1)) / size
    height = jnp.abs(h) - 1
    box, cylinder = jnp.maximum(wide - 0.7, height), jnp.maximum(r - 0.8, height)
    cone = jnp.maximum(r - 0.45 * (1 - h), height)
    ring = jnp.square(r - 0.7) + jnp.square(h) - 0.35**2
    return jnp.stack([box, cylinder, cone, ring])[solid]


@jax.jit
def _inside(solid: Array, size: Array, axis: Array, centre: Array, points: Array) -> Array:
    return jax.vmap(surface, (0, 0, 0, 0, None))(solid, size, axis, centre, points) < 0
