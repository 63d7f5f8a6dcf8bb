"""Every law, on one sampler."""

import secrets
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax

from jgen.laws import (
    LawBroken,
    Make,
    adjusted,
    bias,
    cost,
    invariance,
    purity,
    rebuilding,
    survival,
    weighting,
)
from jgen.laws.base import positions
from jgen.sampling import sample
from jgen.targets.base import Target
from jgen.types import Array, Draws, Key, Law

LAWS = {"purity": purity, "rebuilding": rebuilding, "survival": survival, "cost": cost}
GATES: dict[Law, dict[str, Any]] = {
    Law.MARKOV: {"invariance": invariance},
    Law.INDEPENDENT: {"weighting": weighting},
    Law.WEIGHTED: {"weighting": weighting},
    Law.ENSEMBLE: {"weighting": weighting},
}


class Kept(NamedTuple):
    """A law that was kept.

    Attributes:
        law: Its name.
        evidence: What it measured, if it measures.
    """

    law: str
    evidence: object


def check_sampler(
    make: Make,
    target: Target,
    *,
    key: Key | None = None,
    biased_variance: Callable[[float], Array | float] | None = None,
) -> list[Kept]:
    """Holds a sampler to every law jgen knows; the one function to run on a new kernel.

    Purity (jit = eager, vmap = loop, the state keeps its structure, keys are used), rebuilding (new
    data and options compile nothing), survival (NaN and -inf), cost (counted = spent) and, by what
    kind of draws it makes, exact invariance, exact weighting or a bias that is exactly what the kernel
    says; each is a file of ``jgen.laws``. A right sampler fails with probability 1e-6, a wrong one is told
    what is wrong.

    Args:
        make: ``make(target, scale) -> sampler``, the sampler with its steps ``scale`` times as long;
            samplers without a step size ignore it.
        target: A target with exact draws (and log Z, for weighted samplers) on which the sampler works.
        key: To repeat a run; None draws a fresh seed and names it if a law is broken.
        biased_variance: For a biased sampler, scale -> the exact variance of its draws on a standard
            Gaussian. It is needed where the sampler does not report its energy error.

    Returns:
        The laws kept, with what they measured.

    Raises:
        LawBroken: Naming the law, by how much, and what usually breaks it.

    Example:
        >>> from jgen.samplers import hmc
        >>> from jgen.targets import standard_gaussian
        >>> def make(target, scale):
        ...     return hmc(target.log_density, step_size=0.5 * scale, num_steps=3)
        >>> [kept.law for kept in check_sampler(make, standard_gaussian(2))]
        ['purity', 'rebuilding', 'survival', 'cost', 'invariance']
    """
    repeat = "the same key"
    if key is None:
        seed = secrets.randbits(31)
        key, repeat = jax.random.key(seed), f"key=jax.random.key({seed})"
    run = sample(key, make(target, 1.0), num_chains=2, num_draws=1, position=positions(target, 2))
    assert run.draws is not None
    biased = run.draws.law is Law.BIASED
    gates = bias_gates(run.draws, biased_variance) if biased else GATES[run.draws.law]
    kept = []
    for name, law in (LAWS | gates).items():
        try:
            kept.append(Kept(name, law(make, target, key)))
        except LawBroken as error:
            raise LawBroken(f"{name}: {error} [repeat with {repeat}]") from error
    return kept


def bias_gates(
    draws: Draws, biased_variance: Callable[[float], Array | float] | None
) -> dict[str, Callable[[Make, Target, Key], Any]]:
    """The laws of what a biased sampler says about its bias; one that says nothing breaks the law."""
    gates: dict[str, Any] = {}
    if "energy_error" in draws.info:
        gates["invariance, adjusted"] = lambda make, *arguments: invariance(adjusted(make), *arguments)
    if biased_variance is not None:
        gates["bias"] = partial(bias, biased_variance=biased_variance)
    if not gates:
        raise LawBroken(
            "the draws are biased and nothing says by how much: report info['energy_error'], or pass "
            "check_sampler the exact biased_variance of the kernel on a standard Gaussian"
        )
    return gates
