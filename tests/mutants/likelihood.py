"""Mutants of bounds on log p(x)."""

from tests.evaluation.likelihood.test_annealing import check_weights
from tests.evaluation.likelihood.test_latent_use import check_ppca
from tests.evaluation.test_log_likelihood import check_batches, check_importance
from tests.helpers.mutant import Mutant

PACKAGE = "evaluation.likelihood"


def of_importance(right, wrong, check=check_importance):
    return Mutant(f"{PACKAGE}.importance", right, wrong, check=check)


def of_annealing(right, wrong):
    return Mutant(f"{PACKAGE}.annealing", right, wrong, check=check_weights)


def of_latents(right, wrong):
    return Mutant(f"{PACKAGE}.latent_use", right, wrong, check=check_ppca)


MUTANTS = {
    "IWAE above the exact value, log K forgotten": of_importance(
        "*log_mean_exp_with_error(log_weight)", "*log_mean_exp_with_error(log_weight + jnp.log(size))"
    ),
    "IWAE above the exact value, the best draw alone": of_importance(
        "*log_mean_exp_with_error(log_weight)", "log_weight.max(), error"
    ),
    "IWAE above the exact value, the prior forgotten": of_importance("log_prior - log_start", "-log_start"),
    "log-likelihood changes with the batch, draws by place": of_importance(
        "(of_example)(x, index)", "(of_example)(x, jnp.arange(len(index)))", check_batches
    ),
    "log-likelihood changes with the batch, draws by chunk": of_importance(
        "(jax.vmap(partial(key_of, key))(indices))",
        "(jax.random.split(key_of(key, indices[0]), len(indices)))",
        check_batches,
    ),
    "annealing from a point in place of a draw": of_annealing(
        "path.base.sample(start_key)", "path.base.mean"
    ),
    "annealing back from the start in place of an exact draw": of_annealing(
        "(0, None))(keys, z)", "(0, None))(keys, path.base.sample(key))"
    ),
    "annealing, all chains alike": of_annealing("key_of(own_key, chain)", "key_of(own_key, 0)"),
    "aggregated posterior without its own width": of_latents("between + covariance.mean(0)", "between"),
    "active units with the width of the posterior": of_latents(
        "np.diag(between)", "np.diag(between + covariance.mean(0))"
    ),
}
