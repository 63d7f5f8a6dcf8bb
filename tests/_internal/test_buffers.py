"""Test buffers of draws: entries that are constant have one row, on the device and on the host."""

import jax
import jax.numpy as jnp
import numpy as np

from jgen._internal import buffers
from jgen.types import DrawKind, Draws

INFO, CONSTANT = {"lp": jnp.zeros(3), "num_grads": jnp.zeros(3, jnp.int32)}, {"num_grads", "log_weight"}
ROW = Draws({"x": jnp.zeros((3, 2))}, INFO, jnp.zeros(3), DrawKind.WEIGHTED, frozenset(CONSTANT))


def test_rows_are_written_copied_and_read():
    """Five rows in buffers of three: the second buffer is copied behind the first, its last row left out."""
    rows = [jax.tree.map(lambda leaf, i=i: leaf + i, ROW) for i in range(3)]
    stored = buffers.allocate_on_host(buffers.buffer_shapes(5, ROW))
    buffer = buffers.zeros(buffers.buffer_shapes(3, ROW))
    assert buffers.row_bytes(ROW) == 4 * (6 + 3)
    for index, row in enumerate(rows):
        buffer = buffers.write_row(buffer, index, row)
    assert buffers.read(buffer, 1).info["lp"].tolist() == [1, 1, 1]
    buffers.copy_rows(stored, 0, 3, buffer)
    buffers.copy_rows(stored, 3, 2, buffer)
    run = jax.tree.map(lambda leaf: buffers.first_rows(leaf, 5), stored)
    np.testing.assert_array_equal(run.value["x"][:, 0, 0], [0, 1, 2, 0, 1])
    np.testing.assert_array_equal(run.info["num_grads"], np.full((5, 3), 2))  # the last one written
    assert run.info["lp"].strides[0] > 0 == run.info["num_grads"].strides[0] == run.log_weight.strides[0]
