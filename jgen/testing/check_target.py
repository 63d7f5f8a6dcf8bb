"""Check the claims of a target: its density, exact draws, known answers, proposal and conditionals."""

import math
from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

from jgen._internal.compiled import jit
from jgen.samplers.exact.ancestral import ancestral
from jgen.testing.check_result import CheckResult, Measurement, key_or_default, require_within, run_checks
from jgen.testing.requirements import require, require_close, rounding
from jgen.types import Array, Key, PyTree, Sampler, Target, Trait

NUM_DRAWS = 20_000
STANDARD_ERRORS = 6.0
"""Largest error allowed in a mean; a normal mean exceeds it with probability 2e-9."""
LARGEST_SHARE = 0.05
"""Share of one draw in a sum of squares, above which the central limit theorem does not apply."""


class Evaluations(NamedTuple):
    """Densities and known answers at draws, in float64.

    Attributes:
        x: The draws ``[draw, dim]``.
        log_density: In nats ``[draw]``.
        log_ratio: To the proposal ``[draw]``; None where there is no proposal.
        expectations: Name -> the function's values ``[draw, ...]``.
    """

    x: Any
    log_density: Any
    log_ratio: Any
    expectations: dict[str, Any]


def check_target(target: Target, *, key: Key | None = None) -> list[CheckResult]:
    """Check the claims of a target.

    - form: a pytree of arrays and ``Partial``s, whose answers, draws and proposal have the shape of
      ``start``;
    - log_density: one float, finite at the start, the same compiled and not;
    - gradient: finite at the start, unless the target is discrete;
    - exact_draws: of finite density, with the claimed mean, variance and expectations;
    - log_evidence: the mean weight of draws of the proposal is Z;
    - log_bound: no draw of the proposal or of the exact sampler has a larger ratio of densities;
    - conditionals: their joint log-probability is the log density up to a constant.

    Claims that are None are not checked. Means are compared with claims to 6 standard errors and a correction
    for skewness, over 20,000 draws: by the central limit theorem, which is no bound, a correct target fails
    with probability 2e-9 for each mean, 1e-6 for some 500 of them. Where one draw has more than 5 % of a sum
    of squares the theorem does not apply, and that coordinate is not checked. The other checks are not
    statistical.

    Args:
        target: The target.
        key: For draws; None for ``jax.random.key(0)``.

    Returns:
        The checks that passed, with what they measured.

    Raises:
        CheckFailed: With the claim, by how much it is wrong, and what usually causes it.

    Example:
        >>> from jgen.targets import banana
        >>> [name for name, _ in check_target(banana())][:4]
        ['form', 'log_density', 'gradient', 'exact_draws']
        >>> [name for name, _ in check_target(banana())][4:]
        ['log_evidence', 'log_bound', 'conditionals']
    """
    key, repeat = key_or_default(key)
    exact_key, proposal_key, ancestral_key = jax.random.split(key, 3)
    exact = cache(partial(evaluations, target, exact_key))
    proposed = cache(partial(evaluations, target, proposal_key, of_proposal=True))
    checks: dict[str, Callable[[], object]] = {
        "form": partial(form, target),
        "log_density": partial(log_density, target),
        "gradient": partial(gradient, target),
        "exact_draws": lambda: exact_draws(target, exact()),
        "log_evidence": lambda: log_evidence(target, proposed()),
        "log_bound": lambda: log_bound(target, proposed(), exact()),
        "conditionals": partial(conditionals, target, ancestral_key),
    }
    return run_checks(checks, repeat)


def form(target: Target) -> str:
    """Check shapes and dtypes against those of the start; traced."""
    require(
        isinstance(target.log_density, Partial),
        "log_density is not a jax.tree_util.Partial, so a rebuilt target compiles again: bind data to a "
        "module-level function by Partial(function, data)",
    )
    dim = ravel_pytree(target.start)[0].size
    for name, answer in {"mean": target.mean, "variance": target.variance}.items():
        shape = (dim,) if answer is None else jnp.shape(answer)
        require(shape == (dim,), f"{name} has shape {shape}; it is ravelled, and must have ({dim},)")
    for name, (function, answer) in target.expectations.items():
        found, truth = jax.eval_shape(function, target.start).shape, jnp.shape(answer)
        require(found == truth, f"expectation {name!r}: the function returns {found}, the truth {truth}")
    samplers = {} if target.sample is None else {"an exact draw": target.sample}
    if target.proposal is not None:
        samplers["a draw of the proposal"] = target.proposal.sample
    message = "log_bound is the bound of a ratio to the proposal, and there is no proposal"
    require(target.proposal is not None or target.log_bound is None, message)
    expected = _form(target.start)
    for name, sample in samplers.items():
        drawn = _form(jax.eval_shape(sample, jax.random.key(0)))
        require(drawn == expected, f"{name} is {drawn}, and must be like the start, {expected}")
    return f"position of {dim} coordinates"


