"""Mutants of objectives: bounds that are none, biased estimates, leaking gradients."""

from functools import partial

import jax

from tests.helpers.linear_gaussian import MODEL, data, inexact_params, log_prob
from tests.helpers.many_keys import assert_at_most, outcomes
from tests.helpers.mutant import Mutant
from tests.objectives import test_adversarial_terms, test_mmd, test_sliced_wasserstein
from tests.objectives.test_dreg import check_unbiased


def check_bound(objective):
    with jax.enable_x64(True):
        params, x = inexact_params(), data()
        assert_at_most(outcomes(objective, params, x)[1]["bound"], log_prob(params, x))


MEAN = "return jax.nn.logsumexp(log_weight, axis=0) - jnp.log(log_weight.shape[0])"
WHOLE = "return jnp.full(log_weight.shape[1], jax.nn.logsumexp(log_weight) - jnp.log(log_weight.size))"


def check_gan(module):
    test_adversarial_terms.check_gradients("gan", module.gan(test_adversarial_terms.ADVERSARIAL))


def check_iwae(module):
    check_bound(module.iwae(MODEL, 4))


def check_elbo(module):
    check_bound(module.elbo(MODEL, beta=0.1, capacity=2.0))


iwae = partial(Mutant, "objectives.latent_terms", user="objectives.iwae", check=check_iwae)
elbo = partial(Mutant, "objectives.elbo", check=check_elbo)
mmd = partial(Mutant, "objectives.mmd", check=lambda module: test_mmd.check_unbiased(module.mmd))
dreg = partial(Mutant, "objectives.dreg", check=lambda module: check_unbiased(module.dreg(MODEL, 2)))
gan = partial(Mutant, "objectives.adversarial_terms", user="objectives.gan", check=check_gan)
MUTANTS = {
    "IWAE, weights averaged over the batch": iwae(MEAN, WHOLE),
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
        " / jnp.linalg.norm(directions, axis=0, keepdims=True)",
        "",
        check=lambda module: test_sliced_wasserstein.check_shift(module.transport_cost),
    ),
    "GAN, the critic's loss reaches the model": gan("(critic, fixed(fake))", "(critic, fake)"),
    "GAN, the model's loss reaches the critic": gan("(fixed(critic), fake)", "(critic, fake)"),
    "GAN, the model is judged by a held draw": gan("(fixed(critic), fake)", "(fixed(critic), fixed(fake))"),
    "DReG, weighed once": dreg("to_z * weight.reshape(weight.shape + (1,) * (to_z.ndim - 2))", "to_z"),
    "DReG, weighed among examples": dreg("softmax(log_weight, axis=0)", "softmax(log_weight, axis=1)"),
}
