"""Check a sampler by all checks of ``jgen.testing.sampler_checks`` that apply to it."""

import secrets
from collections.abc import Callable
from contextlib import nullcontext
from functools import cache, partial
from typing import Any

import jax

from jgen.sampling.driver import sample
from jgen.testing import sampler_checks
from jgen.testing.check_result import CheckFailed, CheckResult, run_checks
from jgen.testing.sampler_checks.stationary_chains import find_scales
from jgen.testing.sampler_checks.target_draws import Make, positions
from jgen.testing.sampler_panel import PANEL, QUICK, in_units, needs_unit
from jgen.types import Adaptation, Array, DrawKind, Draws, Key, Target

Check = Callable[..., Any]
"""``check(make, target, key) -> evidence``, its options bound."""
CERTAIN: dict[str, Check] = {
    name: getattr(sampler_checks, name)
    for name in ("transform_consistency", "no_recompilation", "nan_robustness", "cost")
}
"""Checks that a correct sampler always passes; they apply to every sampler."""
FALSE_ALARM = 1e-6
"""The probability that a correct sampler fails, divided among its statistical checks.

A bound for exact Markov kernels; for weighted and biased samplers, by the central limit theorem."""
COARSE = {"num_chains": 10_000, "detectable": 0.1}
"""Options of ``invariance`` if ``rank`` runs too, which detects 0.06."""
NUM_STEPS = 10
"""Number of transitions over which errors add up if ``invariance`` is the only statistical check."""


def check_sampler(
    make: Make,
    target: Target | None = None,
    *,
    key: Key | None = None,
    reversible: bool = True,
    biased_variance: Callable[[float], Array | float] | None = None,
    adaptation: Adaptation | None = None,
    num_chains: int | None = None,
    quick: bool = False,
) -> list[CheckResult]:
    """Check a sampler by every check that applies to it, on one target or on a panel of them.

    - transform_consistency: jit, vmap and a loop change nothing, the state keeps its structure, keys are
      used;
    - no_recompilation: new data and options compile nothing;
    - nan_robustness: no NaN and no -inf enters a chain;
    - cost: reported evaluations of the target equal those made;
    - for exact Markov kernels ``invariance`` and, where reversible, ``rank`` and ``reversibility``, at step
      sizes that accept 0.9, 0.6 and 0.3; for weighted draws ``importance_weights``; for biased kernels
      ``metropolised_invariance`` (up to the reported energy error) or ``bias`` (as stated);
    - with an ``adaptation``, ``warm_up``: start, warm-up and sampling are calibrated together.

    Each is a file of ``jgen.testing.sampler_checks``. Over all statistical checks together a correct, exact
    Markov kernel fails with probability 1e-6 at most, by the bounds of Dvoretzky, Kiefer and Wolfowitz and of
    Hoeffding. Weighted and biased samplers are compared with means to some 6 standard errors: there 1e-6
    holds by the central limit theorem, which is no bound, and weights of heavy tails, whose error is
    underestimated, fail more often.

    Args:
        make: ``make(target, scale) -> sampler``, the sampler with its steps ``scale`` times as long;
            samplers without a step size ignore it.
        target: A target with exact draws (and log Z, for weighted samplers) on which the sampler works; None
            for the targets of ``jgen.testing.sampler_panel`` for which ``make`` makes a sampler: shifted and
            correlated, several hills, a bounded support, heavy tails, discrete, a log density of -100,000,
            units of 1e-10 and 1e10, float64. The first has all checks, the others the statistical ones.
        key: Random key, to repeat a run; None draws a seed and reports it if a check fails.
        reversible: Whether a Markov kernel satisfies detailed balance on positions, the same at every draw.
            Not so: momenta that last from draw to draw, a cycle of kernels, sweeps in a fixed order.
        biased_variance: For a biased sampler, scale -> the exact variance of its draws on a standard
            Gaussian. It is needed where the sampler does not report its energy error.
        adaptation: Tunes an exact Markov kernel of real numbers, if that is to be checked too, by
            simulation-based calibration on 2000 posteriors, which takes a minute.
        num_chains: Chains of the checks of Markov kernels, a multiple of 2,500: more find smaller faults,
            such as a kernel that is invariant and hardly irreversible. None for 10,000, or what the target
            of the panel states.
        quick: Whether the panel is cut to two targets.

    Returns:
        The checks that passed, with what they measured.

    Raises:
        CheckFailed: With the check, by how much it failed, and what usually causes it.
        ValueError: If there is an adaptation and the sampler is no exact Markov kernel, or no target of the
            panel suits it.

    Example:
        >>> from jgen.samplers import hmc
        >>> from jgen.targets import standard_gaussian
        >>> def make(target, scale):
        ...     return hmc(target.log_density, step_size=0.5 * scale, num_steps=3)
        >>> results = check_sampler(make, standard_gaussian(2))
        >>> [result.name for result in results[:4]]
        ['transform_consistency', 'no_recompilation', 'nan_robustness', 'cost']
        >>> [result.name for result in results[4:]]
        ['invariance', 'rank', 'reversibility']
    """
    repeat = "the same key"
    if key is None:
        seed = secrets.randbits(31)
        key, repeat = jax.random.key(seed), f"key=jax.random.key({seed})"
    checks_of = partial(
        _checks,
        reversible=reversible,
        biased_variance=biased_variance,
        adaptation=adaptation,
    )
    if target is not None:
        return run_checks(checks_of(make, target, key, FALSE_ALARM, num_chains=num_chains), repeat)
    names = QUICK if quick else tuple(PANEL)
    results: list[CheckResult] = []
    reasons: list[str] = []
    for number, name in enumerate(names):
        case = PANEL[name]
        with jax.enable_x64(True) if case.x64 else nullcontext():
            one_key = jax.random.fold_in(key, number)
            try:
                one = case.make()
                maker = in_units(make, case.unit) if needs_unit(make, case, one) else make
                checks = checks_of(
                    maker, one, one_key, FALSE_ALARM / len(names), num_chains=num_chains or case.num_chains
                )
            except (TypeError, ValueError, AttributeError) as error:
                reasons.append(f"{name}: {error}")
                continue
            if results:
                checks = {check: run for check, run in checks.items() if check not in CERTAIN}
            found = run_checks({f"{check} on {name}": run for check, run in checks.items()}, repeat)
            results += found
    if not results:
        raise ValueError(
            "make(target, scale) makes no sampler for any target of the panel:\n" + "\n".join(reasons)
        )
    return results


