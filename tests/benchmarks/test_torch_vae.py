"""Check the loss of the PyTorch autoencoder."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks import hand_written_vae, torch_vae
from benchmarks.vae_problem import draw, problem


def test_the_loss_is_that_of_the_hand_written_scan():
    torch = pytest.importorskip("torch")
    start = problem()
    x, noise = draw(start.key, jnp.int32(3), start.data)
    linears = torch_vae.linears_of(torch, start.layers)
    loss = torch_vae.loss(torch, linears, *(torch.from_numpy(np.array(array)) for array in (x, noise)))
    wanted = jax.jit(hand_written_vae.loss)(start.layers, x, noise)
    np.testing.assert_allclose(float(loss.detach()), float(wanted), rtol=100 * 2.0**-23)
