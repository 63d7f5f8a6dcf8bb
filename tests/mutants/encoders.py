"""Mutants of the posteriors of encoders."""

from functools import partial

from tests.encoders.posteriors.test_flow import check
from tests.helpers.mutant import Mutant

flow = partial(Mutant, "encoders.posteriors.flow", check=check)
MUTANTS = {
    "9 the log-Jacobian dropped (flow posterior)": flow(
        "log_scale(x)[1] if intermediates is None else intermediates).sum(-1)",
        "log_scale(x)[1] if intermediates is None else intermediates).sum(-1) * 0",
    ),
    "the log-Jacobian of the inverse (flow posterior)": flow(
        "log_scale(x)[1] if intermediates is None else intermediates).sum(-1)",
        "log_scale(x)[1] if intermediates is None else intermediates).sum(-1) * -1",
    ),
    "all coordinates seen (flow posterior)": flow(
        "jnp.matmul(z * mask, self.into", "jnp.matmul(z, self.into"
    ),
    "the inverse not scaled (flow posterior)": flow("(y - shift) * jnp.exp(-log_scale)", "(y - shift)"),
    "the inverse scaled first (flow posterior)": flow(
        "(y - shift) * jnp.exp(-log_scale)", "y * jnp.exp(-log_scale) - shift"
    ),
    "the same half kept by all (flow posterior)": flow(
        "(jnp.arange(latent_dim) + layer) % 2", "jnp.arange(latent_dim) % 2"
    ),
    "kept coordinates scaled (flow posterior)": flow(
        "(1 - mask) * self.bound * jnp.tanh", "self.bound * jnp.tanh"
    ),
}
