"""Mutants of the posteriors of encoders."""

from tests.encoders.posteriors.test_flow import check
from tests.helpers.mutant import Mutant

FLOW = {
    "9 the log-Jacobian dropped": ("else intermediates).sum(-1)", "else intermediates).sum(-1) * 0"),
    "the log-Jacobian of the inverse": ("else intermediates).sum(-1)", "else intermediates).sum(-1) * -1"),
    "all coordinates seen": ("jnp.matmul(z * mask, self.into", "jnp.matmul(z, self.into"),
    "the inverse not scaled": ("(y - shift) * jnp.exp(-log_scale)", "(y - shift)"),
    "the inverse scaled first": ("(y - shift) * jnp.exp(-log_scale)", "y * jnp.exp(-log_scale) - shift"),
    "the same half kept by all": ("(jnp.arange(latent_dim) + layer) % 2", "jnp.arange(latent_dim) % 2"),
    "kept coordinates scaled": ("(1 - mask) * self.bound * jnp.tanh", "self.bound * jnp.tanh"),
}
MUTANTS = {
    f"{name} (flow posterior)": Mutant("encoders.posteriors.flow", *change, check=check)
    for name, change in FLOW.items()
}
