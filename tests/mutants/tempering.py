"""Bugs of parallel tempering."""

from tests.helpers.mutant import Bug

TEMPERING = "samplers.populations.tempering"
LAW_BUGS = {
    "10 tempering, a rejected swap exchanges temperatures": Bug(
        TEMPERING, "& (coin < log_chance)", "& (coin < jnp.inf)"
    ),
    "tempering, swap ratio reversed": Bug(TEMPERING, "(ratio[:-1] - ratio[1:])", "(ratio[1:] - ratio[:-1])"),
    "tempering, kernel of the temperature below": Bug(
        TEMPERING, "(betas[1:], keys, others)", "(betas[:-1], keys, others)"
    ),
}
LEFT_BEHIND = Bug(TEMPERING, '"log_ratio": ratio[source]', '"log_ratio": ratio')
EVIDENCE_BUGS = {
    "stepping stones, weighed at the temperature above": Bug(
        "evaluation.evidence.stepping_stones", "rise * ratio[..., :-1]", "rise * ratio[..., 1:]"
    ),
    "thermodynamic integration, correction with its sign turned": Bug(
        "evaluation.evidence.thermodynamic", "- rise**2 / 12", "+ rise**2 / 12"
    ),
}
