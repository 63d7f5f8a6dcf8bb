"""Every law, on one sampler."""

import secrets
from typing import NamedTuple

import jax

from jgen.laws import LawBroken, Make, cost, invariance, purity, rebuilding, survival, weighting
from jgen.laws.base import positions
from jgen.sampling import sample
from jgen.targets.base import Target
from jgen.types import Key, Law

LAWS = (purity, rebuilding, survival, cost)
GATES = {
    Law.MARKOV: (invariance,),
    Law.INDEPENDENT: (weighting,),
    Law.WEIGHTED: (weighting,),
    Law.ENSEMBLE: (weighting,),
}


class Kept(NamedTuple):
    """A law that was kept.

    Attributes:
        law: Its name.
        evidence: What it measured, if it measures.
    """

    law: str
    evidence: object


def check_sampler(make: Make, target: Target, *, key: Key | None = None) -> list[Kept]:
    """Holds a sampler to every law jgen knows; the one function to run on a new kernel.

    Purity (jit = eager, vmap = loop, the state keeps its structure, keys are used), rebuilding (new
    data and options compile nothing), survival (NaN and -inf), cost (counted = spent) and, by what
    kind of draws it makes, exact invariance or exact weighting; each is a file of ``jgen.laws``.
    A right sampler fails with probability 1e-6, a wrong one is told what is wrong.

    Args:
        make: ``make(target, scale) -> sampler``, the sampler with its steps ``scale`` times as long;
            samplers without a step size ignore it.
        target: A target with exact draws (and log Z, for weighted samplers) on which the sampler works.
        key: To repeat a run; None draws a fresh seed and names it if a law is broken.

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
    kept = []
    for law in (*LAWS, *GATES[run.draws.law]):
        try:
            kept.append(Kept(law.__name__, law(make, target, key)))  # type: ignore[operator]
        except LawBroken as error:
            raise LawBroken(f"{law.__name__}: {error} [repeat with {repeat}]") from error
    return kept
