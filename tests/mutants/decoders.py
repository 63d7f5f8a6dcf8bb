"""Mutants of the heads of decoders."""

from tests.decoders.heads import test_continuous_bernoulli, test_discretised_logistic_mixture
from tests.helpers.mutant import Mutant

BERNOULLI = {
    "the normaliser dropped": ("logits * (value - 0.5) - series, far)", "logits * value, logits * value)"),
    "the series of log Z with a sign turned": ("square * (1 / 24 - square", "square * (1 / 24 + square"),
    "the wrong end": ("size * jnp.where(logits < 0, value", "size * jnp.where(logits > 0, value"),
    "a quantile of the other tail": ("jnp.log1p(uniform * jnp", "jnp.log1p((1 - uniform) * jnp"),
    "values above 1 let in": ("(value >= 0) & (value <= 1)", "(value >= 0)"),
    "the quantile's series cut short": (
        "eta / 3 * (v * (1 - 2 * uniform)",
        "eta / 3 * (0 * (1 - 2 * uniform)",
    ),
}
LOGISTICS = {
    "the first bin closed": ("jnp.where(x <= 0, below_upper", "jnp.where(x < 0, below_upper"),
    "the last bin closed": ("jnp.where(x >= last, above_lower", "jnp.where(x > last, above_lower"),
    "bins half a level off": ("log_sigmoid((x + 0.5 - loc) / scale)", "log_sigmoid((x - loc) / scale)"),
    "the width of bins forgotten": (" + jnp.log(-jnp.expm1(-1 / scale))", ""),
    "draws rounded down": ("jnp.ceil(x - 0.5)", "jnp.floor(x)"),
    "draws not clipped": ("jnp.clip(jnp.ceil(x - 0.5), 0, self.num_levels - 1)", "jnp.ceil(x - 0.5)"),
    "weights not normalised": ("jax.nn.log_softmax(logits) + mass", "logits + mass"),
    "one component for all draws": ("component, -1)[..., 0]", "0 * component, -1)[..., 0]"),
    "the mean of what is not cut off": ("(self.loc - level - 0.5)", "(self.loc - level)"),
    "levels between levels let in": (" & (level == jnp.floor(level))", ""),
}


def bernoulli(right, wrong):
    return Mutant("decoders.heads.continuous_bernoulli", right, wrong, check=test_continuous_bernoulli.check)


def logistics(right, wrong):
    check = test_discretised_logistic_mixture.check
    return Mutant("decoders.heads.discretised_logistic_mixture", right, wrong, check=check)


MUTANTS = {f"continuous Bernoulli: {name}": bernoulli(*change) for name, change in BERNOULLI.items()}
MUTANTS |= {f"discretised logistics: {name}": logistics(*change) for name, change in LOGISTICS.items()}
