"""Mutants of objectives: bounds that are none, biased estimates, leaking gradients."""

from functools import partial

import jax

from tests.helpers.linear_gaussian import MODEL, data, inexact_params, log_prob
from tests.helpers.many_keys import assert_at_most, outcomes
from tests.helpers.mutant import Mutant
from tests.objectives import test_adversarial_terms, test_dreg, test_mmd, test_sliced_wasserstein


def check_bound(objective):
    with jax.enable_x64(True):
        params, x = inexact_params(), data()
        assert_at_most(outcomes(objective, params, x)[1]["bound"], log_prob(params, x))


MEAN = "return jax.nn.logsumexp(log_weight, axis=0) - jnp.log(log_weight.shape[0])"
iwae = partial(
    Mutant,
    "objectives.latent_terms",
    user="objectives.iwae",
    check=lambda module: check_bound(module.iwae(MODEL, 4)),
)
elbo = partial(
    Mutant, "objectives.elbo", check=lambda module: check_bound(module.elbo(MODEL, beta=0.1, capacity=2.0))
)
mmd = partial(Mutant, "objectives.mmd", check=lambda module: test_mmd.check_unbiased(module.mmd))
dreg = partial(
    Mutant, "objectives.dreg", check=lambda module: test_dreg.check_unbiased(module.dreg(MODEL, 2))
)
gan = partial(
    Mutant,
    "objectives.adversarial_terms",
    user="objectives.gan",
    check=lambda module: test_adversarial_terms.check_gradients(
        "gan", module.gan(test_adversarial_terms.ADVERSARIAL)
    ),
)
MUTANTS = {
    "IWAE, weights averaged over the batch": iwae(
        MEAN, "return jnp.full(log_weight.shape[1], jax.nn.logsumexp(log_weight) - jnp.log(log_weight.size))"
    ),
    "IWAE, the surrogate as a bound": iwae(
        MEAN, "return (jax.nn.softmax(log_weight, axis=0) * log_weight).sum(0)"
    ),
    "IWAE, the sum for the mean": iwae("axis=0) - jnp.log(log_weight.shape[0])", "axis=0)"),
    "particles and examples mixed up": iwae(".reshape(num_particles, -1)", ".reshape(-1, num_particles).T"),
    "ELBO, beta in the bound": elbo('"bound": reconstruction - kl', '"bound": reconstruction - beta * kl'),
    "ELBO, capacity in the bound": elbo('"bound": reconstruction - kl', '"bound": reconstruction - penalty'),
    "MMD, a draw paired with itself": mmd("others = 1 - jnp.eye(num_draws, dtype=x.dtype)", "others = 1.0"),
    "MMD, divided by n": mmd("/ (num_draws - 1)", "/ num_draws"),
    "MMD, one cross term": mmd("- 2 * kernel", "- kernel"),
    "sliced Wasserstein, no unit directions": Mutant(
        "objectives.sliced_wasserstein",
        "directions / jnp.linalg.norm(directions, axis=0, keepdims=True)",
        "directions",
        check=lambda module: test_sliced_wasserstein.check_shift(module.transport_cost),
    ),
    "GAN, the critic's loss reaches the model": gan(
        'params["critic"], fixed(fake)', 'params["critic"], fake'
    ),
    "GAN, the model's loss reaches the critic": gan(
        'fixed(params["critic"]), fake', 'params["critic"], fake'
    ),
    "GAN, the model is judged by a held draw": gan(
        'fixed(params["critic"]), fake', 'fixed(params["critic"]), fixed(fake)'
    ),
    "DReG, weighed once": dreg("to_z * weight.reshape(weight.shape + (1,) * (to_z.ndim - 2))", "to_z"),
    "DReG, weighed among examples": dreg("softmax(log_weight, axis=0)", "softmax(log_weight, axis=1)"),
}
