"""Mutants of samplers that make independent or weighted draws."""

from functools import partial

from jgen.targets import banana
from jgen.testing.sampler_checks import importance_weights
from tests.helpers.mutant import Mutant
from tests.helpers.random_keys import fresh_key
from tests.samplers.exact.test_adaptive_rejection import check_exact
from tests.samplers.exact.test_multiple_importance import check_z

ADAPTIVE = "samplers.exact.adaptive_rejection"


def check_weights(module):
    importance_weights(lambda target, scale: module.recipe(target, scale).sampler, banana(), fresh_key())


def check_hull(module):
    """Check a normal and a gamma; a sampler that refuses its own hull fails the check."""
    try:
        for name in ("gamma", "normal"):
            check_exact(name, module.adaptive_rejection)
    except ValueError as error:
        raise AssertionError(str(error)) from error


def of_hull(right, wrong, match=None):
    return Mutant("samplers.tangent_hull", right, wrong, ADAPTIVE, check_hull, match)


weighted = partial(Mutant, check=check_weights)
of_importance = partial(weighted, "samplers.exact.importance", "lp - log_proposal")
of_adaptive = partial(Mutant, ADAPTIVE, check=check_hull)
of_mixture = partial(
    Mutant,
    "samplers.mixture_proposal",
    user="samplers.exact.multiple_importance",
    check=lambda module: check_z("two modes", module.multiple_importance),
)
MUTANTS = {
    "importance, proposal density forgotten": of_importance("lp"),
    "importance, ratio reversed": of_importance("log_proposal - lp"),
    "rejection, bound forgotten in the weight": weighted(
        "samplers.exact.rejection", "(trial.accepted, log_bound,", "(trial.accepted, 0.0,"
    ),
    "multiple importance, counts left out of the mixture": of_mixture(
        "jnp.log(numbers / numbers.sum())", "jnp.log(numbers * 0 + 1 / numbers.size)"
    ),
    "multiple importance, a proposal dropped from the mixture": of_mixture(
        "(value) for proposal in proposals]", "(value) for proposal in proposals[:1] * 2]"
    ),
    "adaptive rejection, a segment entered from the wrong end": of_hull(
        "(slope > 0, right -", "(slope < 0, right -"
    ),
    "adaptive rejection, segments that weigh their height": of_hull(
        "log_mass = height + jnp.where(curved", "log_mass = height + 0.0 * jnp.where(curved"
    ),
    "adaptive rejection, a tangent dropped by the next": of_hull(
        "hull.num_used + fits)", "hull.num_used)", "must fall from the rightmost knot"
    ),
    "adaptive rejection, knots out of order": of_hull(
        "hull.num_used) & (hull.x < x))", "hull.num_used) & (hull.x > x))", "the first hull has log mass nan"
    ),
    "adaptive rejection, everything accepted": of_adaptive("< lp - envelope", "< 1.0"),
    "adaptive rejection, the ratio reversed": of_adaptive("< lp - envelope", "< envelope - lp"),
    "adaptive rejection, the mass of the first hull": of_adaptive(
        "(accepted, log_mass", "(accepted, 0.0 * log_mass"
    ),
    "8 adaptive rejection, a key used twice": of_adaptive("uniform(accept_key,", "uniform(uniform_key,"),
} | {
    f"{number}{user}, {name}": weighted("samplers.rejection_proposal", right, wrong, f"samplers.exact.{user}")
    for user in ("rejection", "accept_reject")
    for number, name, right, wrong in (
        ("", "everything accepted", "< log_ratio - log_bound", "< 1.0"),
        ("", "proposal density forgotten", "lp - log_proposal)", "lp)"),
        ("8 ", "a key used twice", "accept_key = jax.random.split(key)", "accept_key = key, key"),
    )
}
