"""Check a network that returns distributions: what decoders and encoders have in common."""

from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax
import numpy as np

from jgen.testing import network_checks
from jgen.testing.check_result import CheckResult, key_or_default, run_checks
from jgen.testing.network_checks.network_case import NetworkCase, evaluate
from jgen.types import Key, PyTree

NetworkCheck = Callable[[NetworkCase], str]
CHECKS: Mapping[str, NetworkCheck] = {
    name: getattr(network_checks, name)
    for name in (
        *("dependence", "batch_independence", "extremes", "precision"),
        *("no_recompilation", "transform_consistency", "keys"),
    )
}
"""Checks after those of state and shapes; the last two cost most, as they compile initialisers."""


def check_network(
    module: nn.Module, inputs: PyTree, key: Key | None = None, checks: Mapping[str, NetworkCheck] = CHECKS
) -> list[CheckResult]:
    """Check a network in order; see ``check_decoder`` for the checks.

    Args:
        module: Takes ``inputs`` alone and returns a distribution.
        inputs: Three different rows or more on every leaf.
        key: For parameters and draws; None for ``jax.random.key(0)``.
        checks: By name; those of state and shapes come first, always.

    Returns:
        The checks that passed, with what they measured.

    Raises:
        CheckFailed: If a check fails; the message has the check, its result and usual causes.
    """
    key, repeat = key_or_default(key)
    inputs = jax.tree.map(np.asarray, inputs)
    made: dict[str, Any] = {}

    def state() -> str:
        made["apply"], made["params"] = network_checks.state(module, inputs, key)
        return f"{sum(leaf.size for leaf in jax.tree.leaves(made['params']))} parameters, all float32"

    def shapes() -> str:
        apply, params = made["apply"], made["params"]
        draw = network_checks.shapes(module, apply, params, inputs, key)
        zeros = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), draw)
        x = jax.tree.map(np.asarray, evaluate(apply, params, inputs, zeros, key).draws)
        made["case"] = NetworkCase(module, apply, params, inputs, x, key)
        return f"draws {', '.join(str(leaf.shape) for leaf in jax.tree.leaves(x))}"

    others = {name: lambda check=check: check(made["case"]) for name, check in checks.items()}
    return run_checks({"state": state, "shapes": shapes, **others}, repeat)
