"""Mutants of training."""

from tests.helpers.mutant import Mutant
from tests.training.test_adversarial_optimizer import check_model_waits

MUTANTS = {
    "adversarial_optimizer, conditionally_transform": Mutant(
        "training.adversarial_optimizer",
        "optax.conditionally_mask(model",
        "optax.conditionally_transform(model",
        check=lambda module: check_model_waits(module.adversarial_optimizer),
    )
}