def _checks(
    make: Make, target: Target, key: Key, false_alarm: float, *, reversible: bool, biased_variance: Any,
    adaptation: Adaptation | None, num_chains: int | None,
) -> dict[str, Callable[[], object]]:  # fmt: skip
    """List the checks that apply to a sampler on one target, bound to it."""
    run = sample(key, make(target, 1.0), num_chains=2, num_draws=1, position=positions(target, 2))
    assert run.draws is not None
    kind = run.draws.kind
    if kind is DrawKind.MARKOV:
        statistical = markov_checks(make, target, key, reversible, num_chains)
    elif kind is DrawKind.BIASED:
        statistical = bias_checks(run.draws, biased_variance)
    elif kind is DrawKind.APPROXIMATE:
        statistical = {}  # nothing is claimed that a test could refute
    else:
        statistical = {"importance_weights": sampler_checks.importance_weights}
    if adaptation is not None:
        if kind is not DrawKind.MARKOV:
            raise ValueError(f"an adaptation tunes exact Markov kernels; these draws are {kind.value}")
        statistical["warm_up"] = partial(sampler_checks.warm_up, adaptation=adaptation)
    share = false_alarm / max(len(statistical), 1)
    checks = CERTAIN | {name: partial(check, false_alarm=share) for name, check in statistical.items()}
    keys = (jax.random.fold_in(key, number) for number in range(len(checks)))
    return {name: partial(check, make, target, next(keys)) for name, check in checks.items()}


def markov_checks(
    make: Make, target: Target, key: Key, reversible: bool, num_chains: int | None = None
) -> dict[str, Check]:
    """List the checks of exact kernels, all at the same step sizes, from a pilot run with a separate key."""

    def at_scales(check: Check, **options: Any) -> Check:
        return lambda *arguments, **share: check(*arguments, scales=scales(), **options, **share)

    @cache
    def scales() -> tuple[float, ...]:
        return find_scales(make, target, jax.random.fold_in(key, len(CERTAIN) + 3))

    size = {} if num_chains is None else {"num_chains": num_chains}
    if not reversible:
        return {"invariance": at_scales(sampler_checks.invariance, num_steps=NUM_STEPS, **size)}
    return {
        "invariance": at_scales(sampler_checks.invariance, **COARSE | size),
        "rank": at_scales(sampler_checks.rank, **size),
        "reversibility": at_scales(
            sampler_checks.reversibility, **{"num_chains": COARSE["num_chains"]} | size
        ),
    }


def bias_checks(draws: Draws, biased_variance: Callable[[float], Array | float] | None) -> dict[str, Check]:
    """List the checks of what a biased sampler reports about its bias.

    Raises:
        CheckFailed: If it reports nothing.
    """
    checks: dict[str, Check] = {}
    if "energy_error" in draws.info:
        checks["metropolised_invariance"] = lambda make, *arguments, **share: sampler_checks.invariance(
            sampler_checks.metropolised(make), *arguments, **share
        )
    if biased_variance is not None:
        checks["bias"] = partial(sampler_checks.bias, biased_variance=biased_variance)
    if not checks:
        raise CheckFailed(
            "the draws are biased and no report says by how much: report info['energy_error'], or pass "
            "check_sampler the exact biased_variance of the kernel on a standard Gaussian"
        )
    return checks