def _form(tree: PyTree) -> Any:
    leaves, structure = jax.tree.flatten(tree)
    return structure, [f"{jnp.result_type(leaf)}{list(jnp.shape(leaf))}" for leaf in leaves]


def log_density(target: Target) -> str:
    """Check that the log density is one float, finite at the start, and the same compiled and not."""
    compiled, eager = jax.jit(_at)(target, target.start), target.log_density(target.start)
    shape, dtype = jnp.shape(eager), jnp.result_type(eager)
    is_float = shape == () and jnp.issubdtype(dtype, jnp.floating)
    require(is_float, f"the log density must be one float; got {dtype}{shape}")
    require(np.isfinite(eager), f"the log density at the start is {eager}: take a start of positive density")
    message = "the log density differs compiled and not compiled: does it read a Python value?"
    require_close(jnp.asarray(eager), compiled, message, to_largest=True)
    return f"{eager:.4g} nats at the start"


def gradient(target: Target) -> str:
    """Check that the gradient of the log density is finite at the start."""
    if Trait.DISCRETE in target.traits:
        return "not checked: the target is discrete"
    dtypes = map(jnp.result_type, jax.tree.leaves(target.start))
    wrong = {str(dtype) for dtype in dtypes if dtype.kind != "f"}
    require(not wrong, f"the start holds {sorted(wrong)}: make it of floats, or add Trait.DISCRETE to traits")
    slope = ravel_pytree(jax.jit(jax.grad(_at, argnums=1))(target, target.start))[0]
    message = f"the gradient at the start is {slope}: guard roots and logarithms at 0 by a double jnp.where"
    require(np.isfinite(slope).all(), message)
    return f"length {float(jnp.linalg.norm(slope)):.3g} at the start"


def exact_draws(target: Target, draws: Evaluations | None) -> str | list[Measurement]:
    """Check that exact draws have finite density, and the claimed mean, variance and expectations."""
    if draws is None:
        return "not checked: no exact sampler"
    bad = np.mean(~np.isfinite(draws.log_density))
    require(bad == 0, f"the log density of {bad:.2%} of exact draws is not finite: is it that of the draws?")
    found = [one for name, claim in claims(target, draws).items() for one in mean_errors(name, *claim)]
    if not found:
        return "finite density; no claim on a mean that draws can check"
    require_within(
        found,
        "exact draws do not have the claimed expectations",
        "a claim about other parameters, a variance given as a standard deviation, a key used twice",
    )
    return found


def claims(target: Target, draws: Evaluations) -> dict[str, tuple[np.ndarray, Any]]:
    """List the values of each function whose mean the target claims, and the claim."""
    made = {name: (draws.expectations[name], truth) for name, (_, truth) in target.expectations.items()}
    if target.mean is not None:
        made["the mean"] = draws.x, target.mean
        if target.variance is not None:
            made["the variance"] = np.square(draws.x - np.asarray(target.mean, np.float64)), target.variance
    return made


def log_evidence(target: Target, draws: Evaluations | None) -> str | list[Measurement]:
    """Check that the mean weight of draws of the proposal is Z."""
    if draws is None or draws.log_ratio is None or target.log_evidence is None:
        return "not checked: no proposal or no log_evidence"
    message = "the ratio of log_density to the proposal is NaN at draws of the proposal"
    require(not np.isnan(draws.log_ratio).any(), message)
    weights = np.exp(draws.log_ratio - float(target.log_evidence))
    message = "a weight of a draw of the proposal is infinite: log_evidence is far too low"
    require(np.isfinite(weights).all(), message)
    found = mean_errors("the mean weight, which must be 1,", weights, 1.0)
    if not found:
        return "not checked: one draw has more than 5 % of the sum of squares"
    require_within(
        found,
        f"the mean weight of draws of the proposal is {weights.mean():.4g} times exp(log_evidence)",
        "a constant lost in log_density, a proposal that is not normalised, log_evidence of other parameters",
    )
    return found


def log_bound(target: Target, *batches: Evaluations | None) -> str | list[Measurement]:
    """Check that no draw has a ratio of densities beyond the bound, but for rounding."""
    if target.log_bound is None:
        return "not checked: no log_bound"
    found = []
    for draws in filter(None, batches):
        terms = np.abs(draws.log_density) + np.abs(draws.log_density - draws.log_ratio) + draws.x.shape[1]
        slack = 8 * float(np.finfo(np.float32).eps) * terms
        slack[~np.isfinite(slack)] = 0.0
        excess = float((draws.log_ratio - float(target.log_bound) - slack).max())
        found.append(Measurement(excess, 0.0, "nats by which a log ratio exceeds log_bound"))
    require_within(
        found,
        "log_bound is not a bound",
        "a local maximum of the ratio, the normaliser of the target or of the proposal left out",
    )
    return found


