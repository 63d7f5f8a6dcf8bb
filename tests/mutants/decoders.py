"""Mutants of the heads of decoders."""

from functools import partial

from tests.decoders.heads import test_continuous_bernoulli, test_discretised_logistic_mixture
from tests.helpers.mutant import Mutant

bernoulli = partial(Mutant, "decoders.heads.continuous_bernoulli", check=test_continuous_bernoulli.check)
logistics = partial(
    Mutant, "decoders.heads.discretised_logistic_mixture", check=test_discretised_logistic_mixture.check
)
MUTANTS = {
    "continuous Bernoulli: the normaliser dropped": bernoulli(
        "logits * (value - 0.5) - series, far)", "logits * value, logits * value)"
    ),
    "continuous Bernoulli: the series of log Z with a sign turned": bernoulli(
        "square * (1 / 24 - square", "square * (1 / 24 + square"
    ),
    "continuous Bernoulli: the wrong end": bernoulli(
        "size * jnp.where(logits < 0, value, 1 - value)", "size * jnp.where(logits > 0, value, 1 - value)"
    ),
    "continuous Bernoulli: a quantile of the other tail": bernoulli(
        "jnp.log1p(uniform * jnp.expm1(away))", "jnp.log1p((1 - uniform) * jnp.expm1(away))"
    ),
    "continuous Bernoulli: values above 1 let in": bernoulli("(value >= 0) & (value <= 1)", "(value >= 0)"),
    "continuous Bernoulli: the quantile's series cut short": bernoulli(
        "eta / 3 * (v * (1 - 2 * uniform)", "eta / 3 * (0 * (1 - 2 * uniform)"
    ),
    "discretised logistics: the first bin closed": logistics(
        "jnp.where(x <= 0, below_upper", "jnp.where(x < 0, below_upper"
    ),
    "discretised logistics: the last bin closed": logistics(
        "jnp.where(x >= last, above_lower", "jnp.where(x > last, above_lower"
    ),
    "discretised logistics: bins half a level off": logistics(
        "log_sigmoid((x + 0.5 - loc) / scale)", "log_sigmoid((x - loc) / scale)"
    ),
    "discretised logistics: the width of bins forgotten": logistics(" + jnp.log(-jnp.expm1(-1 / scale))", ""),
    "discretised logistics: draws rounded down": logistics("jnp.ceil(x - 0.5)", "jnp.floor(x)"),
    "discretised logistics: draws not clipped": logistics(
        "jnp.clip(jnp.ceil(x - 0.5), 0, self.num_levels - 1)", "jnp.ceil(x - 0.5)"
    ),
    "discretised logistics: weights not normalised": logistics(
        "jax.nn.log_softmax(logits) + mass", "logits + mass"
    ),
    "discretised logistics: one component for all draws": logistics(
        "component, -1)[..., 0]", "0 * component, -1)[..., 0]"
    ),
    "discretised logistics: the mean of what is not cut off": logistics(
        "(self.loc - level - 0.5) / self.scale", "(self.loc - level) / self.scale"
    ),
    "discretised logistics: levels between levels let in": logistics(" & (level == jnp.floor(level))", ""),
}
