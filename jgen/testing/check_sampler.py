"""Every law, on one sampler."""

import secrets
from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import jax

from jgen.sampling.driver import sample
from jgen.testing.sampler_checks import (
    CheckFailed,
    Make,
    bias,
    cost,
    importance_weights,
    invariance,
    metropolised,
    nan_robustness,
    no_recompilation,
    rank,
    reversibility,
    transform_consistency,
    warm_up,
)
from jgen.testing.sampler_checks.stationary_chains import find_scales
from jgen.testing.sampler_checks.target_draws import positions
from jgen.types import Adaptation, Array, DrawKind, Draws, Key, Target

Judge = Callable[..., Any]
"""``judge(make, target, key) -> evidence``: a law, its options bound."""
LAWS: dict[str, Judge] = {
    "purity": transform_consistency,
    "rebuilding": no_recompilation,
    "survival": nan_robustness,
    "cost": cost,
}
FALSE_ALARM = 1e-6
"""The probability that a right sampler fails, shared out among its laws of chance; the others are certain.

A bound for exact Markov kernels; for weighted and biased samplers, what the central limit theorem gives."""
COARSE = {"num_chains": 10_000, "detectable": 0.1}
"""Invariance beside the law of rank, which sees 0.06."""
NUM_STEPS = 10
"""Transitions that errors may add up over where invariance is all there is."""


class CheckResult(NamedTuple):
    """A law that was kept.

    Attributes:
        name: Its name.
        evidence: What it measured, if it measures.
    """

    name: str
    evidence: object


def check_sampler(
    make: Make,
    target: Target,
    *,
    key: Key | None = None,
    reversible: bool = True,
    biased_variance: Callable[[float], Array | float] | None = None,
    adaptation: Adaptation | None = None,
) -> list[CheckResult]:
    """Holds a sampler to every law jgen knows; the one function to run on a new kernel.

    Purity (jit, vmap and a loop change nothing, the state keeps its structure, keys are used), rebuilding
    (new data and options compile nothing), survival (NaN and -inf), cost (counted = spent), and then, by what
    kind of draws it makes: exact invariance, and for reversible kernels the rank of exact draws and the chain
    seen backwards, at step sizes that accept 0.9, 0.6 and 0.3; exact weighting; or a bias that is exactly
    what the kernel says. With an ``adaptation``, start, warm-up and sampling are calibrated together as well.
    Each is a file of ``jgen.testing.sampler_checks``; a wrong sampler is told what is wrong.

    Over all laws of chance together a right, exact Markov kernel fails with probability 1e-6 at most, by the
    bounds of Dvoretzky, Kiefer and Wolfowitz and of Hoeffding. Weighted and biased samplers are held to means
    within some 6 standard errors: there 1e-6 is what the central limit theorem says, which is no bound, and
    weights of heavy tails, whose error is underestimated, fail more often.

    Args:
        make: ``make(target, scale) -> sampler``, the sampler with its steps ``scale`` times as long;
            samplers without a step size ignore it.
        target: A target with exact draws (and log Z, for weighted samplers) on which the sampler works.
        key: To repeat a run; None draws a fresh seed and names it if a law is broken.
        reversible: Whether a Markov kernel satisfies detailed balance on positions, the same at every draw.
            Not so: momenta that last from draw to draw, a cycle of kernels, sweeps in a fixed order.
        biased_variance: For a biased sampler, scale -> the exact variance of its draws on a standard
            Gaussian. It is needed where the sampler does not report its energy error.
        adaptation: How an exact Markov kernel of real numbers is tuned, if that is to be judged too: by
            simulation-based calibration on 2000 posteriors, which takes a minute.

    Returns:
        The laws kept, with what they measured.

    Raises:
        LawBroken: Naming the law, by how much, and what usually breaks it.
        ValueError: If there is an adaptation and the sampler is no exact Markov kernel.

    Example:
        >>> from jgen.samplers import hmc
        >>> from jgen.targets import standard_gaussian
        >>> def make(target, scale):
        ...     return hmc(target.log_density, step_size=0.5 * scale, num_steps=3)
        >>> [result.name for result in check_sampler(make, standard_gaussian(2))]
        ['purity', 'rebuilding', 'survival', 'cost', 'invariance', 'rank', 'reversibility']
    """
    repeat = "the same key"
    if key is None:
        seed = secrets.randbits(31)
        key, repeat = jax.random.key(seed), f"key=jax.random.key({seed})"
    run = sample(key, make(target, 1.0), num_chains=2, num_draws=1, position=positions(target, 2))
    assert run.draws is not None
    if run.draws.kind is DrawKind.MARKOV:
        gates = markov_gates(make, target, key, reversible)
    elif run.draws.kind is DrawKind.BIASED:
        gates = bias_gates(run.draws, biased_variance)
    else:
        gates = {"weighting": importance_weights}
    if adaptation is not None:
        if run.draws.kind is not DrawKind.MARKOV:
            raise ValueError(
                f"an adaptation tunes exact Markov kernels; these draws are {run.draws.kind.value}"
            )
        gates["warm-up"] = partial(warm_up, adaptation=adaptation)
    share = {"false_alarm": FALSE_ALARM / len(gates)}
    laws = LAWS | {name: partial(law, **share) for name, law in gates.items()}
    kept = []
    for number, (name, law) in enumerate(laws.items()):
        try:
            kept.append(CheckResult(name, law(make, target, jax.random.fold_in(key, number))))
        except CheckFailed as error:
            raise CheckFailed(f"{name}: {error} [repeat with {repeat}]") from error
    return kept


def markov_gates(make: Make, target: Target, key: Key, reversible: bool) -> dict[str, Judge]:
    """The laws of exact kernels, all at the same step sizes, from a pilot with a key of its own."""

    def at_scales(law: Judge, **options: Any) -> Judge:
        return lambda *arguments, **share: law(*arguments, scales=scales(), **options, **share)

    @cache
    def scales() -> tuple[float, ...]:
        return find_scales(make, target, jax.random.fold_in(key, len(LAWS) + 3))

    if not reversible:
        return {"invariance": at_scales(invariance, num_steps=NUM_STEPS)}
    return {
        "invariance": at_scales(invariance, **COARSE),
        "rank": at_scales(rank),
        "reversibility": at_scales(reversibility, num_chains=COARSE["num_chains"]),
    }


def bias_gates(draws: Draws, biased_variance: Callable[[float], Array | float] | None) -> dict[str, Judge]:
    """The laws of what a biased sampler says about its bias; one that says nothing breaks the law."""
    gates: dict[str, Judge] = {}
    if "energy_error" in draws.info:
        gates["invariance, adjusted"] = lambda make, *arguments, **share: invariance(
            metropolised(make), *arguments, **share
        )
    if biased_variance is not None:
        gates["bias"] = partial(bias, biased_variance=biased_variance)
    if not gates:
        raise CheckFailed(
            "the draws are biased and nothing says by how much: report info['energy_error'], or pass "
            "check_sampler the exact biased_variance of the kernel on a standard Gaussian"
        )
    return gates