def conditionals(target: Target, key: Key) -> str:
    """Check that the joint log-probability of the conditionals is the log density up to a constant."""
    if target.conditionals is None:
        return "not checked: no conditionals"
    lp, value = _joint_and_density(ancestral(target.conditionals), target, jax.random.split(key, 1000))
    spread = float(np.ptp(np.asarray(value, np.float64) - np.asarray(lp, np.float64)))
    allowed = 4 * rounding(lp.dtype) * (1 + float(np.abs(lp).max()))
    what = "nats by which log_density minus the joint log-probability of the conditionals varies"
    found = Measurement(spread, allowed, what)
    require_within(
        [found],
        "the conditionals are not those of log_density",
        "a table with its axes swapped, a parent left out, an observation that only log_density has",
    )
    return str(found)


def mean_errors(
    name: str, samples: np.ndarray, truth: Any, standard_errors: float = STANDARD_ERRORS
) -> list[Measurement]:
    r"""Compare the mean of ``samples [draw, ...]`` with its truth, coordinate by coordinate.

    The quantile z of a studentised mean moves with the skewness of the draws, by
    :math:`\gamma (2 z^2 + 1) / 6 \sqrt n` (Cornish and Fisher; Hall 1992, section 2.6), where
    :math:`\gamma / \sqrt n` is at most the root of the share of the largest draw in the sum of squares.

    Args:
        name: Of the mean.
        samples: The draws of a function.
        truth: Its claimed mean.
        standard_errors: Largest error allowed, but for skewness.

    Returns:
        The coordinate nearest to its limit; none if the theorem applies to no coordinate.
    """
    samples = np.asarray(samples, np.float64).reshape(len(samples), -1)
    truth = np.broadcast_to(np.asarray(truth, np.float64).ravel(), samples.shape[1:])
    squares = np.square(samples - samples.mean(0))
    sums = squares.sum(0)
    share = squares.max(0) / np.where(sums > 0, sums, 1.0)
    allowed = standard_errors + np.sqrt(share) * (2 * standard_errors**2 + 1) / 6
    rounding = 1e-6 * (np.abs(truth) + np.abs(samples).max(0))
    error = np.maximum(np.abs(samples.mean(0) - truth) - rounding, 0.0)
    value = np.where(error > 0, error / np.maximum(np.sqrt(sums) / len(samples), 1e-300), 0.0)
    applies = share <= LARGEST_SHARE
    if not applies.any():
        return []
    worst = int(np.argmax(np.where(applies, value / allowed, -math.inf)))
    where = "" if len(truth) == 1 else f", coordinate {worst}"
    quantity = f"standard errors between {name}{where} {samples.mean(0)[worst]:.4g} and {truth[worst]:.4g}"
    return [Measurement(float(value[worst]), float(allowed[worst]), quantity)]


def evaluations(target: Target, key: Key, *, of_proposal: bool = False) -> Evaluations | None:
    """Evaluate exact draws, or draws of the proposal, in float64; None where there is no such sampler."""
    if (target.proposal if of_proposal else target.sample) is None:
        return None
    found = _evaluate(target, jax.random.split(key, NUM_DRAWS), of_proposal=of_proposal)
    return jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), found)


@partial(jit, static_argnames="of_proposal")
def _evaluate(target: Target, keys: Key, *, of_proposal: bool) -> Evaluations:
    sample: Any = target.proposal.sample if of_proposal and target.proposal is not None else target.sample
    x = jax.vmap(sample)(keys)
    value = jax.vmap(target.log_density)(x)
    ratio = None if target.proposal is None else value - jax.vmap(target.proposal.log_prob)(x)
    flat = jax.vmap(lambda position: ravel_pytree(position)[0])(x)
    expectations = {name: jax.vmap(function)(x) for name, (function, _) in target.expectations.items()}
    return Evaluations(flat, value, ratio, expectations)


@jit
def _joint_and_density(sampler: Sampler, target: Target, keys: Key) -> tuple[Array, Array]:
    """Draw from the conditionals; return joint log-probabilities and log densities ``[draw]``."""

    def one(key: Key) -> tuple[Array, Array]:
        draws = sampler.step(key, sampler.init(key, None))[1]
        return draws.info["lp"], target.log_density(draws.value)

    return jax.vmap(one)(keys)


def _at(target: Target, position: PyTree) -> Array:
    return target.log_density(position)
