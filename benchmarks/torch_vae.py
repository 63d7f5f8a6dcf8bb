"""Train the autoencoder of ``vae_problem`` in eager PyTorch."""

import os
from typing import Any

import numpy as np

from benchmarks.vae_problem import BATCH, LATENT, LEARNING_RATE, LOG_SCALE_BOUND, Call, Problem, continued


def torch_calls(problem: Problem, num_steps: int) -> dict[str, Call]:
    """Return training with the default Adam on all cores and on one, and with the fused Adam.

    Raises:
        ImportError: If PyTorch is not installed.
    """
    import torch

    cores = os.cpu_count() or 1
    return {
        "pytorch, eager": _call(torch, problem, num_steps, cores),
        "pytorch, eager, one thread": _call(torch, problem, num_steps, 1),
        "pytorch, eager, fused Adam": _call(torch, problem, num_steps, cores, fused=True),
    }


def _call(torch: Any, problem: Problem, num_steps: int, num_threads: int, **options: Any) -> Call:
    linears = linears_of(torch, problem.layers)
    optimizer = torch.optim.Adam(
        [p for linear in linears for p in linear.parameters()], LEARNING_RATE, **options
    )
    data = torch.from_numpy(np.array(problem.data))
    generator = torch.Generator().manual_seed(0)

    def advance(_: None) -> tuple[None, list[Any]]:
        torch.set_num_threads(num_threads)
        losses = []
        for _step in range(num_steps):
            x = data[torch.randint(len(data), (BATCH,), generator=generator)]
            value = loss(torch, linears, x, torch.randn((BATCH, LATENT), generator=generator))
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            losses.append(value.detach())
        return None, [float(value) for value in losses]

    return continued(advance, None)


def linears_of(torch: Any, layers: Any) -> list[Any]:
    """Return four linear layers, initialised with the given weights."""
    linears = []
    for kernel, bias in layers:
        linear = torch.nn.Linear(*kernel.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(np.array(kernel.T)))
            linear.bias.copy_(torch.from_numpy(np.array(bias)))
        linears.append(linear)
    return linears


def loss(torch: Any, linears: list[Any], x: Any, noise: Any) -> Any:
    """Compute the negative evidence lower bound in nats per example."""
    enter, encode, decode, leave = linears
    mean, unbounded = encode(torch.relu(enter(x))).chunk(2, dim=-1)
    log_scale = LOG_SCALE_BOUND * torch.tanh(unbounded / LOG_SCALE_BOUND)
    scale = torch.exp(log_scale)
    logits = leave(torch.relu(decode(mean + scale * noise)))
    entropy = torch.nn.functional.binary_cross_entropy_with_logits
    kl = (0.5 * (mean**2 + scale**2 - 1) - log_scale).sum(-1)
    return (entropy(logits, x, reduction="none").sum(-1) + kl).mean()
